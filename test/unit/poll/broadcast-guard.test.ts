import { describe, expect, it } from 'vitest';
import { type BroadcastCase, mayBroadcast } from '../../../src/poll/broadcast-guard.ts';
import type { Schedule } from '../../../src/poll/slots.ts';

const ZONE = 'Asia/Shanghai';
const at = (wall: string) => Date.parse(`2026-11-23T${wall}+08:00`);
const MINUTE = 60_000;

const QUARTERS: Schedule = { kind: 'interval', everyMs: 15 * MINUTE };
const daily = (wall: string): Schedule => ({ kind: 'daily', at: wall, isFreeze: true });

const GOOD: BroadcastCase = {
  isConfigured: true,
  clockState: 'synced',
  now: at('10:07:00'),
  lastBroadcastAt: at('10:07:00') - 24 * 60 * MINUTE,
  offsetsMs: [0],
  schedules: [],
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
    [[], 'drift not known'],
    [[5 * MINUTE], 'due'],
    [[-5 * MINUTE], 'due'],
    [[0, 5 * MINUTE + 1], 'drift beyond five minutes'],
    [[-5 * MINUTE - 1, 0], 'drift beyond five minutes'],
  ] as const)('depends on the drift: %s ms', (offsetsMs, reason) => {
    expect(reasonFor({ now: at('10:30:00'), offsetsMs })).toBe(reason);
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
    ['00:00:00', 'a freeze is near'],
    ['00:05:00', 'a freeze is near'],
    ['00:05:01', 'due'],
    ['10:54:59', 'due'],
    ['10:55:00', 'a freeze is near'],
    ['11:00:00', 'a freeze is near'],
    ['11:05:01', 'due'],
  ] as const)('keeps away from midnight and the full hours: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall) })).toBe(reason);
  });

  it.each([
    ['10:14:59', 'due'],
    ['10:15:00', 'a freeze is near'],
    ['10:25:00', 'a freeze is near'],
    ['10:25:01', 'due'],
  ] as const)('keeps away from a daily reading at 10:20: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall), schedules: [daily('10:20')] })).toBe(reason);
  });

  it.each([
    ['10:16:00', 'a slot edge is near'],
    ['10:16:01', 'due'],
    ['10:28:59', 'due'],
    ['10:29:00', 'a slot edge is near'],
  ] as const)('keeps away from the edges of slots: %s', (wall, reason) => {
    expect(reasonFor({ now: at(wall), schedules: [QUARTERS] })).toBe(reason);
  });

  // A meter that is 2 minutes ahead goes back over 10:30 where the gateway has 10:29.
  it.each([
    ['10:26:59', [120], 'due', 'the meter has 10:28:59'],
    ['10:27:00', [120], 'a slot edge is near', 'the meter has 10:29:00'],
    ['10:28:30', [120], 'a slot edge is near', 'the edge is between the two'],
    ['10:31:00', [120], 'a slot edge is near', 'the gateway is near'],
    ['10:31:01', [120], 'due', 'the meter has 10:33:01'],
    ['10:28:59', [-120], 'due', 'the meter has 10:26:59'],
    ['10:29:00', [-120], 'a slot edge is near', 'the gateway is near'],
    ['10:31:30', [-120], 'a slot edge is near', 'the edge is between the two'],
    ['10:33:00', [-120], 'a slot edge is near', 'the meter has 10:31:00'],
    ['10:33:01', [-120], 'due', 'the meter has 10:31:01'],
    ['10:23:59', [-270, 300], 'due', 'one of two has 10:28:59'],
    ['10:24:00', [-270, 300], 'a slot edge is near', 'one of two has 10:29:00'],
    ['10:34:30', [-270, 300], 'a slot edge is near', 'one of two has 10:30:00'],
    ['10:52:59', [120], 'due', 'the meter has 10:54:59'],
    ['10:53:00', [120], 'a freeze is near', 'the meter has 10:55:00, and freezes hourly'],
    ['23:53:00', [120], 'a freeze is near', 'the meter has 23:55:00'],
    ['00:06:59', [-120], 'a freeze is near', 'the meter has 00:04:59'],
    ['00:07:01', [-120], 'due', 'the meter has 00:05:01'],
  ] as const)('at %s with meters off by %j s: %s, for %s', (...[wall, seconds, reason]) => {
    const offsetsMs = seconds.map((each) => each * 1000);
    // Beside half hours, so that the rows tell slots from full hours.
    const schedules: Schedule[] = [{ kind: 'interval', everyMs: 30 * MINUTE }];
    expect(reasonFor({ now: at(wall), offsetsMs, schedules })).toBe(reason);
  });
});
