import { type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import { joinCells, type Shown } from './sim-cells.ts';
import { type Form, IDENTIFIER, type Named, NN, number, PRICE, VOLTAGE } from './sim-forms.ts';
import { dayTable, holiday, zoneTable } from './sim-schedules.ts';

/** Schedules, screens, prices and thresholds: 04 01 to 04 09. */
const DAY_TABLES = 8;

/** 04 01|02 00 00 is the zone table, 01..08 the day tables. */
function scheduleOf(set: number, [di1, di0]: readonly [number, number]): Named[] {
  if (di1 !== 0 || di0 > DAY_TABLES) return [];
  return di0 === 0 ? zoneTable(set) : dayTable(set, di0);
}

/** DI1 is not counted alike: displays and prices have 1 and 2, steps have limits and prices by turns. */
const NUMBERED: Readonly<Record<string, readonly [name: string, form: Form]>> = {
  '4 1': [SHOWN.autoScreen, IDENTIFIER],
  '4 2': [SHOWN.keyScreen, IDENTIFIER],
  '5 1': [`${SHOWN.tariffPrice}_1`, PRICE],
  '5 2': [`${SHOWN.tariffPrice}_2`, PRICE],
  '6 0': [`${SHOWN.stepLimit}_1`, number(4, 2)],
  '6 1': [`${SHOWN.stepPrice}_1`, PRICE],
  '6 2': [`${SHOWN.stepLimit}_2`, number(4, 2)],
  '6 3': [`${SHOWN.stepPrice}_2`, PRICE],
};

const FINE = number(3, 4);
const SECONDS = NN;

/** 04 09 xx yy: voltages, currents and powers that an event begins and ends at, and its delay. */
const THRESHOLDS: readonly (readonly Form[])[] = [
  [VOLTAGE, VOLTAGE, FINE, SECONDS],
  [VOLTAGE, SECONDS],
  [VOLTAGE, SECONDS],
  [VOLTAGE, FINE, SECONDS],
  [number(2, 1), SECONDS],
  [number(2, 1), SECONDS],
  [VOLTAGE, FINE, FINE, SECONDS],
  [number(2, 1), SECONDS],
  [VOLTAGE, FINE, SECONDS],
  [FINE, SECONDS],
  [FINE, SECONDS],
  [VOLTAGE, VOLTAGE],
  [FINE, FINE, SECONDS],
  [number(2, 3), SECONDS],
  [number(2, 2), SECONDS],
];

function namedOf([, di2 = 0, di1 = 0, di0 = 0]: readonly number[]): readonly Named[] {
  if (di2 === 1 || di2 === 2) return scheduleOf(di2, [di1, di0]);
  if (di2 === 3) return di1 === 0 ? holiday(di0) : [];
  const [name, form] = NUMBERED[`${di2} ${di1}`] ?? [
    `${SHOWN.threshold}_${di1}`,
    di2 === 9 ? THRESHOLDS[di1 - 1]?.[di0 - 1] : undefined,
  ];
  return form === undefined ? [] : [[`${name}_${di0}`, form]];
}

/** `null` where there is no such table, screen, tariff or threshold. */
export function showSetting(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const cells = namedOf(identifier).map(([name, form]) => form.cell(name, display.show(name)));
  return joinCells(cells);
}
