/**
 * When the clocks of a line may be set for all meters at once. DL/T 645-2007 clause 7.6: a meter
 * follows when it is off by 5 minutes at the most, once a day.
 */
import type { ClockState } from '../core/clock.ts';
import { localDate } from '../core/zoned-time.ts';
import { type Schedule, slotAfter } from './slots.ts';

/** Beyond this no meter follows; a person must look at it. */
export const LARGEST_DRIFT_MS = 5 * 60_000;
/** A clock that jumps over the moment of a freeze skips it or takes it twice. */
const FREEZE_MARGIN_MS = 5 * 60_000;
const SLOT_MARGIN_MS = 60_000;
/** Meters freeze by themselves at full hours, and at midnight, which is one. */
const METERS_OWN: Schedule = { kind: 'interval', everyMs: 3_600_000 };

/** All moments are epoch milliseconds. */
export interface BroadcastCase {
  /** The operator has asked for it. */
  readonly isConfigured: boolean;
  readonly clockState: ClockState;
  readonly now: number;
  /** `null` where none was ever sent. */
  readonly lastBroadcastAt: number | null;
  /** Of each meter that told its time, its clock less the gateway's; none where none did. */
  readonly offsetsMs: readonly number[];
  /** What the meters are read for: the edges of slots, and daily readings as moments of freezes. */
  readonly schedules: readonly Schedule[];
  /** The zone of the meters' wall time, an IANA name. */
  readonly zone: string;
}

export interface BroadcastVerdict {
  readonly allowed: boolean;
  /** Why not; `due` where it is allowed. */
  readonly reason: BroadcastReason;
}

export type BroadcastReason =
  | 'due'
  | 'not configured'
  | 'gateway clock not synchronised'
  | 'drift not known'
  | 'drift beyond five minutes'
  | 'already sent today'
  | 'a freeze is near'
  | 'a slot edge is near';

/** The slowest meter's time and the fastest's, the gateway's own among them. */
function timesOf({ now, offsetsMs }: BroadcastCase): { from: number; to: number } {
  const times = [0, ...offsetsMs].map((ms) => now + ms);
  return { from: Math.min(...times), to: Math.max(...times) };
}

/**
 * A clock jumps from the meter's time to the gateway's: no moment of the schedule may lie between
 * the two, nor near either.
 */
function isBetween(schedule: Schedule, one: BroadcastCase, marginMs: number): boolean {
  const { from, to } = timesOf(one);
  return slotAfter(from - marginMs - 1, schedule, one.zone).opensAt <= to + marginMs;
}

/** A clock that was set back must not give a day its second broadcast. */
function isSentToday({ lastBroadcastAt, now, zone }: BroadcastCase): boolean {
  return lastBroadcastAt !== null && localDate(lastBroadcastAt, zone) >= localDate(now, zone);
}

function reasonOf(one: BroadcastCase): BroadcastReason {
  const { offsetsMs, schedules } = one;
  const freezes = [METERS_OWN, ...schedules.filter(({ kind }) => kind === 'daily')];
  const slots = schedules.filter(({ kind }) => kind === 'interval');
  if (!one.isConfigured) return 'not configured';
  if (one.clockState !== 'synced') return 'gateway clock not synchronised';
  if (offsetsMs.length === 0) return 'drift not known';
  if (offsetsMs.some((ms) => Math.abs(ms) > LARGEST_DRIFT_MS)) return 'drift beyond five minutes';
  if (isSentToday(one)) return 'already sent today';
  if (freezes.some((each) => isBetween(each, one, FREEZE_MARGIN_MS))) return 'a freeze is near';
  if (slots.some((each) => isBetween(each, one, SLOT_MARGIN_MS))) return 'a slot edge is near';
  return 'due';
}

/** Whether the clocks of a line may be set now. Pure. */
export function mayBroadcast(one: BroadcastCase): BroadcastVerdict {
  const reason = reasonOf(one);
  return { allowed: reason === 'due', reason };
}
