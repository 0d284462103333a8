import { type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import { digitsCell, type Format, joinCells, plain, type Shown, signed } from './sim-cells.ts';

/** The meter's variables, 02 of table A.3. */
const BLOCK = 0xff;
const PHASES = ['_l1', '_l2', '_l3'];
const TOTAL_AND_PHASES = ['', ...PHASES];
const HARMONICS = 21;

type Row = readonly [name: string, places: readonly string[], format: Format];

/** DI2 of 02 xx P 00: name, what P counts, format. */
const VARIABLES: Readonly<Record<number, Row>> = {
  1: ['voltage', PHASES, plain(2, 1)],
  2: ['current', PHASES, signed(3, 3)],
  3: ['power_active', TOTAL_AND_PHASES, signed(3, 4)],
  4: ['x_power_reactive', TOTAL_AND_PHASES, signed(3, 4)],
  5: ['power_apparent', TOTAL_AND_PHASES, plain(3, 4)],
  6: ['power_factor', TOTAL_AND_PHASES, signed(2, 3)],
  7: [SHOWN.angle, PHASES, plain(2, 1)],
  8: [SHOWN.voltageDistortion, PHASES, plain(2, 2)],
  9: [SHOWN.currentDistortion, PHASES, plain(2, 2)],
};

/** DI2 of 02 xx P order. */
const HARMONIC_NAMES: Readonly<Record<number, string>> = {
  10: SHOWN.voltageHarmonic,
  11: SHOWN.currentHarmonic,
};

/** DI0 of 02 80 00 xx. */
const GENERAL: Readonly<Record<number, readonly [string, Format]>> = {
  1: ['current_n', signed(3, 3)],
  2: ['frequency', plain(2, 2)],
  3: [SHOWN.powerOfMinute, signed(3, 4)],
  4: [SHOWN.demandActive, signed(3, 4)],
  5: [SHOWN.demandReactive, signed(3, 4)],
  6: [SHOWN.demandApparent, signed(3, 4)],
  7: [SHOWN.temperature, signed(2, 1)],
  8: [SHOWN.clockBattery, plain(2, 2)],
  9: [SHOWN.readingBattery, plain(2, 2)],
  10: [SHOWN.batteryMinutes, plain(4)],
  11: [SHOWN.priceOfStep, plain(4, 4)],
  32: [SHOWN.price, plain(4, 4)],
  33: [SHOWN.priceOfTariff, plain(4, 4)],
  37: [SHOWN.reactivePowerOfMinute, signed(3, 4)],
};

function showNames(names: readonly string[], format: Format, display: MeterDisplay): Shown | null {
  return joinCells(names.map((name) => digitsCell(name, display.show(name), format)));
}

function showGeneral(di1: number, di0: number, display: MeterDisplay): Shown | null {
  const general = di1 === 0 ? GENERAL[di0] : undefined;
  return general === undefined ? null : showNames([general[0]], general[1], display);
}

/** 02 0A|0B P 01..15: one order, FF all 21 of them. */
function showHarmonic(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  const phase = PHASES[di1 - 1];
  if (phase === undefined) return null;
  const name = `${HARMONIC_NAMES[di2]}${phase}`;
  const orders = Array.from({ length: HARMONICS }, (_, index) => index + 1);
  const wanted = di0 === BLOCK ? orders : orders.filter((order) => order === di0);
  return showNames(
    wanted.map((order) => `${name}_${order}`),
    plain(2, 2),
    display,
  );
}

/** 02 01..09 P 00 with their blocks, the harmonics, 02 80 00 xx. */
export function showVariable(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  if (di2 === 0x80) return showGeneral(di1, di0, display);
  if (Object.hasOwn(HARMONIC_NAMES, di2)) return showHarmonic(identifier, display);
  const variable = VARIABLES[di2];
  if (variable === undefined || di0 !== 0) return null;
  const [name, places, format] = variable;
  // P counts phases from 1; where the item has a total, that is 0.
  const place = places[places === PHASES ? di1 - 1 : di1];
  const wanted = di1 === BLOCK ? places : places.filter((each) => each === place);
  return showNames(
    wanted.map((each) => name + each),
    format,
    display,
  );
}
