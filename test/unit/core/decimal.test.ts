import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal, parseDecimal } from '../../../src/core/decimal.ts';

describe('a decimal', () => {
  it.each([
    [0n, 0, '0'],
    [0n, 2, '0.00'],
    [5n, 2, '0.05'],
    [-5n, 2, '-0.05'],
    [100n, 2, '1.00'],
    [12345678n, 2, '123456.78'],
    [-12345n, 4, '-1.2345'],
    [42n, 0, '42'],
    [2n ** 80n, 3, '1208925819614629174706.176'],
  ])('of %s with %i decimals is "%s", and back', (coefficient, decimals, text) => {
    expect(formatDecimal({ coefficient, decimals })).toBe(text);
    expect(parseDecimal(text)).toEqual({ coefficient, decimals });
  });

  it('takes a plain number as its coefficient', () => {
    expect(decimal(1234, 2)).toEqual({ coefficient: 1234n, decimals: 2 });
    expect(() => decimal(12.5, 2)).toThrow(RangeError);
  });

  it('knows no negative zero', () => {
    expect(parseDecimal('-0.00')).toEqual({ coefficient: 0n, decimals: 2 });
  });

  it.each(['', '-', '.5', '5.', '1,5', '+1', '1e3', '0x10', ' 1', '1 ', '1.2.3', 'NaN', '--1'])(
    '"%s" is none',
    (text) => {
      expect(parseDecimal(text)).toBeNull();
    },
  );
});
