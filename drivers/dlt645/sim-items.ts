import type { FrozenDisplay, MeterDisplay } from '../../src/core/slave.ts';

/**
 * The meter's table of data identifiers, DL/T 645-2007 annex A, and how it puts its digits into
 * packed BCD. Kept apart from the master's table on purpose: neither can copy the other's slip.
 */
export interface Shown {
  /** The bytes after the identifier, before the offset. */
  readonly payload: readonly number[];
  /** Register name -> digits, `null` where the meter filled in FF. */
  readonly values: Record<string, string | null>;
}

/** Identifier, DI3 first, as people write it. */
export type Identifier = readonly [di3: number, di2: number, di1: number, di0: number];

interface Format {
  readonly bytes: number;
  readonly decimals: number;
  readonly signed: boolean;
}

const BLOCK = 0xff;
/** Tariffs 01H to 3FH; 00 is the total. */
const LAST_TARIFF = 0x3f;
const DAILY_FREEZES = 0x3e;

/** DI2 00H to 0AH of the energies; combined energies alone have a sign (note A.1-1). */
const ENERGIES: readonly (readonly [register: string, signed: boolean])[] = [
  ['x_energy_active_combined', true],
  ['energy_active_import', false],
  ['energy_active_export', false],
  ['x_energy_reactive_combined_1', true],
  ['x_energy_reactive_combined_2', true],
  ['energy_reactive_q1', false],
  ['energy_reactive_q2', false],
  ['energy_reactive_q3', false],
  ['energy_reactive_q4', false],
  ['energy_apparent_import', false],
  ['energy_apparent_export', false],
];

const PHASES = ['_l1', '_l2', '_l3'];
const TOTAL_AND_PHASES = ['', ...PHASES];

/** DI2 of the variables 02 xx P 00: name, what P counts, format (table A.3). */
const VARIABLES: Readonly<Record<number, readonly [string, readonly string[], Format]>> = {
  1: ['voltage', PHASES, { bytes: 2, decimals: 1, signed: false }],
  2: ['current', PHASES, { bytes: 3, decimals: 3, signed: true }],
  3: ['power_active', TOTAL_AND_PHASES, { bytes: 3, decimals: 4, signed: true }],
  4: ['x_power_reactive', TOTAL_AND_PHASES, { bytes: 3, decimals: 4, signed: true }],
  5: ['power_apparent', TOTAL_AND_PHASES, { bytes: 3, decimals: 4, signed: false }],
  6: ['power_factor', TOTAL_AND_PHASES, { bytes: 2, decimals: 3, signed: true }],
};

/** DI0 of 02 80 00 xx. */
const GENERAL: Readonly<Record<number, readonly [string, Format]>> = {
  1: ['current_n', { bytes: 3, decimals: 3, signed: true }],
  2: ['frequency', { bytes: 2, decimals: 2, signed: false }],
};

/**
 * The digits as packed BCD, low byte first; the top bit of the last byte is the sign where the
 * item has one (note A.3-2). `null` where they do not fit the item.
 */
export function packDigits(digits: string, format: Format): number[] | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(digits);
  if (match === null) return null;
  const [, minus = '', whole = '', fraction = ''] = match;
  const places = fraction.padEnd(format.decimals, '0').slice(0, format.decimals);
  const figures = (whole + places).replace(/^0+/, '').padStart(format.bytes * 2, '0');
  if (figures.length > format.bytes * 2) return null;
  const packed: number[] = [];
  for (let at = figures.length - 2; at >= 0; at -= 2) {
    packed.push(Number(figures[at]) * 16 + Number(figures[at + 1]));
  }
  const top = packed.pop() ?? 0;
  if (!format.signed) return minus === '' ? [...packed, top] : null;
  if (top >= 0x80) return null;
  return [...packed, minus === '' ? top : top + 0x80];
}

/** These registers one after another; a missing one is FF, none at all is "no data". */
function showFields(
  registers: readonly string[],
  format: Format,
  show: (register: string) => string | null,
): Shown | null {
  const payload: number[] = [];
  const values: Record<string, string | null> = {};
  let found = 0;
  for (const register of registers) {
    const digits = show(register);
    const packed = digits === null ? null : packDigits(digits, format);
    if (packed !== null) found += 1;
    values[register] = packed === null ? null : digits;
    payload.push(...(packed ?? new Array<number>(format.bytes).fill(0xff)));
  }
  return found === 0 ? null : { payload, values };
}

/** The total and as many tariffs as the meter keeps, without a gap. */
function withTariffs(register: string, show: (register: string) => string | null): string[] {
  const registers = [register];
  for (let tariff = 1; tariff <= LAST_TARIFF; tariff++) {
    if (show(`${register}_t${tariff}`) === null) break;
    registers.push(`${register}_t${tariff}`);
  }
  return registers;
}

function energyFormat(signed: boolean): Format {
  return { bytes: 4, decimals: 2, signed };
}

/** 00 xx T 00 and 00 xx FF 00; settlements are not kept. */
function showEnergy([, di2, di1, di0]: Identifier, display: MeterDisplay): Shown | null {
  const energy = ENERGIES[di2];
  if (energy === undefined || di0 !== 0) return null;
  const [register, signed] = energy;
  const show = (name: string) => display.show(name);
  if (di1 === BLOCK) return showFields(withTariffs(register, show), energyFormat(signed), show);
  if (di1 > LAST_TARIFF) return null;
  const name = di1 === 0 ? register : `${register}_t${di1}`;
  return showFields([name], energyFormat(signed), show);
}

/** 02 01..06 P 00 with their blocks, and 02 80 00 01..02. */
function showVariable([, di2, di1, di0]: Identifier, display: MeterDisplay): Shown | null {
  const show = (name: string) => display.show(name);
  if (di2 === 0x80) {
    const general = GENERAL[di0];
    if (general === undefined || di1 !== 0) return null;
    return showFields([general[0]], general[1], show);
  }
  const variable = VARIABLES[di2];
  if (variable === undefined || di0 !== 0) return null;
  const [name, places, format] = variable;
  if (di1 === BLOCK) {
    return showFields(
      places.map((place) => name + place),
      format,
      show,
    );
  }
  // P counts phases from 1; where the item has a total, that is 0.
  const place = places[places === PHASES ? di1 - 1 : di1];
  return place === undefined ? null : showFields([name + place], format, show);
}

/** 05 06 00 n: YYMMDDhhmm, minute first; 05 06 01..08 n: the total and the tariffs. */
function showFreeze([, , di1, di0]: Identifier, display: MeterDisplay): Shown | null {
  if (di0 < 1 || di0 > DAILY_FREEZES) return null;
  const frozen = display.showDailyFreeze(di0 - 1);
  if (frozen === null) return null;
  return di1 === 0 ? showFreezeTime(frozen) : showFrozenEnergy(di1, frozen);
}

function showFreezeTime({ frozenAt }: FrozenDisplay): Shown {
  const figures = frozenAt.replace(/\D/g, '').slice(2, 12);
  const payload = [8, 6, 4, 2, 0].map(
    (at) => Number(figures[at] ?? 0) * 16 + Number(figures[at + 1] ?? 0),
  );
  return { payload, values: { frozen_at: frozenAt } };
}

function showFrozenEnergy(di1: number, frozen: FrozenDisplay): Shown | null {
  const energy = di1 <= 8 ? ENERGIES[di1] : undefined;
  if (energy === undefined) return null;
  const [register, signed] = energy;
  const show = (name: string) => frozen.show(name);
  return showFields(withTariffs(register, show), energyFormat(signed), show);
}

/** What the meter has under this identifier; `null` is answered with ERR bit 1, no such data. */
export function showItem(identifier: Identifier, display: MeterDisplay): Shown | null {
  const [di3, di2] = identifier;
  if (di3 === 0x00) return showEnergy(identifier, display);
  if (di3 === 0x02) return showVariable(identifier, display);
  if (di3 === 0x05 && di2 === 0x06) return showFreeze(identifier, display);
  return null;
}
