/** When slots are. All results are epoch milliseconds; the zone decides where a day begins. */
import { localDate, startOfLocalDay, zonedToEpoch } from '../core/zoned-time.ts';

/** A moment that a reading is due for. */
export interface Slot {
  /** The identity of the slot: the aligned moment, or the beginning of the day of a freeze. */
  readonly at: number;
  /** Not read before this. */
  readonly opensAt: number;
  /** Not read after this. */
  readonly closesAt: number;
}

export type Schedule =
  | { readonly kind: 'interval'; readonly everyMs: number }
  /** `at` is a wall time, `HH:mm`; a freeze is of the beginning of the day. */
  | { readonly kind: 'daily'; readonly at: string; readonly isFreeze: boolean };

type DailySchedule = Extract<Schedule, { readonly kind: 'daily' }>;

/** A daily reading may be taken this long after its time. */
export const DAILY_WINDOW_MS = 6 * 3_600_000;

/**
 * The first aligned moment after `t`, counted in elapsed time from local midnight: a day of
 * 23 hours has 92 quarter-hours, one of 25 has 100, and each day begins with a slot at 00:00.
 */
function alignedAfter(t: number, everyMs: number, zone: string): number {
  const midnight = startOfLocalDay(t, zone);
  const next = midnight + (Math.floor((t - midnight) / everyMs) + 1) * everyMs;
  return Math.min(next, startOfLocalDay(t, zone, 1));
}

function dailySlot(day: number, { at, isFreeze }: DailySchedule, zone: string): Slot {
  const opensAt = zonedToEpoch(`${localDate(day, zone)}T${at}:00`, zone);
  return { at: isFreeze ? day : opensAt, opensAt, closesAt: opensAt + DAILY_WINDOW_MS };
}

/** The first slot of the schedule that opens after `t`. */
export function slotAfter(t: number, schedule: Schedule, zone: string): Slot {
  if (schedule.kind === 'interval') {
    const at = alignedAfter(t, schedule.everyMs, zone);
    return { at, opensAt: at, closesAt: alignedAfter(at, schedule.everyMs, zone) };
  }
  const today = dailySlot(startOfLocalDay(t, zone), schedule, zone);
  return today.opensAt > t ? today : dailySlot(startOfLocalDay(t, zone, 1), schedule, zone);
}
