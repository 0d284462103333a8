/**
 * When the clocks of a line may be set for all meters at once. DL/T 645-2007 clause 7.6: a meter
 * follows when it is off by 5 minutes at the most, once a day.
 */
import type { ClockState } from '../core/clock.ts';
import { localDate, startOfLocalDay } from '../core/zoned-time.ts';

/** Beyond this no meter follows; a person must look at it. */
export const LARGEST_DRIFT_MS = 5 * 60_000;
/** A clock that jumps over the moment of a freeze skips it or takes it twice. */
export const FREEZE_MARGIN_MS = 5 * 60_000;
export const SLOT_MARGIN_MS = 60_000;

/** All moments are epoch milliseconds. */
export interface BroadcastCase {
  /** The operator has asked for it. */
  readonly isConfigured: boolean;
  readonly clockState: ClockState;
  readonly now: number;
  /** `null` where none was ever sent. */
  readonly lastBroadcastAt: number | null;
  /** The meter's clock less the gateway's; `null` where it is not known. */
  readonly driftMs: number | null;
  /** Edges of slots around the present moment. */
  readonly slots: readonly number[];
  /** Moments of freezes besides local midnight, around the present moment. */
  readonly freezes: readonly number[];
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

const isNear = (moments: readonly number[], now: number, marginMs: number) =>
  moments.some((moment) => Math.abs(moment - now) <= marginMs);

/** A clock that was set back must not give a day its second broadcast. */
function isSentToday({ lastBroadcastAt, now, zone }: BroadcastCase): boolean {
  return lastBroadcastAt !== null && localDate(lastBroadcastAt, zone) >= localDate(now, zone);
}

function reasonOf(one: BroadcastCase): BroadcastReason {
  const { now, zone, driftMs } = one;
  const midnights = [startOfLocalDay(now, zone), startOfLocalDay(now, zone, 1)];
  if (!one.isConfigured) return 'not configured';
  if (one.clockState !== 'synced') return 'gateway clock not synchronised';
  if (driftMs === null) return 'drift not known';
  if (Math.abs(driftMs) > LARGEST_DRIFT_MS) return 'drift beyond five minutes';
  if (isSentToday(one)) return 'already sent today';
  if (isNear([...midnights, ...one.freezes], now, FREEZE_MARGIN_MS)) return 'a freeze is near';
  if (isNear(one.slots, now, SLOT_MARGIN_MS)) return 'a slot edge is near';
  return 'due';
}

/** Whether the clocks of a line may be set now. Pure. */
export function mayBroadcast(one: BroadcastCase): BroadcastVerdict {
  const reason = reasonOf(one);
  return { allowed: reason === 'due', reason };
}
