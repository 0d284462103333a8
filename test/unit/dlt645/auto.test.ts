import { describe, expect, it } from 'vitest';
import { dlt645auto } from '../../../drivers/dlt645/auto.ts';
import { loadModels } from '../../../src/config/models.ts';
import type { Bus } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createNotes } from '../../../src/core/notes.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { options, registersNamed, silence } from './fake-bus.ts';
import { lowFirst, readAnswer, refusal, shownNumber, wireFrame } from './wire.ts';

const METER = '123456789012';
const HOUR = 3_600_000;
const VOLTAGE = registersNamed('voltage_l1');
const found = (await loadModels()).get('dlt645-auto');
if (found === undefined) throw new Error('no model');
const model = found;

type Speaks = '2007' | '1997' | 'nothing' | 'port lost';

/** A meter that speaks one edition, and may be replaced by one of another. */
function meterOf(speaks: Speaks, notes = createNotes(), clock = createVirtualClock()) {
  const state = { speaks };
  const asked: string[] = [];
  const digits = (bytes: Uint8Array) =>
    Array.from(bytes.toReversed(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  function answerTo(control: number, di: string): Uint8Array | AmrError {
    if (state.speaks === 'port lost') return new AmrError('PORT_LOST', 'unplugged');
    if (control === 0x11 && state.speaks === '2007') {
      if (di === '02010100') return readAnswer(METER, di, shownNumber('220.5', 2));
      return refusal(METER, 0x02);
    }
    if (control === 0x01 && state.speaks === '1997') {
      const content = di === 'b611' ? '0221' : '00000039';
      return wireFrame({ address: METER, control: 0x81, payload: lowFirst(content + di) });
    }
    return silence;
  }
  const bus: Bus = {
    name: 'b1',
    kind: 'line',
    async exchange({ request, framer, match }) {
      const frame = request.subarray(4);
      const control = frame[8] ?? 0;
      const di = digits(frame.subarray(10, -2).map((byte) => byte - 0x33));
      asked.push(`${control.toString(16).padStart(2, '0')} ${di}`);
      const reply = answerTo(control, di);
      if (reply instanceof AmrError) throw reply;
      const frames = framer.push(reply);
      const answer = frames.find(match);
      if (answer === undefined) throw new AmrError('BUS_FOREIGN_REPLY', 'something else came');
      return answer;
    },
  };
  const session = dlt645auto.open(bus, { address: METER, model }, { clock, notes });
  return { asked, clock, notes, session, state, bus };
}

const PROBE_2007 = '11 00010000';
const PROBE_1997 = '01 9010';
const READ_2007 = '11 02010100';
const READ_1997 = '01 b611';

describe('a meter of either edition', () => {
  it.each([
    ['2007', [PROBE_2007, READ_2007, READ_2007]],
    ['1997', [PROBE_2007, PROBE_1997, READ_1997, READ_1997]],
  ] as const)('of %s is asked which, once, and then read as such', async (speaks, wanted) => {
    const { session, asked } = meterOf(speaks);
    expect((await session.read(VOLTAGE, options)).values).toHaveLength(1);
    await session.read(VOLTAGE, options);
    expect(asked).toEqual(wanted);
  });

  it('is not asked again after a restart', async () => {
    const first = meterOf('1997');
    await first.session.read(VOLTAGE, options);
    const again = meterOf('1997', first.notes, first.clock);
    await again.session.read(VOLTAGE, options);
    expect(again.asked).toEqual([READ_1997]);
  });

  it('that is silent to both fails, and is asked again at the next read', async () => {
    const { session, asked, state } = meterOf('nothing');
    const { values, failures } = await session.read(VOLTAGE, options);
    expect(values).toEqual([]);
    expect(failures).toMatchObject([{ registers: VOLTAGE, error: { code: 'BUS_NO_REPLY' } }]);
    state.speaks = '2007';
    expect((await session.read(VOLTAGE, options)).values).toHaveLength(1);
    expect(asked).toEqual([PROBE_2007, PROBE_1997, PROBE_2007, READ_2007]);
  });

  it('is asked which anew only after a day of silence, also over a restart', async () => {
    const { session, asked, state, clock, notes } = meterOf('1997');
    await session.read(VOLTAGE, options);
    state.speaks = '2007';
    asked.length = 0;
    await session.read(VOLTAGE, options);
    clock.step(24 * HOUR - 1);
    await session.read(VOLTAGE, options);
    expect(asked).toEqual([READ_1997, READ_1997]);
    clock.step(1);
    const again = meterOf('2007', notes, clock);
    expect((await again.session.read(VOLTAGE, options)).values).toHaveLength(1);
    await again.session.read(VOLTAGE, options);
    expect(again.asked).toEqual([PROBE_2007, READ_2007, READ_2007]);
  });

  it('that answered in between was not silent for a day', async () => {
    const { session, asked, state, clock } = meterOf('1997');
    await session.read(VOLTAGE, options);
    for (const speaks of ['nothing', '1997', 'nothing'] as const) {
      state.speaks = speaks;
      clock.step(20 * HOUR);
      await session.read(VOLTAGE, options);
    }
    expect(asked.slice(2)).toEqual([READ_1997, READ_1997, READ_1997, READ_1997]);
  });

  it('is not silent because the port is away', async () => {
    const { session, asked, state, clock } = meterOf('1997');
    await session.read(VOLTAGE, options);
    state.speaks = 'port lost';
    for (let hours = 0; hours < 48; hours += 12) {
      clock.step(12 * HOUR);
      await session.read(VOLTAGE, options);
    }
    state.speaks = '1997';
    await session.read(VOLTAGE, options);
    expect(asked.filter((one) => one === PROBE_1997)).toHaveLength(1);
  });

  it('is asked which for its clock, too', async () => {
    const { session, asked, clock } = meterOf('nothing');
    const read = session.readClock?.({ ...options, clock, zone: 'UTC' });
    await expect(read).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
    expect(asked).toEqual([PROBE_2007, PROBE_1997]);
  });

  it('of another address is asked which anew, whatever was noted of the last', async () => {
    const { session, notes, clock } = meterOf('1997');
    await session.read(VOLTAGE, options);
    const again = meterOf('nothing', notes, clock);
    const corrected = dlt645auto.open(
      again.bus,
      { address: '000000000001', model },
      { clock, notes },
    );
    await corrected.read(VOLTAGE, options);
    expect(again.asked).toEqual([PROBE_2007, PROBE_1997]);
  });

  it.each([
    ['2007', ['05060001', '05000001', '04000b01', '03010000', '02010100']],
    ['1997', ['c117', 'b212']],
  ] as const)('of %s is read as that edition is', async (speaks, wanted) => {
    const { session, asked } = meterOf(speaks);
    const span = { from: '2026-11-22T00:00:00', to: '2026-11-22T01:00:00' };
    const results = [
      await session.readDailyFreeze?.('2026-11-23', VOLTAGE, options),
      await session.readFreeze?.({ kind: 'timed', at: '2026-11-23' }, VOLTAGE, options),
      await session.readSettlement?.('2026-11', registersNamed('energy_active_import'), options),
      await session.readProfile?.(span, VOLTAGE, options),
      await session.readEvents?.(options),
    ];
    const item = speaks === '2007' ? '02010100' : 'B611';
    const { values = [] } = (await session.readItem?.(item, options)) ?? {};
    expect(values).toHaveLength(1);
    expect(asked.map((one) => one.slice(3))).toEqual(expect.arrayContaining([...wanted]));
    expect(results.map((one) => one?.failures.length)).toEqual(
      Array(4).fill(1).concat(expect.any(Number)),
    );
    expect(asked.some((one) => one.endsWith('06010001'))).toBe(speaks === '2007');
    expect(dlt645auto.knows(item)).toBe(true);
  });

  it('of 1997 has no daily freeze', async () => {
    const { session } = meterOf('1997');
    const result = await session.readDailyFreeze?.('2026-11-23', VOLTAGE, options);
    expect(result).toMatchObject({
      frozenAt: null,
      values: [],
      failures: [{ error: { code: 'METER_UNSUPPORTED' } }],
    });
  });

  it('rejects when it is aborted while it is asked which', async () => {
    const bus: Bus = {
      name: 'b1',
      kind: 'line',
      exchange: async () => await Promise.reject(new AmrError('BUS_ABORTED', 'aborted')),
    };
    const deps = { clock: createVirtualClock(), notes: createNotes() };
    const session = dlt645auto.open(bus, { address: METER, model }, deps);
    await expect(session.read(VOLTAGE, options)).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });

  it('tells its protocol', async () => {
    const { bus } = meterOf('1997');
    expect(await dlt645auto.identify?.(bus, METER, options)).toBe('dlt645-1997');
    expect(await dlt645auto.identify?.(meterOf('nothing').bus, METER, options)).toBeNull();
  });
});

describe('the model of either edition', () => {
  it('is sound, and shows the finer step', () => {
    expect(dlt645auto.checkModel(model)).toEqual([]);
    const [voltage] = VOLTAGE;
    expect(voltage && dlt645auto.resolution(model, voltage)).toBe('0.1');
  });

  it.each([
    ['one identifier alone', { voltage_l1: '02010100' }, []],
    [
      'the identifier of another register',
      { voltage_l1: { 'dlt645-2007': '02010100', 'dlt645-1997': 'B612' } },
      [],
    ],
    ['a block of none', {}, ['0201']],
    ['a block of no length', {}, ['02']],
  ])('is not with %s', (_, registers, blocks) => {
    expect(dlt645auto.checkModel({ ...model, registers, blocks })).toHaveLength(1);
  });
});
