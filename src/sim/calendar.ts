import { localDate, zonedToEpoch, zoneOffsetMinutes } from '../core/zoned-time.ts';

/** The local days of a zone, cut into slots of five minutes. */
export const SLOT_MS = 300_000;
const DAY_MS = 86_400_000;

export interface LocalDay {
  /** Days since 1970-01-01 in the zone's own calendar. */
  readonly index: number;
  readonly start: number;
  /** For each slot of the day, in order, the slot of the wall clock: 0 is 00:00, 287 is 23:55. */
  readonly wallSlots: readonly number[];
}

export interface Calendar {
  readonly zone: string;
  indexOf(epochMs: number): number;
  day(index: number): LocalDay;
  /** The first day of the month that holds the day, or of a month that many back. */
  firstOfMonth(index: number, monthsBack?: number): LocalDay;
}

function dateOf(index: number): string {
  return new Date(index * DAY_MS).toISOString().slice(0, 10);
}

function startOf(index: number, zone: string): number {
  return zonedToEpoch(`${dateOf(index)}T00:00:00`, zone);
}

function wallSlotsOf(start: number, end: number, zone: string): number[] {
  const length = (end - start) / SLOT_MS;
  if (end - start === DAY_MS) return Array.from({ length }, (_, slot) => slot);
  return Array.from({ length }, (_, slot) => {
    const at = start + slot * SLOT_MS;
    const wall = at + zoneOffsetMinutes(at, zone) * 60_000;
    return Math.floor((((wall % DAY_MS) + DAY_MS) % DAY_MS) / SLOT_MS);
  });
}

const calendars = new Map<string, Calendar>();

/** The calendar of a zone; days are worked out once a process. */
export function calendarOf(zone: string): Calendar {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const days = new Map<number, LocalDay>();
  const calendar: Calendar = {
    zone,
    indexOf: (epochMs) => Date.parse(`${localDate(epochMs, zone)}T00:00:00Z`) / DAY_MS,
    day(index) {
      let day = days.get(index);
      if (day === undefined) {
        const start = startOf(index, zone);
        day = { index, start, wallSlots: wallSlotsOf(start, startOf(index + 1, zone), zone) };
        days.set(index, day);
      }
      return day;
    },
    firstOfMonth(index, monthsBack = 0) {
      const date = new Date(index * DAY_MS);
      const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsBack, 1);
      return calendar.day(first / DAY_MS);
    },
  };
  calendars.set(zone, calendar);
  return calendar;
}
