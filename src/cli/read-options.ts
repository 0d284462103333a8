/** The arguments of `amr read` that name a time; all of these throw commander's InvalidArgumentError. */
import { InvalidArgumentError } from 'commander';
import type { ProfileSpan } from '../core/driver.ts';

/** The first and the last minute of a calendar day. */
const FROM_MIDNIGHT = 'T00:00';
const TO_MIDNIGHT = 'T23:59';

/** True for a day or a minute that the calendar has. */
function isMoment(text: string): boolean {
  const whole = `${text.length === 10 ? text + FROM_MIDNIGHT : text}:00.000Z`;
  const date = new Date(whole);
  return !Number.isNaN(date.getTime()) && date.toISOString() === whole;
}

/** `YYYY-MM-DD`. */
export function parseDay(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && isMoment(text)) return text;
  throw new InvalidArgumentError('It must be a day such as 2026-11-23.');
}

/** `YYYY-MM`. */
export function parseMonth(text: string): string {
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a month such as 2026-11.');
}

/** `FROM..TO`, both days or minutes of the meter's wall clock, both included. */
export function parseSpan(text: string): ProfileSpan {
  const [, from = '', to = ''] =
    /^(\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?)\.\.(\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?)$/.exec(text) ?? [];
  if (isMoment(from) && isMoment(to)) {
    const first = from.length === 10 ? from + FROM_MIDNIGHT : from;
    const last = to.length === 10 ? to + TO_MIDNIGHT : to;
    if (first <= last) return { from: `${first}:00`, to: `${last}:00` };
  }
  throw new InvalidArgumentError(
    'It must be FROM..TO, such as 2026-11-23..2026-11-24 or 2026-11-23T06:00..2026-11-23T08:00.',
  );
}

/** A number of further tries. */
export function parseRetries(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 0 to 99.');
}
