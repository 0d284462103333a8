/** Wall times in a named zone. Storage and arithmetic are epoch milliseconds; this is the edge. */

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** True for an IANA zone name that this runtime knows. */
export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Minutes that the zone's wall time is ahead of UTC at this instant. */
export function zoneOffsetMinutes(epochMs: number, zone: string): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(epochMs)) {
    fields[type] = Number(value);
  }
  const wall = Date.UTC(
    fields['year'] ?? 0,
    (fields['month'] ?? 1) - 1,
    fields['day'] ?? 1,
    fields['hour'] ?? 0,
    fields['minute'] ?? 0,
    fields['second'] ?? 0,
  );
  return Math.round((wall - epochMs) / 60_000);
}

/** `2026-11-23T00:05:06.910+08:00`: the wall time of the zone with its offset. */
export function formatInstant(epochMs: number, zone: string): string {
  const offset = zoneOffsetMinutes(epochMs, zone);
  const wall = new Date(epochMs + offset * 60_000).toISOString().slice(0, -1);
  const ahead = Math.abs(offset);
  const hours = String(Math.floor(ahead / 60)).padStart(2, '0');
  const minutes = String(ahead % 60).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}

/**
 * The instant at which the zone's wall clock shows this time. `local` is `YYYY-MM-DDTHH:mm:ss`.
 * A wall time that occurs twice (clock set back) gives the first; one that is skipped gives the
 * instant of the jump moved on by the same amount.
 */
export function zonedToEpoch(local: string, zone: string): number {
  const wall = Date.parse(`${local}Z`);
  const before = wall - zoneOffsetMinutes(wall - 86_400_000, zone) * 60_000;
  const after = wall - zoneOffsetMinutes(wall + 86_400_000, zone) * 60_000;
  const first = Math.min(before, after);
  const isFirst = first + zoneOffsetMinutes(first, zone) * 60_000 === wall;
  return isFirst ? first : Math.max(before, after);
}

/** `YYYY-MM-DD` of the zone's calendar at this instant. */
export function localDate(epochMs: number, zone: string): string {
  return formatInstant(epochMs, zone).slice(0, 10);
}

/** The first instant of the zone's calendar day that contains `epochMs`, moved by whole days. */
export function startOfLocalDay(epochMs: number, zone: string, days = 0): number {
  const date = new Date(`${localDate(epochMs, zone)}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return zonedToEpoch(date.toISOString().slice(0, 19), zone);
}
