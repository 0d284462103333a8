import { describe, expect, it } from 'vitest';
import { discover } from '../../../drivers/dlt645/discover.ts';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { readItem } from '../../../drivers/dlt645/exchange.ts';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { model97, scripted } from '../dlt645-1997/wire.ts';
import { createFakeBus, modelWith, options, registersNamed, silence } from './fake-bus.ts';
import {
  createChecklist,
  createLineRig,
  ENERGY,
  ENERGY_ANSWER,
  ENERGY_SHOWN,
  METER,
  METER_ROWS,
  outcomeOf,
  readFrom,
} from './quirks.ts';
import { type Asked, createRollCallBus, isCalled, melt } from './roll-call-bus.ts';
import { lowFirst, readAnswer, shownNumber, wireFrame } from './wire.ts';

const { quirk, untested } = createChecklist(METER_ROWS);

const NOTHING = new Uint8Array(0);
const whole = { values: ENERGY_SHOWN, failures: [] };

/** The meter's energy or address under whatever head it answers with. */
function answerUnder(head: string, { control, payload }: Asked, meter: string): Uint8Array {
  if (control !== 0x11) return NOTHING;
  const isEnergy = payload[2] === 0x01;
  return isEnergy
    ? readAnswer(head, ENERGY, shownNumber('1.00', 4))
    : readAnswer(head, '04000401', lowFirst(meter));
}

describe('addresses beside the standard', () => {
  const UNDER_WILDCARD = '68 AA AA AA AA AA AA 68 91 08 33 33 34 33 AB 89 67 45 12 16';

  quirk('wildcard answered with AA in header', 'is taken where AA was asked alone', async () => {
    expect(await readFrom(UNDER_WILDCARD, { address: 'AAAAAAAAAAAA' })).toMatchObject(whole);
    expect((await readFrom(UNDER_WILDCARD)).failures).toEqual(['BUS_FOREIGN_REPLY']);
  });

  quirk('wildcard answered with AA in header', '04000401 tells the address', async () => {
    const meter = '000000123456';
    const bus = createRollCallBus((asked) =>
      isCalled(asked.address, meter) ? answerUnder(asked.address, asked, meter) : NOTHING,
    );
    const { meters } = await discover(bus, { ...options, protocols: ['dlt645-2007'] });
    expect(meters).toEqual([{ address: meter, protocol: 'dlt645-2007' }]);
    expect(bus.asked.length).toBeLessThan(200);
  });

  quirk('wildcard answered with AA in header', 'C032 tells that of a meter of 1997', async () => {
    const meter = '151800032345';
    const bus = createRollCallBus(({ address, control, payload: [di0 = 0, di1 = 0] }) => {
      if (control !== 0x01 || !isCalled(address, meter)) return NOTHING;
      const content = di0 === 0x32 ? lowFirst(meter) : shownNumber('0.01', 4);
      const payload = concatBytes(Uint8Array.of(di0, di1), content);
      return wireFrame({ address, control: 0x81, payload });
    });
    const { meters } = await discover(bus, { ...options, protocols: ['dlt645-1997'] });
    expect(meters).toEqual([{ address: meter, protocol: 'dlt645-1997' }]);
    expect(bus.asked).toHaveLength(3);
  });

  // Address 151800032345, C 81, L 6, DI 10 90 + 33, 01 00 00 00 + 33.
  const ANSWER_1997 = fromHex('68 45 23 03 00 18 15 68 81 06 43 C3 34 33 33 33 C2 16');

  quirk('broadcast 99 read answered', 'is how a lone meter of 1997 is found last', async () => {
    const bus = createRollCallBus(({ address, control }) =>
      control === 0x01 && ['999999999999', '151800032345'].includes(address)
        ? ANSWER_1997
        : NOTHING,
    );
    const { meters } = await discover(bus, options);
    expect(meters).toEqual([{ address: '151800032345', protocol: 'dlt645-1997' }]);
  });

  quirk('broadcast 99 read answered', 'and read without its address', async () => {
    const bus = scripted(() => ANSWER_1997);
    const session = dlt645v1997.open(
      bus,
      { address: '999999999999', model: model97() },
      sessionDeps(),
    );
    const result = await session.read(registersNamed('energy_active_import'), options);
    expect(outcomeOf(result)).toEqual({ values: { energy_active_import: '0.01' }, failures: [] });
    expect(result.address).toBe('151800032345');
    // Of 2007 nobody may answer it.
    expect(() => dlt645.parseAddress('999999999999')).toThrow('no DL/T 645 address');
  });

  quirk('non-BCD address', 'is six bytes like any other', async () => {
    // 81 04 00 07 21 3A: 3A2107000481.
    const hex = '68 81 04 00 07 21 3A 68 91 08 33 33 34 33 AB 89 67 45 FD 16';
    const address = dlt645.parseAddress('3A2107000481');
    const { bus, ...outcome } = await readFrom(hex, { address });
    expect(outcome).toMatchObject(whole);
    expect(toHex(bus.requests[0] ?? NOTHING)).toContain('68 81 04 00 07 21 3A 68 11');
  });

  for (const [written, wanted, answered] of [
    ['9012', '68 12 90 00 00 00 00 68 11', '000000009012'],
    ['AAAAAAAA9012', '68 12 90 AA AA AA AA 68 11', METER],
  ] as const) {
    quirk('address fill 00 or AA for short numbers', `${written} is ${wanted}`, async () => {
      const bus = createFakeBus((di) => readAnswer(answered, di, lowFirst('12345678')));
      const session = dlt645.open(bus, { address: written, model: modelWith([]) }, sessionDeps());
      const result = await session.read(registersNamed('energy_active_import'), options);
      expect(toHex(bus.requests[0] ?? NOTHING)).toContain(wanted);
      expect([result.address, outcomeOf(result)]).toEqual([answered, whole]);
    });
  }

  quirk('collision on AA when more than one meter', 'is parted by the low digits', async () => {
    const meters = ['123456789012', '123456789013', '223456789013'];
    const bus = createRollCallBus((asked) =>
      melt(
        meters
          .filter((meter) => isCalled(asked.address, meter))
          .map((meter) => answerUnder(meter, asked, meter))
          .filter(({ length }) => length > 0),
      ),
    );
    const found = await discover(bus, { ...options, protocols: ['dlt645-2007'] });
    expect(found.meters.map(({ address }) => address).sort()).toEqual(meters);
    expect(found.unresolved).toEqual([]);
  });
});

describe('times beside the standard', () => {
  quirk('silence for unsupported DI or function', 'costs one register', async () => {
    const bus = createFakeBus((di) => (di === ENERGY ? fromHex(ENERGY_ANSWER) : silence));
    const session = dlt645.open(bus, { address: METER, model: modelWith([]) }, sessionDeps());
    const wanted = registersNamed('frequency', 'energy_active_import', 'voltage_l1');
    const result = outcomeOf(await session.read(wanted, options));
    const failures = ['BUS_NO_REPLY', 'BUS_NO_REPLY'];
    expect(result).toEqual({ values: ENERGY_SHOWN, failures });
  });

  quirk('slow records', 'of programming and clearing may begin after 2 s', async () => {
    const { bus, line, settled } = createLineRig();
    const afterMs = (ms: number, di: string, content: Uint8Array) => {
      line.onRequest(() => line.hearAfter(ms, readAnswer(METER, di, content)));
      return settled(readItem(bus, METER, di, options));
    };
    // 03300001: time 6, operator 4, ten identifiers of 4.
    const { values } = await afterMs(2000, '03300001', new Uint8Array(50));
    expect(values).toHaveLength(12);
    const others = afterMs(2000, ENERGY, lowFirst('12345678'));
    await expect(others).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
  });
});

it('every row has a test', () => {
  expect(METER_ROWS).toHaveLength(7);
  expect(untested()).toEqual([]);
});
