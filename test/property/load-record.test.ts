import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeLoadRecord,
  type LoadRecord,
  parseLoadRecords,
} from '../../drivers/dlt645/load-record.ts';
import type { FieldValue } from '../../drivers/dlt645/values.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { decimal } from '../../src/core/decimal.ts';
import { FLAG_ABSENT } from '../../src/core/driver.ts';
import { FULL } from '../unit/dlt645/load-records.ts';

/** The fields of a full record by group; their bytes are tested by hand elsewhere. */
const FIELDS = (parseLoadRecords(FULL).records[0]?.values ?? []).map(({ field }) => field);
const SIZES = [7, 8, 4, 4, 4, 2];
const GROUPS = SIZES.map((size, index) => {
  const start = SIZES.slice(0, index).reduce((sum, one) => sum + one, 0);
  return FIELDS.slice(start, start + size);
});

function shownIn(field: FieldValue['field']): fc.Arbitrary<FieldValue> {
  if (field.format.kind !== 'number') throw new Error(`${field.name} is no number`);
  const { bytes, decimals, signed } = field.format;
  const most = 10n ** BigInt(bytes * 2) - 1n;
  const largest = signed ? (most * 79n) / 99n : most;
  const shown = fc
    .bigInt({ min: signed ? -largest : 0n, max: largest })
    .map((coefficient) => ({ field, value: decimal(coefficient, decimals), flags: [] }));
  return fc.oneof({ weight: 9, arbitrary: shown }, fc.constant(absent(field)));
}

const absent = (field: FieldValue['field']): FieldValue => ({
  field,
  value: null,
  flags: [FLAG_ABSENT],
});

const groupOf = (fields: readonly FieldValue['field'][]) =>
  fc.option(fc.tuple(...fields.map(shownIn)), { nil: [] });

const timeOf = fc
  .date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2099-12-31T23:59:00Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString().slice(0, 16).replace('T', ' '));

const recordOf: fc.Arbitrary<LoadRecord> = fc
  .record({
    time: timeOf,
    isMarkedIncorrect: fc.boolean(),
    groups: fc.tuple(...GROUPS.map(groupOf)),
  })
  .map(({ groups, ...record }) => ({ ...record, values: groups.flat() }));

const recordsOf = fc.array(recordOf, { maxLength: 5 });
const bytesOf = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xa0, 0xe0, 0xaa, 0xe5)), {
    maxLength: 60,
  })
  .map((bytes) => Uint8Array.from(bytes));

/** Numbers compared as the meter shows them; a bigint has no JSON form. */
const plain = (records: readonly LoadRecord[]) =>
  records.map(({ time, isMarkedIncorrect, values }) => ({
    time,
    isMarkedIncorrect,
    values: values.map(({ field, value, flags }) => [field.name, value, flags]),
  }));

describe('load records', () => {
  it('have fields in all groups', () => {
    expect(GROUPS.map((fields) => fields.length)).toEqual(SIZES);
    expect(FIELDS).toHaveLength(29);
  });

  it('are the same after encoding and parsing, however many', () => {
    fc.assert(
      fc.property(recordsOf, (records) => {
        const content = concatBytes(...records.map(encodeLoadRecord));
        const parsed = parseLoadRecords(content, 'minute-first');
        expect(parsed.issues).toEqual([]);
        expect(plain(parsed.records)).toEqual(plain(records));
      }),
      { numRuns: 300 },
    );
  });

  it('are found behind any one that lost a byte', () => {
    fc.assert(
      fc.property(recordOf, recordOf, fc.nat(), (broken, sound, place) => {
        const bytes = encodeLoadRecord(broken);
        const at = place % bytes.length;
        const content = concatBytes(
          bytes.subarray(0, at),
          bytes.subarray(at + 1),
          encodeLoadRecord(sound),
        );
        const { records, issues } = parseLoadRecords(content, 'minute-first');
        expect(plain(records).at(-1)).toEqual(plain([sound])[0]);
        expect(issues.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('are never invented from a damaged one', () => {
    fc.assert(
      fc.property(recordOf, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, flip) => {
        const bytes = encodeLoadRecord(record);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        expect(parseLoadRecords(bytes).records).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('throw for no bytes at all', () => {
    fc.assert(
      fc.property(bytesOf, recordsOf, bytesOf, (before, records, after) => {
        const content = concatBytes(before, ...records.map(encodeLoadRecord), after);
        const found = parseLoadRecords(content);
        expect(found.records.length + found.issues.length).toBeGreaterThanOrEqual(
          content.length > 1 ? 1 : 0,
        );
      }),
      { numRuns: 500 },
    );
  });
});
