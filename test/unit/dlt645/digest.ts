/*
 * What the standard says of each identifier that the driver reads, written again by hand: width
 * in bytes, decimals, sign and the registers held, in order. DL/T 645-2007 tables A.1 and A.2;
 * 05 06 as meters of the State Grid have it.
 */
export interface Wording {
  readonly bytes: number;
  readonly decimals: number;
  readonly signed: boolean;
  readonly unit: string;
  readonly names: readonly string[];
}

const ENERGIES: Readonly<Record<string, readonly [name: string, unit: string, signed: boolean]>> = {
  '00': ['x_energy_active_combined', 'kWh', true],
  '01': ['energy_active_import', 'kWh', false],
  '02': ['energy_active_export', 'kWh', false],
  '03': ['x_energy_reactive_combined_1', 'kvarh', true],
  '04': ['x_energy_reactive_combined_2', 'kvarh', true],
  '05': ['energy_reactive_q1', 'kvarh', false],
  '06': ['energy_reactive_q2', 'kvarh', false],
  '07': ['energy_reactive_q3', 'kvarh', false],
  '08': ['energy_reactive_q4', 'kvarh', false],
  '09': ['energy_apparent_import', 'kVAh', false],
  '0A': ['energy_apparent_export', 'kVAh', false],
};

type Variable = readonly [
  name: string,
  unit: string,
  bytes: number,
  decimals: number,
  signed: boolean,
];
const VARIABLES: Readonly<Record<string, Variable>> = {
  '01': ['voltage', 'V', 2, 1, false],
  '02': ['current', 'A', 3, 3, true],
  '03': ['power_active', 'kW', 3, 4, true],
  '04': ['x_power_reactive', 'kvar', 3, 4, true],
  '05': ['power_apparent', 'kVA', 3, 4, true],
  '06': ['power_factor', '', 2, 3, true],
};

const LOOSE: Readonly<Record<string, Wording>> = {
  '02800001': { bytes: 3, decimals: 3, signed: true, unit: 'A', names: ['current_n'] },
  '02800002': { bytes: 2, decimals: 2, signed: false, unit: 'Hz', names: ['frequency'] },
};

const TARIFFS = 63;
const FREEZES = 62;
const PHASES = ['_l1', '_l2', '_l3'];

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function energyWordings(): [string, Wording][] {
  const found: [string, Wording][] = [];
  for (const [kind, [name, unit, signed]] of Object.entries(ENERGIES)) {
    const all = [name, ...upTo(TARIFFS).map((tariff) => `${name}_t${tariff}`)];
    const wording = { bytes: 4, decimals: 2, signed, unit };
    found.push([`00${kind}FF00`, { ...wording, names: all }]);
    all.forEach((one, tariff) => {
      found.push([`00${kind}${hex(tariff)}00`, { ...wording, names: [one] }]);
    });
    if (kind < '01' || kind > '08') continue;
    for (const number of upTo(FREEZES)) {
      found.push([`0506${kind}${hex(number)}`, { ...wording, names: all }]);
    }
  }
  return found;
}

function variableWordings(): [string, Wording][] {
  const found: [string, Wording][] = [];
  for (const [kind, [name, unit, bytes, decimals, signed]] of Object.entries(VARIABLES)) {
    const wording = { bytes, decimals, signed, unit };
    // Voltage and current have no total.
    const total = kind > '02' ? [name] : [];
    const phases = PHASES.map((phase) => name + phase);
    found.push([`02${kind}FF00`, { ...wording, names: [...total, ...phases] }]);
    if (kind > '02') found.push([`02${kind}0000`, { ...wording, names: total }]);
    phases.forEach((one, index) => {
      found.push([`02${kind}${hex(index + 1)}00`, { ...wording, names: [one] }]);
    });
  }
  return found;
}

/** Every identifier that holds numbers. */
export const WORDINGS: ReadonlyMap<string, Wording> = new Map([
  ...energyWordings(),
  ...variableWordings(),
  ...Object.entries(LOOSE),
]);

/** The times of the daily freezes. */
export const FREEZE_TIMES = upTo(FREEZES).map((number) => `050600${hex(number)}`);

/** The digits `count` (0 or more) as this item shows them: all its decimals, one before them. */
export function shown(count: number, { decimals }: Wording, isNegative = false): string {
  const digits = String(count).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${isNegative && count > 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The largest count that fits: all nines, but 7 in front where the top bit is the sign. */
export function largest({ bytes, signed }: Wording): number {
  return signed ? 8 * 10 ** (bytes * 2 - 1) - 1 : 10 ** (bytes * 2) - 1;
}
