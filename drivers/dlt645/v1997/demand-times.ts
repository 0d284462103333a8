/**
 * The moments of maximum demands. In 1997 they stand under identifiers of their own, Bx beside
 * Ax, and bear no year: the meter's calendar tells it.
 */

import { AmrError } from '../../../src/core/errors.ts';
import type { ItemAnswer } from '../ask.ts';
import type { Station } from '../question.ts';
import type { FieldValue } from '../values.ts';
import { read1997Item } from './exchange.ts';

const CALENDAR = 'C010';

/** Where the moments of a demand or a block of them stand; `null` for other items. */
function demandTimeDi(di: string): string | null {
  return di.startsWith('A') ? `B${di.slice(1)}` : null;
}

/** A meter that lacks the identifier has no such values, which is no failure of the read. */
async function readIfThere(station: Station, di: string): Promise<readonly FieldValue[]> {
  try {
    return (await read1997Item(station, di)).values;
  } catch (thrown) {
    if (thrown instanceof AmrError && thrown.code === 'METER_UNSUPPORTED') return [];
    throw thrown;
  }
}

/**
 * `MM-DD hh:mm` in the latest year in which it was over on `today`, `YYYY-MM-DD`; `null` for
 * 29 February of no leap year.
 */
export function withYear(dayTime: string, today: string): string | null {
  const thisYear = Number(today.slice(0, 4));
  const year = dayTime.slice(0, 5) <= today.slice(5, 10) ? thisYear : thisYear - 1;
  const date = `${year}-${dayTime.slice(0, 5)}`;
  const isDate = new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
  return isDate ? `${year}-${dayTime}` : null;
}

/** Demands with their moments, as far as the meter keeps moments and a calendar. */
export async function withDemandTimes(
  station: Station,
  di: string,
  answer: ItemAnswer,
): Promise<ItemAnswer> {
  const timeDi = demandTimeDi(di);
  if (timeDi === null) return answer;
  const times = await readIfThere(station, timeDi);
  if (times.length === 0) return answer;
  const happened = times.some(({ value }) => value !== null);
  const [calendar] = happened ? await readIfThere(station, CALENDAR) : [];
  const today = typeof calendar?.value === 'string' ? calendar.value : null;
  const values = answer.values.map((one, index): FieldValue => {
    const dayTime = times[index]?.value;
    if (dayTime === null) return { ...one, at: null };
    if (typeof dayTime !== 'string' || today === null) return one;
    const at = withYear(dayTime, today);
    return at === null ? one : { ...one, at };
  });
  return { ...answer, values };
}
