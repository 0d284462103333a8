import { describe, expect, it } from 'vitest';
import { decimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, type RegisterValue } from '../../../src/core/driver.ts';
import { readingSchema } from '../../../src/core/reading.ts';
import { findRegister } from '../../../src/core/registers.ts';
import type { Task } from '../../../src/poll/agenda.ts';
import { readingOf } from '../../../src/poll/reading-of.ts';

const SLOT = Date.parse('2026-11-23T00:00:00+08:00');
const task = { meter: 'm1', plan: { kind: 'freeze-daily' }, slot: { at: SLOT } } as unknown as Task;

function demand(shown: Pick<RegisterValue, 'value' | 'at'>, zone = 'Asia/Shanghai') {
  const register = findRegister('demand_active_import_max');
  if (register === undefined) throw new Error('no demand');
  const flags = shown.value === null ? [FLAG_ABSENT] : [];
  const values = [{ register, flags, ...shown }];
  const outcome = { values, failures: [], attempts: 1, frozenAt: null };
  const reading = readingOf(task, outcome, { readAt: SLOT + 60_000, zone, clockState: 'synced' });
  return readingSchema.parse(reading).values['1-0:1.6.0'];
}

describe('a maximum demand in a reading', () => {
  it('carries the instant at which it was reached', () => {
    expect(demand({ value: decimal(78123, 4), at: '2026-11-03T19:15:00' })).toEqual({
      value: '7.8123',
      at: '2026-11-03T19:15:00.000+08:00',
    });
  });

  it('is of the zone in which the meter shows its time', () => {
    const shown = { value: decimal(78123, 4), at: '2026-07-03T19:15:00' };
    expect(demand(shown, 'Europe/Berlin')).toMatchObject({ at: '2026-07-03T19:15:00.000+02:00' });
  });

  it('has no instant where it never was', () => {
    expect(demand({ value: decimal(0, 4), at: null })).toEqual({ value: '0.0000', at: null });
  });

  it('keeps its form where the meter has none', () => {
    expect(demand({ value: null, at: null })).toEqual({ value: null, at: null });
  });

  it('is plain where the meter tells no moment', () => {
    expect(demand({ value: decimal(78123, 4) })).toBe('7.8123');
  });
});
