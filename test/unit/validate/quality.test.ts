import { describe, expect, it } from 'vitest';
import type { ClockState } from '../../../src/core/clock.ts';
import { decimal } from '../../../src/core/decimal.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { findRegister, type Register } from '../../../src/core/registers.ts';
import { qualityOf } from '../../../src/validate/quality.ts';

const register = findRegister('voltage_l1') as Register;
const shown = { register, value: decimal(2300, 1), flags: [] };
const absent = { register, value: null, flags: ['2.5.259'] };
const invalid = { register, value: null, flags: ['2.5.257'] };
const unsupported = { registers: [register], error: new AmrError('METER_UNSUPPORTED', 'test') };
const failure = { registers: [register], error: new AmrError('BUS_NO_REPLY', 'test') };

describe('the quality of a reading', () => {
  it.each([
    ['good', [shown], [], 'synced'],
    ['good', [shown], [], 'rtc'],
    ['time-doubtful', [shown], [], 'unsynced'],
    ['good', [shown, absent], [], 'synced'],
    ['good', [shown], [unsupported], 'synced'],
    ['suspect', [shown, invalid], [], 'synced'],
    ['missing', [], [unsupported], 'synced'],
    ['suspect', [shown], [failure], 'unsynced'],
    ['missing', [], [failure], 'synced'],
  ] as const)('is %s', (quality, values, failures, clock) => {
    expect(qualityOf({ values, failures }, clock as ClockState)).toBe(quality);
  });
});
