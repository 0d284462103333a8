import { describe, expect, it } from 'vitest';
import { formatInstant } from '../../../src/core/zoned-time.ts';
import { type Schedule, slotAfter } from '../../../src/poll/slots.ts';

const quarterHours: Schedule = { kind: 'interval', everyMs: 15 * 60_000 };

function slotsBetween(from: string, to: string, schedule: Schedule, zone: string): number[] {
  const slots: number[] = [];
  let slot = slotAfter(Date.parse(from) - 1, schedule, zone);
  while (slot.opensAt < Date.parse(to)) {
    slots.push(slot.at);
    slot = slotAfter(slot.opensAt, schedule, zone);
  }
  return slots;
}

describe('slots of an interval', () => {
  it('stand at :00 :15 :30 :45 and close where the next one opens', () => {
    const slot = slotAfter(Date.parse('2026-11-23T10:07:00+08:00'), quarterHours, 'Asia/Shanghai');
    expect(formatInstant(slot.at, 'Asia/Shanghai')).toBe('2026-11-23T10:15:00.000+08:00');
    expect(slot.opensAt).toBe(slot.at);
    expect(slot.closesAt - slot.opensAt).toBe(15 * 60_000);
  });

  it('come strictly after the moment asked', () => {
    const at = Date.parse('2026-11-23T10:15:00+08:00');
    expect(slotAfter(at, quarterHours, 'Asia/Shanghai').at).toBe(at + 15 * 60_000);
    expect(slotAfter(at - 1, quarterHours, 'Asia/Shanghai').at).toBe(at);
  });

  it.each([
    ['2026-03-29T00:00:00+01:00', '2026-03-30T00:00:00+02:00', 92],
    ['2026-10-25T00:00:00+02:00', '2026-10-26T00:00:00+01:00', 100],
    ['2026-11-23T00:00:00+01:00', '2026-11-24T00:00:00+01:00', 96],
  ])('of the day from %s are %#: as many as the day has quarter-hours', (from, to, count) => {
    const slots = slotsBetween(from, to, quarterHours, 'Europe/Berlin');
    expect(slots).toHaveLength(count);
    expect(new Set(slots).size).toBe(count);
    expect(slots[0]).toBe(Date.parse(from));
  });

  it('begin anew at every local midnight, also where the offset is no whole hour', () => {
    const hourly: Schedule = { kind: 'interval', everyMs: 3_600_000 };
    const slot = slotAfter(Date.parse('2026-11-23T10:07:00+05:30'), hourly, 'Asia/Kolkata');
    expect(formatInstant(slot.at, 'Asia/Kolkata')).toBe('2026-11-23T11:00:00.000+05:30');
  });
});

describe('slots of a day', () => {
  const daily: Schedule = { kind: 'daily', at: '00:05', isFreeze: true };

  it('are named by the beginning of the day and open at the wall time', () => {
    const slot = slotAfter(Date.parse('2026-11-22T12:00:00+08:00'), daily, 'Asia/Shanghai');
    expect(formatInstant(slot.at, 'Asia/Shanghai')).toBe('2026-11-23T00:00:00.000+08:00');
    expect(formatInstant(slot.opensAt, 'Asia/Shanghai')).toBe('2026-11-23T00:05:00.000+08:00');
    expect(slot.closesAt).toBeGreaterThan(slot.opensAt);
  });

  it('are named by their own moment where no freeze is read', () => {
    const schedule: Schedule = { kind: 'daily', at: '08:00', isFreeze: false };
    const slot = slotAfter(Date.parse('2026-11-22T12:00:00+08:00'), schedule, 'Asia/Shanghai');
    expect(formatInstant(slot.at, 'Asia/Shanghai')).toBe('2026-11-23T08:00:00.000+08:00');
  });

  it('of today is still ahead at midnight', () => {
    const slot = slotAfter(Date.parse('2026-11-23T00:00:00+08:00'), daily, 'Asia/Shanghai');
    expect(formatInstant(slot.at, 'Asia/Shanghai')).toBe('2026-11-23T00:00:00.000+08:00');
  });

  it('come once a day over a year with both changes of the clock', () => {
    const atHalfPastTwo: Schedule = { kind: 'daily', at: '02:30', isFreeze: true };
    const slots = slotsBetween(
      '2026-01-01T00:00:00+01:00',
      '2027-01-01T00:00:00+01:00',
      atHalfPastTwo,
      'Europe/Berlin',
    );
    expect(slots).toHaveLength(365);
    expect(new Set(slots).size).toBe(365);
  });
});
