/**
 * The data identifiers as a table. DL/T 645-2007 annex A; daily freezes (05 06) are in every
 * State Grid meter but not in the standard's text.
 *
 * A pattern is DI3 DI2 DI1 DI0 in hex; TT is a tariff (00 the total), PP a phase (00 the total),
 * NN the number of a freeze (01 the latest).
 */
import { findRegister, type Register, TARIFFS } from '../../src/core/registers.ts';
import type { Format, NumberFormat, TimeFormat } from './format.ts';

export interface Item {
  /** Eight hex digits, DI3 first. */
  readonly di: string;
  /** What the answer holds, in order; a block of several may come shorter than this. */
  readonly fields: readonly Field[];
}

/** One value of an item. */
export interface Field {
  /** Of the catalogue; `null` for what is no register, such as the time of a freeze. */
  readonly register: Register | null;
  readonly name: string;
  readonly unit: string;
  readonly format: Format;
}

const ENERGY = { bytes: 4, decimals: 2 } as const;
const VOLTAGE = { bytes: 2, decimals: 1 } as const;
const CURRENT = { bytes: 3, decimals: 3 } as const;
const POWER = { bytes: 3, decimals: 4 } as const;
const FACTOR = { bytes: 2, decimals: 3 } as const;
const FREQUENCY = { bytes: 2, decimals: 2 } as const;

type Sign = 'signed' | 'unsigned';
type Row = readonly [
  patterns: readonly string[],
  format: Omit<NumberFormat, 'kind' | 'signed'>,
  sign: Sign,
  registers: readonly string[],
];

/** `name` and its tariffs. */
const withTariffs = (name: string) => [
  name,
  ...Array.from({ length: TARIFFS }, (_, index) => `${name}_t${index + 1}`),
];
const phases = (name: string) => [`${name}_l1`, `${name}_l2`, `${name}_l3`];
const withPhases = (name: string) => [name, ...phases(name)];

/** One row a quantity. TT or PP picks one of its registers; FF in that place is all of them. */
const TABLE: readonly Row[] = [
  [['0000TT00'], ENERGY, 'signed', withTariffs('x_energy_active_combined')],
  [['0001TT00', '050601NN'], ENERGY, 'unsigned', withTariffs('energy_active_import')],
  [['0002TT00', '050602NN'], ENERGY, 'unsigned', withTariffs('energy_active_export')],
  [['0003TT00', '050603NN'], ENERGY, 'signed', withTariffs('x_energy_reactive_combined_1')],
  [['0004TT00', '050604NN'], ENERGY, 'signed', withTariffs('x_energy_reactive_combined_2')],
  [['0005TT00', '050605NN'], ENERGY, 'unsigned', withTariffs('energy_reactive_q1')],
  [['0006TT00', '050606NN'], ENERGY, 'unsigned', withTariffs('energy_reactive_q2')],
  [['0007TT00', '050607NN'], ENERGY, 'unsigned', withTariffs('energy_reactive_q3')],
  [['0008TT00', '050608NN'], ENERGY, 'unsigned', withTariffs('energy_reactive_q4')],
  [['0009TT00'], ENERGY, 'unsigned', withTariffs('energy_apparent_import')],
  [['000ATT00'], ENERGY, 'unsigned', withTariffs('energy_apparent_export')],
  [['0201PP00'], VOLTAGE, 'unsigned', phases('voltage')],
  [['0202PP00'], CURRENT, 'signed', phases('current')],
  [['0203PP00'], POWER, 'signed', withPhases('power_active')],
  [['0204PP00'], POWER, 'signed', withPhases('x_power_reactive')],
  [['0205PP00'], POWER, 'signed', withPhases('power_apparent')],
  [['0206PP00'], FACTOR, 'signed', withPhases('power_factor')],
  [['02800001'], CURRENT, 'signed', ['current_n']],
  [['02800002'], FREQUENCY, 'unsigned', ['frequency']],
];

/** Meters keep 62 daily freezes. */
export const DAILY_FREEZES = 62;

const freezeNumbers = Array.from({ length: DAILY_FREEZES }, (_, index) => index + 1);

const TIME: TimeFormat = { kind: 'time', layout: 'YYMMDDhhmm' };
const FREEZE_TIME: Field = {
  register: null,
  name: 'x_freeze_daily_time',
  unit: '',
  format: TIME,
};

function fieldsOf([, format, sign, names]: Row): Field[] {
  return names.map((name) => {
    const register = findRegister(name);
    if (register === undefined) throw new Error(`items.ts names an unknown register: ${name}`);
    const number: NumberFormat = { kind: 'number', ...format, signed: sign === 'signed' };
    return { register, name, unit: register.unit, format: number };
  });
}

const byte = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();

/** Every identifier that one pattern of a row stands for. */
function expand(pattern: string, fields: readonly Field[]): Item[] {
  if (pattern.endsWith('NN')) {
    return freezeNumbers.map((number) => ({ di: pattern.replace('NN', byte(number)), fields }));
  }
  if (!/TT|PP/.test(pattern)) return [{ di: pattern, fields }];
  // Voltages and currents have no total: their first field is phase 01.
  const first = fields.length === 3 ? 1 : 0;
  const single = (field: Field, index: number): Item => ({
    di: pattern.replace(/TT|PP/, byte(index + first)),
    fields: [field],
  });
  return [{ di: pattern.replace(/TT|PP/, 'FF'), fields }, ...fields.map(single)];
}

/** The identifier of the time of daily freeze `number`, 1 to 62. */
export function freezeTimeDi(number: number): string {
  return `050600${byte(number)}`;
}

/** Every identifier that the driver can decode, by its eight hex digits. */
export const ITEMS: ReadonlyMap<string, Item> = new Map(
  [
    ...TABLE.flatMap((row) => row[0].flatMap((pattern) => expand(pattern, fieldsOf(row)))),
    ...freezeNumbers.map((number) => ({ di: freezeTimeDi(number), fields: [FREEZE_TIME] })),
  ].map((item) => [item.di, item]),
);

/** The identifier of daily freeze `number` that holds this energy, `null` if none does. */
export function freezeDi(register: Register, number: number): string | null {
  for (const [patterns, , , names] of TABLE) {
    const freeze = patterns.find((pattern) => pattern.endsWith('NN'));
    if (freeze !== undefined && names.includes(register.name)) {
      return freeze.replace('NN', byte(number));
    }
  }
  return null;
}

/** The identifier that holds this register alone, `null` if none does. */
export function singleDi(register: Register): string | null {
  for (const { di, fields } of ITEMS.values()) {
    if (fields.length === 1 && fields[0]?.register?.id === register.id) return di;
  }
  return null;
}
