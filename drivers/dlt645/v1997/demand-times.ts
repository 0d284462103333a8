/**
 * The moments of maximum demands. In 1997 they stand under identifiers of their own, Bx beside
 * Ax, and bear no year: the meter's calendar tells it.
 */
import type { ReadOptions } from '../../../src/core/driver.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { failureOf, type ItemAnswer, type ReadItem } from '../ask.ts';
import type { Refusals } from '../refusals.ts';
import type { FieldValue } from '../values.ts';

const CALENDAR = 'C010';

/** Where the moments of a demand or a block of them stand; `null` for other items. */
function demandTimeDi(di: string): string | null {
  return di.startsWith('A') ? `B${di.slice(1)}` : null;
}

/** How meters without the identifier say so: many of this edition are silent. */
const LACKING: readonly ErrorCode[] = ['METER_UNSUPPORTED', 'BUS_NO_REPLY'];

export interface DemandTimeDeps {
  readonly readItem: ReadItem;
  readonly refusals: Refusals;
  readonly options: ReadOptions;
}

/**
 * A moment that does not come is no failure of the read: the demand stands without it. The meter
 * has just given the demand, so that its silence is about the identifier and costs once a day.
 */
async function readIfThere(
  di: string,
  { readItem, refusals, options }: DemandTimeDeps,
): Promise<readonly FieldValue[]> {
  if (refusals.has(di)) return [];
  try {
    return (await readItem(di, options)).values;
  } catch (thrown) {
    if (LACKING.includes(failureOf(thrown).code)) refusals.add(di);
    return [];
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

/** Demands with their moments, as far as the meter keeps and gives moments and a calendar. */
export async function withDemandTimes(
  di: string,
  answer: ItemAnswer,
  deps: DemandTimeDeps,
): Promise<ItemAnswer> {
  const timeDi = demandTimeDi(di);
  if (timeDi === null) return answer;
  const times = await readIfThere(timeDi, deps);
  if (times.length === 0) return answer;
  const happened = times.some(({ value }) => value !== null);
  const [calendar] = happened ? await readIfThere(CALENDAR, deps) : [];
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
