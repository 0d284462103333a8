/**
 * The catalogue of registers: one row a quantity. The OBIS code (IEC 62056-6-1) is the identity,
 * the fixed word is the name. What has no OBIS code of its own gets an `x_` name and no code.
 * Import is consumed from the grid, export fed in; phases are l1 l2 l3.
 */
export type RegisterKind =
  | 'energy'
  | 'power'
  | 'demand'
  | 'voltage'
  | 'current'
  | 'factor'
  | 'frequency';

export interface Register {
  /** What a reading is keyed by: the OBIS code, or the name where there is none. */
  readonly id: string;
  readonly obis: string | null;
  readonly name: string;
  /** Empty where the quantity has no unit. */
  readonly unit: string;
  readonly kind: RegisterKind;
  readonly label: { readonly en: string; readonly zh: string };
}

type Row = readonly [
  obis: string | null,
  name: string,
  unit: string,
  kind: RegisterKind,
  en: string,
  zh: string,
];

/** Energies; the tariff takes the place of the last group: 1-0:1.8.1 is tariff 1. */
const ENERGIES: readonly Row[] = [
  ['1-0:1.8.0', 'energy_active_import', 'kWh', 'energy', 'active energy import', '正向有功电能'],
  ['1-0:2.8.0', 'energy_active_export', 'kWh', 'energy', 'active energy export', '反向有功电能'],
  [
    '1-0:5.8.0',
    'energy_reactive_q1',
    'kvarh',
    'energy',
    'reactive energy quadrant I',
    '第一象限无功电能',
  ],
  [
    '1-0:6.8.0',
    'energy_reactive_q2',
    'kvarh',
    'energy',
    'reactive energy quadrant II',
    '第二象限无功电能',
  ],
  [
    '1-0:7.8.0',
    'energy_reactive_q3',
    'kvarh',
    'energy',
    'reactive energy quadrant III',
    '第三象限无功电能',
  ],
  [
    '1-0:8.8.0',
    'energy_reactive_q4',
    'kvarh',
    'energy',
    'reactive energy quadrant IV',
    '第四象限无功电能',
  ],
  [
    '1-0:9.8.0',
    'energy_apparent_import',
    'kVAh',
    'energy',
    'apparent energy import',
    '正向视在电能',
  ],
  [
    '1-0:10.8.0',
    'energy_apparent_export',
    'kVAh',
    'energy',
    'apparent energy export',
    '反向视在电能',
  ],
  // What these three add up depends on the meter's combination words, so no plain code fits.
  [null, 'x_energy_active_combined', 'kWh', 'energy', 'combined active energy', '组合有功电能'],
  [
    null,
    'x_energy_reactive_combined_1',
    'kvarh',
    'energy',
    'combined reactive energy 1',
    '组合无功1电能',
  ],
  [
    null,
    'x_energy_reactive_combined_2',
    'kvarh',
    'energy',
    'combined reactive energy 2',
    '组合无功2电能',
  ],
];

/** Quantities of the present moment. */
const VARIABLES: readonly Row[] = [
  ['1-0:32.7.0', 'voltage_l1', 'V', 'voltage', 'voltage L1', 'A相电压'],
  ['1-0:52.7.0', 'voltage_l2', 'V', 'voltage', 'voltage L2', 'B相电压'],
  ['1-0:72.7.0', 'voltage_l3', 'V', 'voltage', 'voltage L3', 'C相电压'],
  ['1-0:31.7.0', 'current_l1', 'A', 'current', 'current L1', 'A相电流'],
  ['1-0:51.7.0', 'current_l2', 'A', 'current', 'current L2', 'B相电流'],
  ['1-0:71.7.0', 'current_l3', 'A', 'current', 'current L3', 'C相电流'],
  ['1-0:91.7.0', 'current_n', 'A', 'current', 'current neutral', '零线电流'],
  ['1-0:16.7.0', 'power_active', 'kW', 'power', 'active power, import positive', '总有功功率'],
  ['1-0:36.7.0', 'power_active_l1', 'kW', 'power', 'active power L1', 'A相有功功率'],
  ['1-0:56.7.0', 'power_active_l2', 'kW', 'power', 'active power L2', 'B相有功功率'],
  ['1-0:76.7.0', 'power_active_l3', 'kW', 'power', 'active power L3', 'C相有功功率'],
  // 3.7.0 and 4.7.0 are one-direction codes; a signed reactive power has none.
  [null, 'x_power_reactive', 'kvar', 'power', 'reactive power, signed', '总无功功率'],
  [null, 'x_power_reactive_l1', 'kvar', 'power', 'reactive power L1, signed', 'A相无功功率'],
  [null, 'x_power_reactive_l2', 'kvar', 'power', 'reactive power L2, signed', 'B相无功功率'],
  [null, 'x_power_reactive_l3', 'kvar', 'power', 'reactive power L3, signed', 'C相无功功率'],
  ['1-0:9.7.0', 'power_apparent', 'kVA', 'power', 'apparent power', '总视在功率'],
  ['1-0:29.7.0', 'power_apparent_l1', 'kVA', 'power', 'apparent power L1', 'A相视在功率'],
  ['1-0:49.7.0', 'power_apparent_l2', 'kVA', 'power', 'apparent power L2', 'B相视在功率'],
  ['1-0:69.7.0', 'power_apparent_l3', 'kVA', 'power', 'apparent power L3', 'C相视在功率'],
  ['1-0:13.7.0', 'power_factor', '', 'factor', 'power factor', '总功率因数'],
  ['1-0:33.7.0', 'power_factor_l1', '', 'factor', 'power factor L1', 'A相功率因数'],
  ['1-0:53.7.0', 'power_factor_l2', '', 'factor', 'power factor L2', 'B相功率因数'],
  ['1-0:73.7.0', 'power_factor_l3', '', 'factor', 'power factor L3', 'C相功率因数'],
  ['1-0:14.7.0', 'frequency', 'Hz', 'frequency', 'frequency', '电网频率'],
];

/** DL/T 645 counts tariffs 00H to 3FH, 0 being the total. */
export const TARIFFS = 63;

function toRegister([obis, name, unit, kind, en, zh]: Row): Register {
  return { id: obis ?? name, obis, name, unit, kind, label: { en, zh } };
}

function tariffsOf([obis, name, unit, kind, en, zh]: Row): Register[] {
  return Array.from({ length: TARIFFS }, (_, index) => {
    const tariff = index + 1;
    return toRegister([
      obis === null ? null : obis.replace(/0$/, String(tariff)),
      `${name}_t${tariff}`,
      unit,
      kind,
      `${en} tariff ${tariff}`,
      `${zh}费率${tariff}`,
    ]);
  });
}

export const REGISTERS: readonly Register[] = [
  ...ENERGIES.flatMap((row) => [toRegister(row), ...tariffsOf(row)]),
  ...VARIABLES.map(toRegister),
];

const byWord = new Map<string, Register>();
for (const register of REGISTERS) {
  byWord.set(register.name, register);
  byWord.set(register.id, register);
}

const OBIS_SPELLING =
  /^(?:(\d{1,3})[-.](\d{1,3})[:.])?(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.]255)?$/;

/** One spelling for the many: `1.8.0`, `1.0.1.8.0.255` and `1-0:1.8.0*255` become `1-0:1.8.0`. */
export function normaliseObis(text: string): string | null {
  const match = OBIS_SPELLING.exec(text.trim());
  if (match === null) return null;
  const [, a = '1', b = '0', c, d, e] = match;
  return `${Number(a)}-${Number(b)}:${Number(c)}.${Number(d)}.${Number(e)}`;
}

/** The register of this name or OBIS code in any usual spelling. */
export function findRegister(word: string): Register | undefined {
  return byWord.get(word) ?? byWord.get(normaliseObis(word) ?? '');
}
