import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Format, TimeLayout } from '../../drivers/dlt645/format.ts';
import { type Field, findItem, type Item, TABLES } from '../../drivers/dlt645/items.ts';
import { sampleIdentifiers } from '../../drivers/dlt645/tables/patterns.ts';
import { decodeItem, encodeItem, type ValueToEncode } from '../../drivers/dlt645/values.ts';
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { AmrError } from '../../src/core/errors.ts';

const rows = TABLES.flatMap((table) => table.rows());
const samples = rows.flatMap(sampleIdentifiers);
const itemOf = fc.constantFrom(...samples).map((di): Item => {
  const item = findItem(di);
  if (item === undefined) throw new Error(`no ${di}`);
  return item;
});

const pad = (value: number) => String(value).padStart(2, '0');
const numberFrom = (min: number, max: number) => fc.integer({ min, max }).map(pad);

/** What each pair of a layout may hold; days that every month has. */
const PAIRS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  YY: numberFrom(0, 99),
  MM: numberFrom(1, 12),
  DD: numberFrom(1, 28),
  hh: numberFrom(0, 23),
  mm: numberFrom(0, 59),
  ss: numberFrom(0, 59),
  WW: fc.integer({ min: 0, max: 6 }).map(String),
};

/** Written as people write it: date, weekday, time. */
function timeOf(layout: TimeLayout): fc.Arbitrary<string> {
  const names = layout.match(/../g) ?? [];
  const pairs = names.map((name) => PAIRS[name] ?? fc.constant(''));
  return fc.tuple(...pairs).map((texts) => {
    const named = new Map(names.map((name, index) => [name, texts[index] ?? '']));
    const join = (some: string[], between: string) =>
      some.flatMap((name) => named.get(name) ?? []).join(between);
    const date = join(['YY', 'MM', 'DD'], '-');
    const weekday = named.has('WW') ? `weekday ${named.get('WW')}` : '';
    const full = named.has('YY') ? `20${date}` : date;
    return [full, weekday, join(['hh', 'mm', 'ss'], ':')].filter((one) => one !== '').join(' ');
  });
}

function decimalOf(format: Format & { kind: 'number' }): fc.Arbitrary<Decimal | null> {
  const largest = 10n ** BigInt(format.bytes * 2) - 1n;
  const max = format.signed ? 8n * 10n ** BigInt(format.bytes * 2 - 1) - 1n : largest;
  const count = fc.bigInt({ min: format.signed ? -max : 0n, max });
  return fc.option(count.map((one) => decimal(one, format.decimals)));
}

const hexOf = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((some) => Array.from(some, (byte) => byte.toString(16).padStart(2, '0')).join(''));

function formattedBy(format: Format): fc.Arbitrary<Decimal | string | null> {
  switch (format.kind) {
    case 'number':
      return decimalOf(format);
    case 'time':
      return fc.option(timeOf(format.layout));
    case 'digits':
      return hexOf(format.bytes).map((text) => (/^f+$/.test(text) ? null : text.toUpperCase()));
    case 'bits':
      return hexOf(format.bytes).map((text) => `0x${text.toUpperCase()}`);
    case 'text':
      return fc.stringMatching(new RegExp(`^[!-~]{0,${format.bytes}}$`));
    case 'raw':
      return hexOf(format.bytes);
  }
}

/** A missing value has no moment; a value may have been reached never. */
function fieldOf({ format, time }: Field): fc.Arbitrary<ValueToEncode> {
  const value = formattedBy(format);
  if (time === undefined) return value.map((one) => ({ value: one }));
  return fc
    .tuple(value, fc.option(timeOf(time.layout)))
    .map(([one, at]) => ({ value: one, at: one === null ? null : at }));
}

function valuesOf(item: Item): fc.Arbitrary<ValueToEncode[]> {
  if (item.carries === 'secret') return fc.constant([]);
  if (item.carries === 'bytes') return hexOf(20).map((value) => [{ value }]);
  const layouts = [item.fields, ...(item.layouts ?? [])];
  const whole = fc.constantFrom(...layouts).chain((fields) => fc.tuple(...fields.map(fieldOf)));
  // Blocks of equal fields come shorter, too.
  const isBlock = layouts.length === 1 && item.groups === undefined;
  return whole.chain((values) =>
    isBlock
      ? fc.integer({ min: 1, max: values.length }).map((count) => values.slice(0, count))
      : fc.constant(values),
  );
}

const withValues = itemOf.chain((item) => fc.tuple(fc.constant(item), valuesOf(item)));

const plain = ({ value, at }: ValueToEncode) => (at === undefined ? { value } : { value, at });

const isMoment = ({ format }: Field) =>
  format.kind === 'time' && format.layout.startsWith('YYMMDDhhmm');

/** A record without any of its moments is of nothing that happened: no value of it comes back. */
function comingBack({ isRecord, fields }: Item, values: readonly ValueToEncode[]): ValueToEncode[] {
  const moments = values.filter((_, index) => {
    const field = fields[index];
    return field !== undefined && isMoment(field);
  });
  const isNever = isRecord && moments.length > 0 && moments.every(({ value }) => value === null);
  if (!isNever) return values.map(plain);
  return values.map(({ at }) => ({ value: null, ...(at === undefined ? {} : { at: null }) }));
}

function decodedOrRefused(item: Item, content: Uint8Array) {
  try {
    return decodeItem(item, content);
  } catch (thrown) {
    return thrown instanceof AmrError ? thrown.code : String(thrown);
  }
}

describe('every row of the tables', () => {
  it('is drawn from', () => {
    expect(rows).toHaveLength(497);
    expect(samples).toHaveLength(1211);
  });

  it('decodes what it has encoded to the same values', () => {
    const roundTrip = ([item, values]: [Item, ValueToEncode[]]) => {
      const decoded = decodeItem(item, encodeItem(item, values));
      expect(decoded.map(plain)).toEqual(comingBack(item, values));
    };
    fc.assert(fc.property(withValues, roundTrip), { numRuns: 1000 });
    // Chance leaves rows out: one round for each.
    for (const di of samples) {
      const item = findItem(di);
      if (item === undefined) throw new Error(di);
      fc.assert(
        fc.property(valuesOf(item), (values) => roundTrip([item, values])),
        { numRuns: 2 },
      );
    }
  }, 120_000);

  it('takes any bytes without any error but its own, and shows no password', () => {
    fc.assert(
      fc.property(itemOf, fc.uint8Array({ maxLength: 250 }), (item, content) => {
        const values = decodedOrRefused(item, content);
        if (item.carries === 'secret') expect(values).toEqual([]);
        else if (values !== 'FRAME_LENGTH') {
          expect(values).toBeInstanceOf(Array);
          expect(values.length > 0 || content.length === 0).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  }, 60_000);
});
