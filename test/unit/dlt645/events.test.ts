import { describe, expect, it } from 'vitest';
import { findItem } from '../../../drivers/dlt645/items.ts';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import type { EventsResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createFakeBus, modelWith, options, type Reply, silence } from './fake-bus.ts';
import { lowFirst, readAnswer, refusal, shownNumber, wireFrame } from './wire.ts';

const ADDRESS = '123456789012';
/** Those of table A.4 and of programming, and what meters tell field by field alone. */
const CLASSES = 17 + 15 + 3;
/** The voltage quality, in total and of each phase. */
const MONTHS = 4;
const WORDS = 7;

/** Numbers under this identifier. */
const sizeOf = (di: string) => findItem(di)?.fields.length ?? 0;

const counts = (...numbers: number[]) => numbers.map((number) => shownNumber(String(number), 3));

/** A meter that answers these identifiers and refuses all others. */
function meterWith(
  replies: Readonly<Record<string, Reply>>,
  { settings = {}, address = ADDRESS } = {},
) {
  const bus = createFakeBus((di) => replies[di] ?? refusal(address, 0x02));
  const model = { ...modelWith([]), settings };
  const session = createSession(bus, { address, model }, sessionDeps());
  return {
    bus,
    session,
    read: async (): Promise<EventsResult> => {
      if (session.readEvents === undefined) throw new Error('no events');
      return session.readEvents(options);
    },
  };
}

const answer = (di: string, ...content: Uint8Array[]) => ({
  [di]: readAnswer(ADDRESS, di, ...content),
});

const wordAnswer = (number: number, word: string) => answer(`0400050${number}`, lowFirst(word));

describe('events', () => {
  it('are counted phase by phase, with the latest record of those that happened', async () => {
    const record = concatBytes(
      fromHex('30 15 08 03 11 26'), // start 2026-11-03 08:15:30
      fromHex('00 20 09 03 11 26'), // end 2026-11-03 09:20:00
      new Uint8Array(16), // the four energies in total
      // Of each phase the four energies, 176.5 V, 1.234 A, 0.2150 kW, -0.0100 kvar, 0.987.
      ...[1, 2, 3].map((phase) =>
        concatBytes(
          shownNumber(`${phase}.00`, 4),
          new Uint8Array(12),
          fromHex('65 17 34 12 00 50 21 00 00 01 80 87 09'),
        ),
      ),
      new Uint8Array(16), // ampere hours
    );
    expect(record).toHaveLength(131);
    const { read, bus } = meterWith({
      ...answer('03010000', ...counts(0, 0, 12, 65, 0, 0)),
      ...answer('03010201', record),
    });
    const { events } = await read();
    expect(
      events.map(({ event, phase, count, minutes }) => [event, phase, count, minutes]),
    ).toEqual([
      ['voltage_loss', 'l1', 0, 0],
      ['voltage_loss', 'l2', 12, 65],
      ['voltage_loss', 'l3', 0, 0],
    ]);
    const latest = events[1]?.latest ?? [];
    const shown = Object.fromEntries(latest.map(({ name, value }) => [name, value]));
    expect(latest).toHaveLength(2 + 4 + 3 * 9 + 4);
    expect(shown).toMatchObject({
      x_voltage_loss_l2_start: '2026-11-03 08:15:30',
      x_voltage_loss_l2_end: '2026-11-03 09:20:00',
      x_voltage_loss_l2_voltage_l1: '176.5',
      x_voltage_loss_l2_power_reactive_l3: '-0.0100',
      x_voltage_loss_l2_energy_active_import_l3: '3.00',
    });
    expect(bus.asked.filter((di) => di.startsWith('0301'))).toEqual(['03010000', '03010201']);
  });

  it('are as a meter sent them: its cover opened 27 times', async () => {
    const meter = '201000000012';
    const count = fromHex('68 12 00 00 00 10 20 68 91 07 33 40 63 36 5A 33 33 76 16');
    const times = fromHex('00 00 12 01 11 26 30 10 12 01 11 26');
    const record = readAnswer(meter, '03300D01', times, new Uint8Array(48));
    const { read } = meterWith({ '03300D00': count, '03300D01': record }, { address: meter });
    const { events } = await read();
    expect(events).toMatchObject([{ event: 'cover_open', phase: null, count: 27, minutes: null }]);
    expect(events[0]?.latest.slice(0, 2).map(({ value }) => value)).toEqual([
      '2026-11-01 12:00:00',
      '2026-11-01 12:10:30',
    ]);
    expect(events[0]?.latest).toHaveLength(14);
  });

  it('have their minutes first where the meter is one of those', async () => {
    const replies = { '03050000': readAnswer(ADDRESS, '03050000', ...counts(65, 0)) };
    const minutesFirst = await meterWith(replies, { settings: { minutesFirst: true } }).read();
    expect(minutesFirst.events).toMatchObject([
      { event: 'all_phase_loss', count: 0, minutes: 65, latest: [] },
    ]);
    const listed = await meterWith(replies).read();
    expect(listed.events).toMatchObject([{ count: 65, minutes: 0 }]);
  });

  it('keep the part of a record that came, and say why there is no more', async () => {
    const start = lowFirst('260101123456');
    const begun = wireFrame({
      address: ADDRESS,
      control: 0xb1,
      payload: concatBytes(lowFirst('03110001'), start, start.subarray(0, 3)),
    });
    let isBegun = false;
    const { read } = meterWith({
      ...answer('03110000', ...counts(3)),
      get '03110001'() {
        isBegun = !isBegun;
        return isBegun ? begun : silence;
      },
    });
    const { events, failures } = await read();
    const [{ latest = [] } = {}] = events;
    expect(latest.map(({ value }) => value)).toEqual(['2026-01-01 12:34:56']);
    expect(failures.filter(({ what }) => what === 'power_off')).toMatchObject([
      { error: { code: 'BUS_NO_REPLY', context: { di: '03110001' } } },
    ]);
  });

  it('have no number where the meter shows none', async () => {
    const { read, bus } = meterWith(answer('03300000', new Uint8Array(3).fill(0xff)));
    const { events } = await read();
    expect(events).toMatchObject([{ event: 'programming', count: null, latest: [] }]);
    expect(bus.asked).not.toContain('03300001');
  });

  it('are named where the meter lacks them', async () => {
    const { read, bus } = meterWith(answer('03110000', ...counts(0)));
    const { events, failures } = await read();
    expect(events).toMatchObject([{ event: 'power_off', count: 0 }]);
    expect(failures).toHaveLength(CLASSES - 1 + MONTHS + WORDS);
    expect(new Set(failures.map(({ error }) => error.code))).toEqual(
      new Set(['METER_UNSUPPORTED']),
    );
    expect(failures[0]?.what).toBe('voltage_loss');
    expect(bus.asked).toHaveLength(CLASSES + MONTHS + WORDS);
  });

  it('that the meter refused are not asked for again within a day', async () => {
    const { read, bus } = meterWith(answer('03110000', ...counts(0)));
    await read();
    const before = bus.asked.length;
    const { failures } = await read();
    expect(bus.asked.slice(before)).toEqual(['03110000']);
    expect(failures).toHaveLength(CLASSES - 1 + MONTHS + WORDS);
  });

  it.each([
    ['0306', 'auxiliary_loss', '03060001', ['260101123456', '260101123457']],
    ['0309', 'voltage_unbalance', '03090001', ['260101123456']],
    ['030C', 'overcurrent', '030C0101', ['260101123456']],
    ['0312', 'demand_over_active_import', '03120101', ['260101123456']],
    ['033005', 'day_table_set', '03300501', ['260101123456']],
    ['03300C', 'settlement_day_set', '03300C01', ['260101123456']],
    ['1D', 'relay_trip', '1D00FF01', ['260101123456']],
    ['1E', 'relay_close', '1E000101', ['260101123456']],
  ])('are all those of the tables: %s', async (place, event, record, times) => {
    const counted = place.startsWith('1') ? `${place}000001` : `${place}0000`.padEnd(8, '0');
    const { read, bus } = meterWith({
      ...answer(
        counted.slice(0, 8),
        ...counts(1, 0, 0, 0, 0, 0).slice(0, sizeOf(counted.slice(0, 8))),
      ),
      ...answer(record, ...times.map(lowFirst)),
    });
    const { events } = await read();
    const [found] = events.filter((one) => one.count === 1);
    expect(found).toMatchObject({ event, count: 1 });
    expect(found?.latest[0]?.value).toBe('2026-01-01 12:34:56');
    expect(bus.asked).toContain(record);
  });

  it('are in the statistics of the voltage without a count', async () => {
    const { read } = meterWith(answer('03100200', ...counts(1440), fromHex('75 99 00')));
    expect((await read()).events).toMatchObject([
      {
        event: 'voltage_quality',
        phase: 'l2',
        count: null,
        latest: [{ value: '1440' }, { value: '99.75' }],
      },
    ]);
  });

  it('have no record where that is of zeros', async () => {
    const { read, bus } = meterWith({
      ...answer('03110000', ...counts(3)),
      ...answer('03110001', new Uint8Array(12)),
    });
    expect((await read()).events).toMatchObject([{ event: 'power_off', count: 3, latest: [] }]);
    expect(bus.asked).toContain('03110001');
  });

  it('are asked for anew only where they failed', async () => {
    const { bus, session } = meterWith(answer('03110000', ...counts(0)));
    await session.readEvents?.({ ...options, only: ['demand_over', '04000501'] });
    expect(bus.asked).toEqual(['03120000', '04000501']);
  });

  it('keep the count where the record fails', async () => {
    const { read } = meterWith({
      ...answer('03110000', ...counts(3)),
      '03110001': silence,
    });
    const { events, failures } = await read();
    expect(events).toMatchObject([{ event: 'power_off', count: 3, latest: [] }]);
    expect(failures).toContainEqual(expect.objectContaining({ what: 'power_off', error: silence }));
  });

  it('cost one exchange at a silent meter', async () => {
    const bus = createFakeBus(() => silence);
    const result = await createSession(
      bus,
      { address: ADDRESS, model: modelWith([]) },
      sessionDeps(),
    ).readEvents?.(options);
    expect(bus.asked).toHaveLength(1);
    expect(result).toMatchObject({ events: [], status: [], failures: [{ error: silence }] });
  });

  it('reject when they are aborted', async () => {
    const { read } = meterWith({ '03110000': new AmrError('BUS_ABORTED', 'aborted') });
    await expect(read()).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });
});

describe('the status', () => {
  const isSetIn = ({ status }: EventsResult) =>
    status.filter(({ number }) => number !== 0).map(({ word, name, state }) => [word, name, state]);

  it('of word 3 is as a meter sent it when its relay had opened', async () => {
    const frame = wireFrame({
      address: ADDRESS,
      control: 0x91,
      payload: fromHex('03 05 00 04 50 00'),
    });
    const result = await meterWith({ '04000503': frame }).read();
    expect(isSetIn(result)).toEqual([
      ['x_status_word_3', 'relay', 'open'],
      ['x_status_word_3', 'relay command', 'open'],
    ]);
    expect(result.status.find(({ name }) => name === 'supply')).toMatchObject({
      number: 0,
      state: 'mains',
    });
  });

  it.each([
    [1, '0014', ['clock battery low', 'active power direction']],
    [2, '0022', ['active power direction L2', 'reactive power direction L2']],
    [3, '0004', ['supply']],
    [4, '0081', ['L1 loss of voltage', 'L1 phase cut']],
    [5, '0102', ['L2 undervoltage', 'L2 current cut']],
    [6, '0044', ['L3 overvoltage', 'L3 power reversal']],
    [7, '0061', ['voltage phase sequence reversed', 'power off', 'demand over limit']],
  ])('of word %i at %s is %j', async (number, word, names) => {
    const result = await meterWith(wordAnswer(number, word)).read();
    expect(isSetIn(result).map(([, name]) => name)).toEqual(names);
    expect(new Set(result.status.map(({ word: name }) => name))).toEqual(
      new Set([`x_status_word_${number}`]),
    );
  });
});
