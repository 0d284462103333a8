import { SHOWN } from '../core/slave.ts';
import { TARIFF_PRICES } from './prices.ts';

/** What a utility sets once: displays, limits, prices, thresholds of events. */
type Shown = readonly (readonly [name: string, shown: string])[];

const numbered = (name: string, shown: readonly string[]): Shown =>
  shown.map((each, index) => [`${name}_${index + 1}`, each]);

const AUTO_SCREENS = ['04000101', '04000102', '00000000', '00010000', '00020000'];
const KEY_SCREENS = [...AUTO_SCREENS, '00010100', '00010200', '00010300', '00010400', '02010100'];

/** Conductance, susceptance, resistance, reactance. */
const LOSS_FACTORS = ['0.002', '0.011', '0.120', '0.350'];

/** Of the events whose thresholds a meter lets set, in the order of their identifiers. */
const THRESHOLDS: readonly (readonly string[])[] = [
  ['171.6', '187.0', '0.0500', '60'],
  ['171.6', '60'],
  ['264.0', '60'],
  ['132.0', '0.0500', '60'],
  ['30.0', '60'],
  ['30.0', '60'],
  ['154.0', '0.0500', '0.1000', '60'],
  ['7.2', '60'],
  ['132.0', '0.0500', '60'],
  ['0.0500', '60'],
  ['12.0000', '60'],
  ['235.4', '198.0'],
  ['12.0000', '6.0000', '60'],
  ['0.300', '60'],
  ['90.00', '60'],
];

/** No simulated meter comes as far as its second step, so that the step adds nothing. */
const STEP_LIMITS = ['100000.00', '200000.00', '300000.00'];
const STEP_PRICES = ['0.0000', '0.0500', '0.3000', '0.5000'];

const ofSets = (name: string, shown: readonly string[]) =>
  [1, 2].flatMap((set) => numbered(`${name}_${set}`, shown));

export function createSettings(): Shown {
  return [
    [SHOWN.pulseWidth, '80'],
    [SHOWN.harmonicOrders, '21'],
    [SHOWN.autoScreens, String(AUTO_SCREENS.length)],
    [SHOWN.screenSeconds, '5'],
    [SHOWN.energyDecimals, '2'],
    [SHOWN.powerDecimals, '4'],
    [SHOWN.keyScreens, String(KEY_SCREENS.length)],
    ...numbered(SHOWN.autoScreen, AUTO_SCREENS),
    ...numbered(SHOWN.keyScreen, KEY_SCREENS),
    // 1200 bit/s for infrared, 2400 for all the others.
    ...numbered(SHOWN.baud, ['0x04', '0x08', '0x08', '0x08', '0x08']),
    [SHOWN.weekRest, '0x7F'],
    [SHOWN.weekRestTable, '01'],
    [SHOWN.loadRecordStart, '01-01 00:00'],
    ...numbered(
      SHOWN.lossFactor,
      [1, 2, 3].flatMap(() => LOSS_FACTORS),
    ),
    ...numbered(SHOWN.powerLimit, ['20.0000', '20.0000']),
    ...numbered(SHOWN.voltageLimit, ['235.4', '198.0']),
    ...numbered(SHOWN.energyLimit, ['100.00', '20.00', '99999.00', '50.00']),
    ...numbered(SHOWN.amountLimit, ['50.00', '10.00', '50.00', '99999.00', '5.00']),
    [SHOWN.runCharacteristic, '00'],
    [SHOWN.signalStrength, '25'],
    [SHOWN.hourlyFreezeStart, '2025-01-01T00:00:00'],
    [SHOWN.hourlyFreezeInterval, '60'],
    [SHOWN.dailyFreezeTime, '00:00'],
    [SHOWN.tripDelay, '0'],
    [SHOWN.reportStatus, '0x000000000000000000000000'],
    [SHOWN.reportReset, '0x000000000000000000000000'],
    ...ofSets(SHOWN.tariffPrice, TARIFF_PRICES),
    ...ofSets(SHOWN.stepLimit, STEP_LIMITS),
    ...ofSets(SHOWN.stepPrice, STEP_PRICES),
    ...THRESHOLDS.flatMap((shown, index) => numbered(`${SHOWN.threshold}_${index + 1}`, shown)),
  ];
}
