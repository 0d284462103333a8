/** What schedules are made of: zones of the year, periods of the day, holidays. Clause 5.3.2: low byte first. */
import type { Part } from './event-fields.ts';
import { number, time } from './formats.ts';

const NN = number('NN');
const ENTRIES = 14;

const entries = (parts: (entry: number) => Part[]) =>
  Array.from({ length: ENTRIES }, (_, index) => parts(index + 1)).flat();

/** From the start of each zone on, a day table holds. */
export const ZONE_TABLE: readonly Part[] = entries((entry) => [
  [`zone_${entry}_table`, '', NN, `day table of zone ${entry}`, `第${entry}时区日时段表号`],
  [`zone_${entry}_start`, '', time('MMDD'), `start of zone ${entry}`, `第${entry}时区起始日期`],
]);

/** From the start of each period on, a tariff holds. */
export const DAY_TABLE: readonly Part[] = entries((entry) => [
  [`period_${entry}_tariff`, '', NN, `tariff of period ${entry}`, `第${entry}时段费率号`],
  [`period_${entry}_start`, '', time('hhmm'), `start of period ${entry}`, `第${entry}时段起始时间`],
]);

/** A day with a table of its own. */
export const HOLIDAY: readonly Part[] = [
  ['table', '', NN, 'day table', '日时段表号'],
  ['date', '', time('YYMMDD'), 'date', '日期'],
];

/** The parts with this word and number in front, such as `table_3_`. */
export function numbered(parts: readonly Part[], word: string, en: string, zh: string): Part[] {
  return parts.map(([name, unit, format, what, wort]) => [
    `${word}_${name}`,
    unit,
    format,
    `${en}, ${what}`,
    `${zh}${wort}`,
  ]);
}
