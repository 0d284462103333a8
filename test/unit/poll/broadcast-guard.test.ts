import { describe, expect, it } from 'vitest';
import { type BroadcastCase, mayBroadcast } from '../../../src/poll/broadcast-guard.ts';

const ZONE = 'Asia/Shanghai';
const at = (wall: string) => Date.parse(`2026-11-23T${wall}+08:00`);
const MINUTE = 60_000;

const GOOD: BroadcastCase = {
  isConfigured: true,
  clockState: 'synced',
  now: at('10:07:00'),
  lastBroadcastAt: at('10:07:00') - 24 * 60 * MINUTE,
  driftMs: 90_000,
  slots: [at('10:00:00'), at('10:15:00')],
  freezes: [],
  zone: ZONE,
};

const reasonFor = (some: Partial<BroadcastCase>) => mayBroadcast({ ...GOOD, ...some }).reason;

describe('whether the clocks of a line may be set', () => {
  it('is allowed when all is well, or was never done', () => {
    expect(mayBroadcast(GOOD)).toEqual({ allowed: true, reason: 'due' });
    expect(mayBroadcast({ ...GOOD, lastBroadcastAt: null }).allowed).toBe(true);
  });

  it('is refused unless the operator asked for it', () => {
    expect(mayBroadcast({ ...GOOD, isConfigured: false })).toEqual({
      allowed: false,
      reason: 'not configured',
    });
  });

  it.each(['rtc', 'unsynced'] as const)('is refused while the own clock is %s', (clockState) => {
    expect(reasonFor({ clockState })).toBe('gateway clock not synchronised');
  });

  it.each([
    [null, 'drift not known'],
    [5 * MINUTE, 'due'],
    [-5 * MINUTE, 'due'],
    [5 * MINUTE + 1, 'drift beyond five minutes'],
    [-5 * MINUTE - 1, 'drift beyond five minutes'],
  ] as const)('depends on the drift: %s ms', (driftMs, reason) => {
    expect(reasonFor({ driftMs })).toBe(reason);
  });

  it.each([
    ['the same morning', at('00:10:00'), 'already sent today'],
    ['a moment ago', at('10:06:59'), 'already sent today'],
    ['the evening before', at('00:00:00') - 1, 'due'],
    ['later today, before the clock was set back', at('11:00:00'), 'already sent today'],
    ['tomorrow, before the clock was set back', at('23:59:59') + 1000, 'already sent today'],
  ] as const)('is done once a day: %s', (_, lastBroadcastAt, reason) => {
    expect(reasonFor({ lastBroadcastAt })).toBe(reason);
  });

  it.each([
    ['23:54:59', 'due'],
    ['23:55:00', 'a freeze is near'],
    ['23:59:59', 'a freeze is near'],
    ['00:00:00', 'a freeze is near'],
    ['00:05:00', 'a freeze is near'],
    ['00:05:01', 'due'],
  ] as const)('keeps away from midnight: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall), slots: [] })).toBe(reason);
  });

  it.each([
    ['10:02:59', 'due'],
    ['10:03:00', 'a freeze is near'],
    ['10:13:00', 'a freeze is near'],
    ['10:13:01', 'due'],
  ] as const)('keeps away from a freeze at 10:08: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall), freezes: [at('10:08:00')] })).toBe(reason);
  });

  it.each([
    ['10:01:00', 'a slot edge is near'],
    ['10:01:01', 'due'],
    ['10:13:59', 'due'],
    ['10:14:00', 'a slot edge is near'],
  ] as const)('keeps away from the edges of slots: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall) })).toBe(reason);
  });
});
