import { describe, expect, it } from 'vitest';
import { encodeLoadRecord, parseLoadRecords } from '../../../drivers/dlt645/load-record.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../../src/core/driver.ts';
import { FIRST_GROUP, FULL, FULL_VALUES, MARKED, recordOf, textsOf } from './load-records.ts';
import { lowFirst, shownTime } from './wire.ts';

const NOTHING = new Uint8Array(0);
const TIME = shownTime('2024-08-15T00:15');

const codesIn = (content: Uint8Array) => parseLoadRecords(content).issues.map(({ code }) => code);
const timesIn = (content: Uint8Array) => parseLoadRecords(content).records.map(({ time }) => time);

/** The bytes with one of them changed. */
function changed(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
}

describe('a load record', () => {
  it('shows every value of its six groups', () => {
    const { records, issues } = parseLoadRecords(FULL);
    expect(issues).toEqual([]);
    expect(records.map(({ time }) => time)).toEqual(['2024-08-15 00:15']);
    expect(textsOf(records[0]?.values ?? [])).toEqual(FULL_VALUES);
    expect(Object.keys(FULL_VALUES)).toHaveLength(29);
    const absent = records[0]?.values.filter(({ flags }) => flags.length > 0);
    expect(absent).toMatchObject([
      { field: { name: 'x_power_reactive_l3' }, flags: [FLAG_ABSENT] },
    ]);
  });

  it('has no values of groups that were not recorded', () => {
    const { records, issues } = parseLoadRecords(FIRST_GROUP);
    expect(issues).toEqual([]);
    expect(textsOf(records[0]?.values ?? [])).toEqual({
      voltage_l1: '220.5',
      voltage_l2: '221.0',
      voltage_l3: '219.8',
      current_l1: '5.000',
      current_l2: '5.250',
      current_l3: '4.750',
      frequency: '50.01',
    });
  });

  it('is marked where it begins with E0', () => {
    expect(parseLoadRecords(FIRST_GROUP).records[0]?.isMarkedIncorrect).toBe(false);
    const { records, issues } = parseLoadRecords(MARKED);
    expect(issues).toEqual([]);
    expect(records).toMatchObject([{ time: '2024-08-15 00:30', isMarkedIncorrect: true }]);
    expect(records[0]?.values).toHaveLength(7);
  });

  it.each([
    ['full', FULL],
    ['short', FIRST_GROUP],
    ['marked', MARKED],
  ])('is built as it was sent: %s', (_, bytes) => {
    const [record] = parseLoadRecords(bytes).records;
    if (record === undefined) throw new Error('no record');
    expect(toHex(encodeLoadRecord(record))).toBe(toHex(bytes));
  });

  it('shows no number for digits above 9, and the others all the same', () => {
    const factors = fromHex('50 09 0E 00 00 10 99 09');
    const content = recordOf(TIME, [NOTHING, NOTHING, factors, NOTHING, NOTHING, NOTHING]);
    const { records, issues } = parseLoadRecords(content);
    expect(issues).toEqual([]);
    expect(records[0]?.values.map(({ flags }) => flags)).toEqual([[], [FLAG_INVALID], [], []]);
    expect(records[0]?.values.at(-1)?.value).toEqual({ coefficient: 999n, decimals: 3 });
  });

  it('loses only a group of another length, by name', () => {
    const demands = fromHex('11 11 01 22 22 00');
    const content = recordOf(TIME, [fromHex('05 22'), NOTHING, NOTHING, NOTHING, NOTHING, demands]);
    const { records, issues } = parseLoadRecords(content);
    expect(textsOf(records[0]?.values ?? [])).toEqual({
      x_demand_active_present: '1.1111',
      x_demand_reactive_present: '0.2222',
    });
    expect(issues).toMatchObject([{ code: 'FRAME_LENGTH', context: { at: 0 } }]);
  });
});

describe('the time of a load record', () => {
  const yearFirst = (text: string) => shownTime(text).toReversed();
  const bare = (time: Uint8Array) => recordOf(time, new Array(6).fill(NOTHING));

  it('is taken year first where it is no time minute first', () => {
    expect(timesIn(bare(yearFirst('2024-08-15T00:15')))).toEqual(['2024-08-15 00:15']);
  });

  it('has one order in all records, though some would pass in the other', () => {
    const content = concatBytes(
      bare(yearFirst('2024-08-15T09:30')),
      bare(yearFirst('2024-08-15T10:15')),
      bare(yearFirst('2024-08-15T13:00')),
    );
    expect(timesIn(content)).toEqual(['2024-08-15 09:30', '2024-08-15 10:15', '2024-08-15 13:00']);
  });

  describe('in two orders is taken in the one', () => {
    const three = (order: (time: string) => Uint8Array, ...times: string[]) =>
      concatBytes(...times.map((time) => bare(order(`2026-11-05T${time}`))));
    const DAY = { from: '2026-11-05 00:00', to: '2026-11-05 23:59' };
    const inSpan = (content: Uint8Array) => parseLoadRecords(content, undefined, DAY);

    it.each([
      ['year first', yearFirst],
      ['minute first', shownTime],
    ])('that fits the span: %s', (_, order) => {
      const { records, issues } = inSpan(three(order, '10:30'));
      expect(records.map(({ time }) => time)).toEqual(['2026-11-05 10:30']);
      expect(issues).toEqual([]);
    });

    it.each([
      ['year first', yearFirst],
      ['minute first', shownTime],
    ])('in which records follow each other: %s', (_, order) => {
      const { records, issues } = parseLoadRecords(three(order, '10:15', '10:30', '10:45'));
      expect(records.map(({ time }) => time.slice(0, 10))).toEqual(Array(3).fill('2026-11-05'));
      expect(issues).toEqual([]);
    });

    it('of the standard where nothing tells, with the setting by name', () => {
      const { records, issues, timeOrder } = parseLoadRecords(three(yearFirst, '10:30'));
      expect(records.map(({ time }) => time)).toEqual(['2030-10-05 11:26']);
      expect(issues).toMatchObject([
        { code: 'DATA_INVALID', message: expect.stringContaining('loadRecordTimeOrder') },
      ]);
      expect(timeOrder).toBeNull();
    });
  });

  it('has the order that the caller asks for', () => {
    const content = bare(yearFirst('2024-08-15T10:15'));
    expect(timesIn(content)).toEqual(['2015-10-15 08:24']);
    const { records } = parseLoadRecords(content, 'year-first');
    expect(records.map(({ time }) => time)).toEqual(['2024-08-15 10:15']);
  });

  it.each([
    ['of zeros', lowFirst('0000000000')],
    ['of FF', lowFirst('FFFFFFFFFF')],
    ['of month 13', lowFirst('2413150015')],
  ])('%s leaves the record out, by name', (_, time) => {
    const content = concatBytes(FULL, bare(time));
    expect(timesIn(content)).toEqual(['2024-08-15 00:15']);
    expect(parseLoadRecords(content).issues).toMatchObject([
      { code: 'DATA_INVALID', context: { at: FULL.length } },
    ]);
  });
});

describe('several load records', () => {
  const both = ['2024-08-15 00:15', '2024-08-15 00:30'];

  it('are all found in one content', () => {
    const content = concatBytes(FULL, FIRST_GROUP, MARKED);
    expect(timesIn(content)).toEqual([...both, '2024-08-15 00:30']);
    expect(codesIn(content)).toEqual([]);
  });

  it('are none in an empty content', () => {
    expect(parseLoadRecords(NOTHING)).toEqual({ records: [], issues: [], timeOrder: null });
  });

  it.each([
    ['a wrong checksum', changed(FULL, 101, 0x68), 'FRAME_CHECKSUM'],
    ['a damaged value', changed(FULL, 9, 0x23), 'FRAME_CHECKSUM'],
    ['a length too short', changed(FULL, 2, 0x61), 'FRAME_MALFORMED'],
    ['a length beyond the end', changed(FULL, 2, 0xff), 'FRAME_LENGTH'],
    ['another end', changed(FULL, 102, 0x16), 'FRAME_MALFORMED'],
    ['a damaged mark', changed(FULL, 0, 0xa1), 'FRAME_MALFORMED'],
    ['its tail missing', FULL.subarray(0, 60), 'FRAME_LENGTH'],
  ])('are found behind one with %s', (_, broken, code) => {
    const content = concatBytes(broken, FIRST_GROUP);
    expect(timesIn(content)).toEqual(['2024-08-15 00:30']);
    expect(codesIn(content)).toEqual([code]);
  });

  it('are found before one that the answer cuts short', () => {
    for (let length = 2; length < FULL.length; length++) {
      const content = concatBytes(FIRST_GROUP, FULL.subarray(0, length));
      expect(timesIn(content)).toEqual(['2024-08-15 00:30']);
      expect(parseLoadRecords(content).issues).toMatchObject([
        { code: 'FRAME_LENGTH', context: { at: FIRST_GROUP.length } },
      ]);
    }
  });

  it.each([0xaa, 0xdd])('may have one byte %i behind them', (separator) => {
    const content = concatBytes(FULL, FIRST_GROUP, Uint8Array.of(separator));
    expect(timesIn(content)).toEqual(both);
    expect(codesIn(content)).toEqual([]);
  });

  it('leave bytes that belong to none of them by name', () => {
    const content = concatBytes(FULL, fromHex('00 00'), FIRST_GROUP, fromHex('00'));
    expect(timesIn(content)).toEqual(both);
    expect(parseLoadRecords(content).issues).toMatchObject([
      { code: 'FRAME_MALFORMED', context: { at: FULL.length } },
      { code: 'FRAME_MALFORMED', context: { at: content.length - 1 } },
    ]);
  });

  it('are not seen in a plain array of values', () => {
    const content = fromHex('15 00 15 08 24 05 22 30 00 15 08 24 10 22');
    expect(timesIn(content)).toEqual([]);
    expect(codesIn(content)).toEqual(['FRAME_MALFORMED']);
  });
});
