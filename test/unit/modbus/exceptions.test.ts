import { describe, expect, it } from 'vitest';
import { EXCEPTIONS, exceptionOf } from '../../../drivers/modbus/exceptions.ts';
import { ERROR_CODES } from '../../../src/core/errors.ts';

const codes = Object.keys(EXCEPTIONS).map(Number);

describe('the exception codes', () => {
  it('are those of the standard, and one of its older editions', () => {
    expect(codes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 11]);
  });

  it('say whether asking again may help', () => {
    const isTransient = (code: number) => ERROR_CODES[exceptionOf(code).error].transient;
    expect(codes.filter(isTransient)).toEqual([5, 6, 10, 11]);
  });

  it.each([
    ['a hole in the registers', 2, 'METER_UNSUPPORTED'],
    ['a failure inside the meter', 4, 'METER_EXCEPTION'],
    ['a busy meter', 6, 'METER_BUSY'],
    ['a silent meter behind a gateway', 0x0b, 'BUS_NO_REPLY'],
    ['a code that no standard has', 0x7f, 'METER_EXCEPTION'],
  ])('tell %s', (_, code, error) => {
    expect(exceptionOf(code).error).toBe(error);
  });
});
