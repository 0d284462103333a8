import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inOrder,
  integerOf,
  ORDERS,
  type Order,
  roundFloat,
  type WordType,
  wordValue,
} from '../../drivers/modbus/words.ts';
import { decimal, formatDecimal } from '../../src/core/decimal.ts';

/** Where each byte, the most significant first, stands on the wire. */
const PLACES: Readonly<Record<Order, readonly number[]>> = {
  ABCD: [0, 1, 2, 3, 4, 5, 6, 7],
  CDAB: [6, 7, 4, 5, 2, 3, 0, 1],
  BADC: [1, 0, 3, 2, 5, 4, 7, 6],
  DCBA: [7, 6, 5, 4, 3, 2, 1, 0],
};

/** The test's own way onto the wire. */
function onWire(most: Uint8Array, order: Order): Uint8Array {
  const skipped = order === 'CDAB' || order === 'DCBA' ? 8 - most.length : 0;
  const wire = new Uint8Array(most.length);
  most.forEach((byte, index) => {
    wire[(PLACES[order][index] ?? 0) - skipped] = byte;
  });
  return wire;
}

const read = (wire: Uint8Array, type: WordType, order: Order) =>
  wordValue(integerOf(inOrder(wire, order)), type);

const orderOf = fc.constantFrom(...ORDERS);

interface Codec {
  readonly type: WordType;
  readonly bits: number;
  readonly isSigned: boolean;
  readonly write: (view: DataView, value: bigint) => void;
}

const INTEGERS: readonly Codec[] = [
  { type: 'u16', bits: 16, isSigned: false, write: (v, x) => v.setUint16(0, Number(x)) },
  { type: 'i16', bits: 16, isSigned: true, write: (v, x) => v.setInt16(0, Number(x)) },
  { type: 'u32', bits: 32, isSigned: false, write: (v, x) => v.setUint32(0, Number(x)) },
  { type: 'i32', bits: 32, isSigned: true, write: (v, x) => v.setInt32(0, Number(x)) },
  { type: 'u64', bits: 64, isSigned: false, write: (v, x) => v.setBigUint64(0, x) },
  { type: 'i64', bits: 64, isSigned: true, write: (v, x) => v.setBigInt64(0, x) },
];

describe('integers', () => {
  it.each(INTEGERS)('$type: what was written is read, in every order', (codec) => {
    const { type, bits, isSigned, write } = codec;
    const min = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
    const max = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n;
    fc.assert(
      fc.property(fc.bigInt({ min, max }), orderOf, (integer, order) => {
        const view = new DataView(new ArrayBuffer(bits / 8));
        write(view, integer);
        const wire = onWire(new Uint8Array(view.buffer), order);
        expect(read(wire, type, order)).toEqual({ kind: 'integer', integer });
      }),
    );
  });

  it('packed decimals: what was written is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), orderOf, (value, order) => {
        const most = Uint8Array.from(Buffer.from(String(value).padStart(8, '0'), 'hex'));
        const wanted = { kind: 'integer', integer: BigInt(value) };
        expect(read(onWire(most, order), 'bcd32', order)).toEqual(wanted);
      }),
    );
  });
});

/** The double as a whole number over a power of two, found by doubling, which loses nothing. */
function fractionOf(value: number): [numerator: bigint, twos: number] {
  let twos = 0;
  let whole = value;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    twos += 1;
  }
  return [BigInt(whole), twos];
}

/** All decimals that the double has: n / 2^k = n x 5^k / 10^k. */
function expansion(value: number): { negative: boolean; whole: string; fraction: string } {
  const [numerator, twos] = fractionOf(Math.abs(value));
  const digits = (numerator * 5n ** BigInt(twos)).toString().padStart(twos + 1, '0');
  const point = digits.length - twos;
  return { negative: value < 0, whole: digits.slice(0, point), fraction: digits.slice(point) };
}

/** Rounds as one does on paper: looks at the digits behind the last one that stays. */
function roundedOnPaper(value: number, decimals: number): string {
  const { negative, whole, fraction } = expansion(value);
  const kept = whole + fraction.slice(0, decimals).padEnd(decimals, '0');
  const dropped = fraction.slice(decimals);
  const isHalf = /^50*$/.test(dropped);
  const isUp = isHalf ? Number(kept.at(-1)) % 2 === 1 : /^[5-9]/.test(dropped);
  const coefficient = BigInt(kept) + (isUp ? 1n : 0n);
  return formatDecimal(decimal(negative ? -coefficient : coefficient, decimals));
}

/** Halves and quarters of a step are as likely as anything else. */
const numberOf = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -100_000_000, max: 100_000_000 }).map((eighths) => eighths / 8),
  fc.integer({ min: -100_000_000, max: 100_000_000 }).map((thousandths) => thousandths / 1000),
);

const FORMS = {
  f32: { bytes: 4, smallest: 2 ** -126, fit: Math.fround },
  f64: { bytes: 8, smallest: 2 ** -1022, fit: (value: number) => value },
} as const;
const isNormal = (type: keyof typeof FORMS, value: number) =>
  value === 0 || (Number.isFinite(value) && Math.abs(value) >= FORMS[type].smallest);

function bytesOf(type: keyof typeof FORMS, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(FORMS[type].bytes));
  if (type === 'f32') view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return new Uint8Array(view.buffer);
}

describe('floats', () => {
  it.each(['f32', 'f64'] as const)('%s: rounded once, as on paper', (type) => {
    let halves = 0;
    fc.assert(
      fc.property(numberOf, fc.integer({ min: 0, max: 6 }), orderOf, (given, decimals, order) => {
        const value = FORMS[type].fit(given);
        fc.pre(isNormal(type, value));
        const word = read(onWire(bytesOf(type, value), order), type, order);
        if (word.kind !== 'float') throw new Error('no float');
        const text = formatDecimal(decimal(roundFloat(word, decimals), decimals));
        expect(text).toBe(roundedOnPaper(value, decimals));
        halves += /^50*$/.test(expansion(value).fraction.slice(decimals)) ? 1 : 0;
      }),
      { numRuns: 2000 },
    );
    expect(halves).toBeGreaterThan(50);
  });

  it('has none for any NaN and any subnormal, and a number for all else that is finite', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const value = new DataView(bytes.slice().buffer).getFloat64(0);
        expect(read(bytes, 'f64', 'ABCD').kind === 'float').toBe(isNormal('f64', value));
      }),
    );
  });
});
