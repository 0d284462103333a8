import { SHOWN } from '../core/slave.ts';
import { SLOT_MS } from './calendar.ts';
import { tariffOf } from './energy.ts';

/** When which tariff holds: two sets alike, eight day tables alike, as the energy is counted. */
const SETS = [1, 2];
const DAY_TABLES = [1, 2, 3, 4, 5, 6, 7, 8];
/** A table has room for so many; what is over repeats the last. */
const ENTRIES = 14;
const HOLIDAYS_KEPT = 254;
const SLOTS_AN_HOUR = 3_600_000 / SLOT_MS;

type Entry = readonly [start: string, number: string];

const two = (count: number) => String(count).padStart(2, '0');

const ZONES: readonly Entry[] = [
  ['01-01', '01'],
  ['07-01', '02'],
];

/** From each full hour at which the tariff changes. */
function periods(): Entry[] {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const tariffAt = (hour: number) => tariffOf(hour * SLOTS_AN_HOUR);
  return hours
    .filter((hour) => hour === 0 || tariffAt(hour) !== tariffAt(hour - 1))
    .map((hour) => [`${two(hour)}:00`, two(tariffAt(hour))]);
}

const PERIODS = periods();

const HOLIDAYS: readonly string[] = ['2026-01-01', '2026-02-17', '2026-05-01', '2026-10-01'];
/** Of a holiday that is not set. */
const NO_DATE = '0000-00-00';

type Shown = readonly (readonly [name: string, shown: string])[];

function entriesOf(entries: readonly Entry[], prefix: string, what: string): Shown {
  return Array.from({ length: ENTRIES }, (_, index) => {
    const [start, number] = entries[Math.min(index, entries.length - 1)] ?? ['', ''];
    const name = `${prefix}_${index + 1}`;
    return [[`${name}_start`, start] as const, [`${name}_${what}`, number] as const];
  }).flat();
}

const holidays = (): Shown =>
  Array.from({ length: HOLIDAYS_KEPT }, (_, index) => {
    const date = HOLIDAYS[index];
    const name = `${SHOWN.holiday}_${index + 1}`;
    return [
      [`${name}_date`, date ?? NO_DATE] as const,
      [`${name}_table`, date === undefined ? '00' : '01'] as const,
    ];
  }).flat();

/** Zone tables, day tables and holidays, and how many of each there are. */
export function createSchedules(): Shown {
  return [
    [SHOWN.zones, two(ZONES.length)],
    [SHOWN.dayTables, two(DAY_TABLES.length)],
    [SHOWN.periods, two(PERIODS.length)],
    [SHOWN.holidays, String(HOLIDAYS.length).padStart(4, '0')],
    ...SETS.flatMap((set) => entriesOf(ZONES, `${SHOWN.zone}_${set}`, 'table')),
    ...SETS.flatMap((set) =>
      DAY_TABLES.flatMap((table) =>
        entriesOf(PERIODS, `${SHOWN.period}_${set}_${table}`, 'tariff'),
      ),
    ),
    ...holidays(),
  ];
}
