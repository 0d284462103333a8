import { SHOWN } from '../../src/core/slave.ts';
import { type Named, NN, pairs } from './sim-forms.ts';

/**
 * Tables of table A.5: MMDDNN, hhmmNN and YYMMDDNN. As everything travels low byte first (clause
 * 5.3.2), the number of the table or tariff is ahead of the date or time.
 */
const ENTRIES = Array.from({ length: 14 }, (_, index) => index + 1);

/** 04 01|02 00 00: from each date on, which day table holds. */
export const zoneTable = (set: number): Named[] =>
  ENTRIES.flatMap((entry): Named[] => [
    [`${SHOWN.zone}_${set}_${entry}_table`, NN],
    [`${SHOWN.zone}_${set}_${entry}_start`, pairs(2)],
  ]);

/** 04 01|02 00 01..08: from each time on, which tariff holds. */
export const dayTable = (set: number, table: number): Named[] =>
  ENTRIES.flatMap((entry): Named[] => [
    [`${SHOWN.period}_${set}_${table}_${entry}_tariff`, NN],
    [`${SHOWN.period}_${set}_${table}_${entry}_start`, pairs(2)],
  ]);

/** 04 03 00 01..FE. */
export const holiday = (number: number): Named[] => [
  [`${SHOWN.holiday}_${number}_table`, NN],
  [`${SHOWN.holiday}_${number}_date`, pairs(3)],
];

const SETS = [1, 2];
const DAY_TABLES = [1, 2, 3, 4, 5, 6, 7, 8];

export const ALL_ZONE_TABLES = SETS.flatMap(zoneTable);
export const ALL_DAY_TABLES = SETS.flatMap((set) =>
  DAY_TABLES.flatMap((table) => dayTable(set, table)),
);
export const ALL_HOLIDAYS = Array.from({ length: 254 }, (_, index) => holiday(index + 1)).flat();
