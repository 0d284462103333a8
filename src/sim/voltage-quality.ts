import { decimal, formatDecimal } from '../core/decimal.ts';
import { SHOWN } from '../core/slave.ts';
import { formatInstant } from '../core/zoned-time.ts';
import type { Calendar } from './calendar.ts';
import { type PhasesOf, phaseCount } from './phases.ts';
import { between } from './random.ts';

/** How much of a month the voltage was within its limits; what goes on is counted up to now. */
const MINUTE_MS = 60_000;
/** On the first of the month, minutes after midnight. */
const HIGHEST_AT = 195;
const LOWEST_AT = 1170;
/** As the time of what has not been yet. */
const NEVER = '0000-00-00 00:00';

const tenths = (count: number) => formatDecimal(decimal(count, 1));

export function createVoltageQuality({ kind, seed }: PhasesOf, calendar: Calendar) {
  /** `what` stands behind the common name; phase 0 is the meter. `null` for what is not kept. */
  const shownOf = (what: string, phase: number, at: number): string | null => {
    const { start } = calendar.firstOfMonth(calendar.indexOf(at - 1));
    const minutes = Math.floor((at - start) / MINUTE_MS);
    const dice = [seed, 81, phase, start] as const;
    const [above, below] = [1, 2].map((side) =>
      Math.floor((minutes * between(0, 40, ...dice, side)) / 10_000),
    );
    const out = (above ?? 0) + (below ?? 0);
    const outside = minutes === 0 ? 0 : Math.round((out * 10_000) / minutes);
    const timeOf = (offset: number) =>
      minutes < offset
        ? NEVER
        : formatInstant(start + offset * MINUTE_MS, calendar.zone).slice(5, 16);
    const values: Readonly<Record<string, string>> = {
      minutes: String(minutes),
      within: formatDecimal(decimal(10_000 - outside, 2)),
      outside: formatDecimal(decimal(outside, 2)),
      above: String(above),
      below: String(below),
      highest: tenths(between(2355, 2390, ...dice, 3)),
      highest_at: timeOf(HIGHEST_AT),
      lowest: tenths(between(1945, 1979, ...dice, 4)),
      lowest_at: timeOf(LOWEST_AT),
    };
    return values[what] ?? null;
  };

  return (register: string, at: number): string | null => {
    const pattern = new RegExp(`^${SHOWN.voltageQuality}_(\\w+?)(?:_l(\\d))?$`);
    const [, what = '', phase = '0'] = pattern.exec(register) ?? [];
    return Number(phase) > phaseCount(kind) ? null : shownOf(what, Number(phase), at);
  };
}
