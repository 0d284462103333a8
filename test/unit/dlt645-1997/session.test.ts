import { describe, expect, it } from 'vitest';
import { withYear } from '../../../drivers/dlt645/v1997/demand-times.ts';
import { createSession1997 } from '../../../drivers/dlt645/v1997/session.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID, type ReadResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { registersNamed } from '../dlt645/fake-bus.ts';
import { lowFirst } from '../dlt645/wire.ts';
import { answer97, METER, model97, options, refusal97, scripted, silence } from './wire.ts';

type Reply = Uint8Array | AmrError;

/** A meter that answers these identifiers to 01H and refuses all others. */
function meterWith(
  replies: Readonly<Record<string, Reply>>,
  { blocks = ['901F'], address = METER } = {},
) {
  const bus = scripted((question) => replies[question.slice(3)] ?? refusal97(0x02));
  return {
    bus,
    session: createSession1997(bus, { address, model: model97(blocks) }, sessionDeps()),
  };
}

const pairs = ({ values }: ReadResult) =>
  values.map(({ register, value, flags, at }) => [
    register.name,
    value === null ? null : formatDecimal(value),
    ...flags,
    ...(at === undefined ? [] : [at]),
  ]);
const failed = ({ failures }: ReadResult) =>
  failures.map(({ registers, error }) => [error.code, ...registers.map(({ name }) => name)]);
const answer = (di: string, ...digits: string[]) =>
  answer97(di, concatBytes(...digits.map(lowFirst)));

const ENERGIES = registersNamed('energy_active_import', 'energy_active_import_t1');

describe('reading a meter of 1997', () => {
  it('asks a block for two registers and the identifier alone for one', async () => {
    const { bus, session } = meterWith({
      '901F': answer('901F', '00000039', '00000003'),
      B611: answer('B611', '0226'),
    });
    const result = await session.read([...ENERGIES, ...registersNamed('voltage_l1')], options);
    expect(pairs(result)).toEqual([
      ['energy_active_import', '0.39'],
      ['energy_active_import_t1', '0.03'],
      ['voltage_l1', '226'],
    ]);
    expect(result.address).toBe(METER);
    expect(bus.asked).toEqual([`${METER} 01 901F`, `${METER} 01 B611`]);
  });

  it('asks one by one instead of a refused block, and nothing refused again', async () => {
    const { bus, session } = meterWith({ '9010': answer('9010', '00000039') });
    const result = await session.read(ENERGIES, options);
    expect(pairs(result)).toEqual([['energy_active_import', '0.39']]);
    expect(failed(result)).toEqual([['METER_UNSUPPORTED', 'energy_active_import_t1']]);
    await session.read(ENERGIES, options);
    expect(bus.asked.map((asked) => asked.slice(-4))).toEqual(['901F', '9010', '9011', '9010']);
  });

  it('tells what is no value by its flag', async () => {
    const { session } = meterWith({
      B611: answer('B611', 'FFFF'),
      B612: answer('B612', '0E26'),
    });
    expect(pairs(await session.read(registersNamed('voltage_l1', 'voltage_l2'), options))).toEqual([
      ['voltage_l1', null, FLAG_ABSENT],
      ['voltage_l2', null, FLAG_INVALID],
    ]);
  });

  it('knows no sign: a large number is a large number', async () => {
    const { session } = meterWith({ '9010': answer('9010', '99999999') });
    const result = await session.read(registersNamed('energy_active_import'), options);
    expect(pairs(result)).toEqual([['energy_active_import', '999999.99']]);
  });

  it('keeps the parts of a block that came and fails the rest for what ended it', async () => {
    const bus = scripted((question) =>
      question === '01 901F' ? answer97('901F', lowFirst('00000039'), 0xa1) : silence,
    );
    const session = createSession1997(
      bus,
      { address: METER, model: model97(['901F']) },
      sessionDeps(),
    );
    const result = await session.read(ENERGIES, options);
    expect(pairs(result)).toEqual([['energy_active_import', '0.39']]);
    expect(failed(result)).toEqual([['BUS_NO_REPLY', 'energy_active_import_t1']]);
  });

  it('gives up after two questions that nothing answers', async () => {
    const { bus, session } = meterWith({ B611: silence, B612: silence, B613: silence });
    const wanted = registersNamed('voltage_l1', 'voltage_l2', 'voltage_l3');
    const result = await session.read(wanted, options);
    expect(bus.asked).toHaveLength(2);
    expect(failed(result)).toHaveLength(3);
  });
});

describe('a maximum demand', () => {
  const DEMAND = registersNamed('demand_active_import_max');
  const demand = answer('A010', '012345');
  const time = answer('B010', '11231745');
  const calendar = (date: string) => answer('C010', date);

  it.each([
    ['this year', '26120102', '2026-11-23T17:45:00'],
    ['the same day', '26112301', '2026-11-23T17:45:00'],
    ['last year, seen in January', '27010105', '2026-11-23T17:45:00'],
  ])('has its moment, of %s', async (_, today, at) => {
    const { bus, session } = meterWith({ A010: demand, B010: time, C010: calendar(today) });
    const result = await session.read(DEMAND, options);
    expect(pairs(result)).toEqual([['demand_active_import_max', '1.2345', at]]);
    expect(bus.asked.map((asked) => asked.slice(-4))).toEqual(['A010', 'B010', 'C010']);
  });

  it('that never was has none, and no calendar is asked', async () => {
    const { bus, session } = meterWith({
      A010: answer('A010', '000000'),
      B010: answer('B010', '00000000'),
    });
    const result = await session.read(DEMAND, options);
    expect(pairs(result)).toEqual([['demand_active_import_max', '0.0000', null]]);
    expect(bus.asked).toHaveLength(2);
  });

  it.each([
    ['moments', {}],
    ['a calendar', { B010: time }],
  ])('of a meter without %s is read without', async (_, replies) => {
    const { session } = meterWith({ A010: demand, ...replies });
    const result = await session.read(DEMAND, options);
    expect(pairs(result)).toEqual([['demand_active_import_max', '1.2345']]);
    expect(failed(result)).toEqual([]);
  });

  it.each([
    ['its moment', ['A010', 'B010'], {}],
    ['the calendar', ['A010', 'B010', 'C010'], { B010: time }],
  ])(
    'is kept where the meter is silent about %s, and that is asked once a day',
    async (_, all, replies) => {
      const { bus, session } = meterWith({
        A010: demand,
        B010: silence,
        C010: silence,
        ...replies,
      });
      for (const asked of [all, all.slice(0, -1)]) {
        bus.asked.length = 0;
        const result = await session.read(DEMAND, options);
        expect(pairs(result)).toEqual([['demand_active_import_max', '1.2345']]);
        expect(failed(result)).toEqual([]);
        expect(bus.asked.map((one) => one.slice(-4))).toEqual(asked);
      }
    },
  );

  it('is kept where its moment came damaged, and that is asked again', async () => {
    const damaged = new AmrError('BUS_PARTIAL_REPLY', 'no whole frame');
    const { bus, session } = meterWith({ A010: demand, B010: damaged });
    await session.read(DEMAND, options);
    expect(failed(await session.read(DEMAND, options))).toEqual([]);
    expect(bus.asked.map((one) => one.slice(-4))).toEqual(['A010', 'B010', 'A010', 'B010']);
  });

  it('of 29 February is of a leap year or of none', () => {
    expect(withYear('02-29 10:00', '2028-03-01')).toBe('2028-02-29 10:00');
    expect(withYear('02-29 10:00', '2027-03-01')).toBeNull();
  });
});

describe('a settlement', () => {
  const WANTED = registersNamed('energy_active_import', 'demand_active_import_max');
  const kept = {
    C117: answer('C117', '0100'),
    C010: answer('C010', '26112301'),
    C011: answer('C011', '081530'),
    '9410': answer('9410', '00007700'),
    '9810': answer('9810', '00006600'),
    A410: answer('A410', '012345'),
    B410: answer('B410', '10231745'),
    A810: answer('A810', '011111'),
    B810: answer('B810', '09051000'),
  };
  const read = async (
    month: string,
    replies: Readonly<Record<string, Reply>> = kept,
    address = METER,
  ) => {
    const { bus, session } = meterWith(replies, { address });
    const result = await session.readSettlement?.(month, WANTED, options);
    if (result === undefined) throw new Error('no settlements');
    return { bus, result };
  };

  it.each([
    ['2026-11', '77.00', '1.2345', '2026-10-23T17:45:00'],
    ['2026-10', '66.00', '1.1111', '2026-09-05T10:00:00'],
  ])('of %s is that of the last or the second last month', async (month, energy, demand, at) => {
    const { result } = await read(month);
    expect(pairs(result)).toEqual([
      ['energy_active_import', energy],
      ['demand_active_import_max', demand, at],
    ]);
    expect(result).toMatchObject({ frozenAt: `${month}-01T00:00:00`, failures: [] });
  });

  it.each(['2026-12', '2026-09'])('of %s is absent', async (month) => {
    const { result, bus } = await read(month);
    expect(failed(result)[0]?.[0]).toBe('DATA_FREEZE_ABSENT');
    expect(bus.asked.some((asked) => / 01 [9A]/.test(asked))).toBe(false);
  });

  it('is unsupported where the meter has no day for it', async () => {
    const { result } = await read('2026-11', { ...kept, C117: refusal97(0x02) });
    expect(failed(result)[0]?.[0]).toBe('METER_UNSUPPORTED');
  });

  it('is of the one meter that answered', async () => {
    const { bus } = await read('2026-11', kept, 'AAAAAAAAAAAA');
    expect(bus.asked.map((asked) => asked.slice(0, 12))).toEqual([
      'AAAAAAAAAAAA',
      ...bus.asked.slice(1).map(() => METER),
    ]);
  });
});

describe('events', () => {
  it('are counts with the moments of the latest, and the status', async () => {
    const { bus, session } = meterWith({
      B212: answer('B212', '0003'),
      B210: answer('B210', '11020815'),
      B213: answer('B213', '0000'),
      B312: answer('B312', '0012'),
      B322: answer('B322', '000065'),
      B332: answer('B332', '11030815'),
      B342: answer('B342', '11030920'),
      C021: answer('C021', '02'),
    });
    const result = await session.readEvents?.(options);
    expect(result?.events).toMatchObject([
      {
        event: 'programming',
        phase: null,
        count: 3,
        minutes: null,
        latest: [{ value: '11-02 08:15' }],
      },
      { event: 'demand_clear', phase: null, count: 0, minutes: null, latest: [] },
      {
        event: 'phase_cut',
        phase: 'l2',
        count: 12,
        minutes: 65,
        latest: [{ value: '11-03 08:15' }, { value: '11-03 09:20' }],
      },
    ]);
    expect(result?.status.some(({ number }) => number === 1)).toBe(true);
    expect(result?.failures.map(({ what }) => what)).toEqual(['phase_cut', 'phase_cut', 'C020']);
    expect(bus.asked).not.toContain(`${METER} 01 B211`);
  });

  it('cost one exchange at a silent meter', async () => {
    const { bus, session } = meterWith({ B212: silence });
    await session.readEvents?.(options);
    expect(bus.asked).toHaveLength(1);
  });
});

describe('an address', () => {
  it.each(['AAAAAAAAAAAA', '999999999999', 'AAAAAA789012'])(
    '%s is asked once, then the meter that answered',
    async (address) => {
      const { bus, session } = meterWith(
        { B611: answer('B611', '0226'), B612: answer('B612', '0227') },
        { address },
      );
      const wanted = registersNamed('voltage_l1', 'voltage_l2');
      expect((await session.read(wanted, options)).address).toBe(METER);
      await session.read(wanted, options);
      expect(bus.asked.map((asked) => asked.slice(0, 12))).toEqual([
        address,
        METER,
        address,
        METER,
      ]);
    },
  );

  it.each([
    ['is told by the meter number', answer97('C032', lowFirst(METER), 0x81, 'AAAAAAAAAAAA'), METER],
    ['stays unknown without one', refusal97(0x02, 0xc1, 'AAAAAAAAAAAA'), 'AAAAAAAAAAAA'],
  ])('in an answer with wildcards %s', async (_, number, address) => {
    const { session } = meterWith(
      { B611: answer97('B611', lowFirst('0226'), 0x81, 'AAAAAAAAAAAA'), C032: number },
      { address: 'AAAAAAAAAAAA' },
    );
    expect((await session.read(registersNamed('voltage_l1'), options)).address).toBe(address);
  });
});
