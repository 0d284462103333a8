/**
 * The meters' clocks, set for all at once with 08H: who may do that when, and how it is sent.
 * DL/T 645-2007 clause 7.6: a meter follows when it is off by 5 minutes at the most, once a day.
 */
import type { Priority, Sender } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import type { Clock, ClockState } from '../../src/core/clock.ts';
import { formatInstant, localDate, startOfLocalDay } from '../../src/core/zoned-time.ts';
import { encodeFrame, REQUEST_PREAMBLE, WAKE_UP } from './frame.ts';
import { encodeBroadcastTime } from './functions/broadcast-time.ts';
import { BROADCAST_TIME } from './functions/codes.ts';
import { BROADCAST } from './roll-call.ts';

/** Beyond this no meter follows; a person must look at it. */
const LARGEST_DRIFT_MS = 5 * 60_000;
/** A clock that jumps over the moment of a freeze skips it or takes it twice. */
const FREEZE_MARGIN_MS = 5 * 60_000;
const SLOT_MARGIN_MS = 60_000;
/** Meters answer no broadcast; those that do must not speak into the next exchange. */
const QUIET_MS = 500;

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

/** The request with its wake-up bytes; `time` is the wall time `YYYY-MM-DD HH:mm:ss`. */
export function broadcastTimeFrame(time: string): Uint8Array {
  const payload = encodeBroadcastTime(time);
  const frame = encodeFrame({ address: BROADCAST, control: BROADCAST_TIME, payload });
  return concatBytes(new Uint8Array(REQUEST_PREAMBLE).fill(WAKE_UP), frame);
}

export interface BroadcastOptions {
  readonly clock: Clock;
  readonly zone: string;
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/**
 * Tells all meters of the line the time, to the nearest second of the moment of sending. Ask
 * {@link mayBroadcast} first. Throws PORT_ errors, BUS_ABORTED and BUS_JAMMED.
 */
export function broadcastTime(
  sender: Sender,
  { clock, zone, priority, signal }: BroadcastOptions,
): Promise<void> {
  const request = () => {
    const local = formatInstant(clock.now() + 500, zone);
    return broadcastTimeFrame(local.slice(0, 19).replace('T', ' '));
  };
  return sender.send({ request, quietMs: QUIET_MS, priority, signal });
}
