import pino from 'pino';
import { describe, expect, it } from 'vitest';
import {
  type BroadcastCase,
  broadcastTime,
  broadcastTimeFrame,
  mayBroadcast,
} from '../../../drivers/dlt645/clock-broadcast.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

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

describe('setting the clocks of a line', () => {
  /*
   * 08H to 99 six times: ss mm hh DD MM YY = 59 58 23 31 12 26, 33H added: 8C 8B 56 64 45 59.
   * 2 x 68 + 6 x 99 + 08 + 06 + 26F = 6E3.
   */
  const LAST = 'FE FE FE FE 68 99 99 99 99 99 99 68 08 06 8C 8B 56 64 45 59 E3 16';

  it('sends seconds first', () => {
    expect(toHex(broadcastTimeFrame('2026-12-31 23:58:59'))).toBe(LAST);
  });

  it.each([
    ['15:58:58.500', LAST],
    ['15:58:59.499', LAST],
  ])('tells the wall time of the zone to the nearest second: %s UTC', async (utc, frame) => {
    const clock = createVirtualClock(Date.parse(`2026-12-31T${utc}Z`));
    const line = createFakeLine(clock);
    const bus = createBus(
      { name: 'line', latencyMs: 0, turnaroundMs: 2 },
      { line, clock, log: pino({ level: 'silent' }) },
    );
    const signal = new AbortController().signal;
    const told = broadcastTime(bus, { clock, zone: ZONE, priority: 'control', signal });
    await clock.advance(0);
    await told;
    expect(line.sent.map(({ bytes }) => toHex(bytes))).toEqual([frame]);
  });
});
