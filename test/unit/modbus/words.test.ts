import { describe, expect, it } from 'vitest';
import {
  inOrder,
  integerOf,
  type Order,
  roundFloat,
  type WordType,
  wordValue,
} from '../../../drivers/modbus/words.ts';
import { decimal, formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../../src/core/driver.ts';

const take = (hex: string, type: WordType, order: Order = 'ABCD') =>
  wordValue(integerOf(inOrder(Uint8Array.from(Buffer.from(hex, 'hex')), order)), type);

function rounded(hex: string, type: WordType, decimals: number): string {
  const value = take(hex, type);
  if (value.kind !== 'float') throw new Error(`${hex} is no float`);
  return formatDecimal(decimal(roundFloat(value, decimals), decimals));
}

describe('the order of bytes', () => {
  it.each<[Order, string]>([
    ['ABCD', '0a0b0c0d'],
    ['CDAB', '0c0d0a0b'],
    ['BADC', '0b0a0d0c'],
    ['DCBA', '0d0c0b0a'],
  ])('%s of two registers', (order, wire) => {
    expect(take(wire, 'u32', order)).toEqual({ kind: 'integer', integer: 0x0a0b0c0dn });
  });

  it.each<[Order, string]>([
    ['ABCD', '0102030405060708'],
    ['CDAB', '0708050603040102'],
    ['BADC', '0201040306050807'],
    ['DCBA', '0807060504030201'],
  ])('%s of four registers', (order, wire) => {
    expect(take(wire, 'u64', order)).toEqual({ kind: 'integer', integer: 0x0102030405060708n });
  });

  it('swaps the bytes of one register, but not one word with itself', () => {
    expect(take('0102', 'u16', 'CDAB')).toEqual({ kind: 'integer', integer: 0x0102n });
    expect(take('0102', 'u16', 'BADC')).toEqual({ kind: 'integer', integer: 0x0201n });
  });
});

describe('integers', () => {
  it.each<[WordType, string, bigint]>([
    ['u16', 'ffff', 65535n],
    ['i16', 'ffff', -1n],
    ['i16', '8000', -32768n],
    ['i32', '80000000', -2147483648n],
    ['u32', 'ffffffff', 4294967295n],
    ['u64', 'ffffffffffffffff', 18446744073709551615n],
    ['i64', '8000000000000001', -9223372036854775807n],
    ['bcd16', '9876', 9876n],
    ['bcd32', '00123456', 123456n],
  ])('%s %s', (type, hex, integer) => {
    expect(take(hex, type)).toEqual({ kind: 'integer', integer });
  });

  it('has no number in nibbles beyond 9', () => {
    expect(take('12a4', 'bcd16')).toEqual({ kind: 'none', flag: FLAG_INVALID });
    expect(take('ffffffff', 'bcd32')).toEqual({ kind: 'none', flag: FLAG_INVALID });
  });
});

describe('floats', () => {
  it.each<[WordType, string, number, string]>([
    ['f32', '4640e6ae', 3, '12345.670'], // 12345.669921875
    ['f32', '43663334', 1, '230.2'],
    ['f32', 'c4131eb8', 1, '-588.5'],
    ['f64', '40c81cd6e631f8a1', 3, '12345.679'],
    ['f32', '80000000', 2, '0.00'],
    ['f32', '00800000', 5, '0.00000'],
    ['f32', '7f7fffff', 0, '340282346638528859811704183484516925440'],
  ])('%s %s rounds once to %i decimals', (type, hex, decimals, text) => {
    expect(rounded(hex, type, decimals)).toBe(text);
  });

  it.each<[string, number, string]>([
    ['3f000000', 0, '0'], // 0.5
    ['3fc00000', 0, '2'], // 1.5
    ['40200000', 0, '2'], // 2.5
    ['bf000000', 0, '0'],
    ['bfc00000', 0, '-2'],
    ['3e000000', 2, '0.12'], // 0.125
    ['3ec00000', 2, '0.38'], // 0.375
    ['3e000001', 2, '0.13'],
  ])('a half goes to the even: %s to %i decimals', (hex, decimals, text) => {
    expect(rounded(hex, 'f32', decimals)).toBe(text);
  });

  it('rounds to tens where the step is one', () => {
    const value = take('4ceb79a2', 'f32');
    expect(value.kind === 'float' && roundFloat(value, -1)).toBe(12345678n);
  });

  it('is exact among the smallest', () => {
    const value = take('00800000', 'f32'); // 2^-126
    expect(value.kind === 'float' && roundFloat(value, 54)).toBe(11754943508222875n);
  });

  it.each(['7fc00000', '7f800001', 'ffffffff'])('%s is no value', (hex) => {
    expect(take(hex, 'f32')).toEqual({ kind: 'none', flag: FLAG_ABSENT });
  });

  it.each<[WordType, string]>([
    ['f32', '7f800000'],
    ['f32', 'ff800000'],
    ['f64', '7ff0000000000000'],
    // Subnormals: numbers of few digits in another word order, 230.0 the first.
    ['f32', '00004366'],
    ['f32', '00000001'],
    ['f32', '807fffff'],
    ['f64', '0000000000004069'],
  ])('%s %s is an error of the meter', (type, hex) => {
    expect(take(hex, type)).toEqual({ kind: 'none', flag: FLAG_INVALID });
  });
});
