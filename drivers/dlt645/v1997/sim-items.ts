import { demandNameOf, type MeterDisplay } from '../../../src/core/slave.ts';
import { dayTimes, type Face, type Kept, numbers, type Show } from './sim-packing.ts';
import { tableItem } from './sim-table.ts';

/**
 * What a meter of 1997 keeps under its two-byte identifiers. Kept apart from the master's table on
 * purpose: neither can copy the other's slip.
 */
const BLOCK = 0xf;
const LAST_TARIFF = 14;
const MONTHS_KEPT = 2;

const ENERGY: Face = { digits: 8, decimals: 2 };
const DEMAND: Face = { digits: 6, decimals: 4 };

/** By the high digit of DI0, from 1 on; what no display knows falls back to its nearest kin. */
const ENERGIES: readonly (readonly (readonly string[])[])[] = [
  [['energy_active_import'], ['energy_active_export']],
  [
    ['x_energy_reactive_forward', 'x_energy_reactive_combined_1'],
    ['x_energy_reactive_reverse', 'x_energy_reactive_combined_2'],
    ['energy_reactive_q1'],
    ['energy_reactive_q4'],
    ['energy_reactive_q2'],
    ['energy_reactive_q3'],
  ],
];

/** B6 by the high digit of DI0; the low one is a phase, 0 the total. */
const VARIABLES: Readonly<Record<number, { name: string; face: Face; hasTotal: boolean }>> = {
  1: { name: 'voltage', face: { digits: 4, decimals: 0 }, hasTotal: false },
  2: { name: 'current', face: { digits: 4, decimals: 2 }, hasTotal: false },
  3: { name: 'power_active', face: { digits: 6, decimals: 4 }, hasTotal: true },
  4: { name: 'x_power_reactive', face: { digits: 4, decimals: 2 }, hasTotal: true },
  5: { name: 'power_factor', face: { digits: 4, decimals: 3 }, hasTotal: true },
};
const PHASE_SUFFIXES = ['', '_l1', '_l2', '_l3'];

/** The total and the tariffs without a gap, or the one that the low digit counts. */
function tariffNames(low: number, nameAt: (suffix: string) => string, show: Show): string[] {
  if (low !== BLOCK) return [nameAt(low === 0 ? '' : `_t${low}`)];
  const names = [nameAt('')];
  for (let tariff = 1; tariff <= LAST_TARIFF; tariff++) {
    const name = nameAt(`_t${tariff}`);
    if (show(name) === null) break;
    names.push(name);
  }
  return names;
}

/** DI1 bits 3-2: the present month, the last, the one before. */
function monthShow(di1: number, display: MeterDisplay): Show | null {
  const month = (di1 >> 2) & 3;
  if (month === 0) return (name) => display.show(name);
  const frozen = month <= MONTHS_KEPT ? display.memory?.recall('settlement', month) : null;
  return frozen === null || frozen === undefined ? null : (name) => frozen.show(name);
}

/** 9x energies, Ax maximum demands, Bx the times of these. */
function countedItem([di1, di0]: Identifier, display: MeterDisplay): Kept | null {
  const show = monthShow(di1, display);
  const kin = ENERGIES[di1 & 3]?.[(di0 >> 4) - 1];
  const [own] = kin ?? [];
  if (show === null || kin === undefined || own === undefined) return null;
  const classOf = di1 >> 4;
  const nameAt = (energy: string, suffix: string) =>
    classOf === 9 ? energy + suffix : demandNameOf(energy) + suffix;
  const showKin = (name: string) => {
    const [suffix = ''] = /(_t\d+)?(_at)?$/.exec(name) ?? [];
    return kin.map((energy) => show(nameAt(energy, suffix))).find((text) => text !== null) ?? null;
  };
  const names = tariffNames(di0 & BLOCK, (suffix) => nameAt(own, suffix), showKin);
  if (classOf === 9) return numbers(names, ENERGY, showKin);
  if (classOf === 0xa) return numbers(names, DEMAND, showKin);
  return dayTimes(
    names.map((name) => `${name}_at`),
    showKin,
  );
}

function variableItem(di0: number, display: MeterDisplay): Kept | null {
  const variable = VARIABLES[di0 >> 4];
  if (variable === undefined) return null;
  const { name, face, hasTotal } = variable;
  const suffixes = hasTotal ? PHASE_SUFFIXES : PHASE_SUFFIXES.slice(1);
  const one = PHASE_SUFFIXES[di0 & BLOCK];
  const wanted = (di0 & BLOCK) === BLOCK ? suffixes : suffixes.filter((suffix) => suffix === one);
  return numbers(
    wanted.map((suffix) => name + suffix),
    face,
    (text) => display.show(text),
  );
}

/** DI1, DI0: as people write it. */
export type Identifier = readonly [di1: number, di0: number];

/** 90 00 and 9A 1T, which only some makers have: all directions, and today's freeze. */
function vendorItem([di1, di0]: Identifier, display: MeterDisplay): Kept | null {
  const show: Show = (name) => display.show(name);
  if (di1 === 0x90) return numbers(['x_energy_active_combined'], ENERGY, show);
  const frozen = display.showDailyFreeze(0);
  if (frozen === null || di0 >> 4 !== 1) return null;
  const showFrozen: Show = (name) => frozen.show(name);
  const names = tariffNames(di0 & BLOCK, (suffix) => `energy_active_import${suffix}`, showFrozen);
  return numbers(names, ENERGY, showFrozen);
}

/** What the meter has under this identifier; `null` is refused with bit 1. */
export function keptItem(
  identifier: Identifier,
  { display, address }: { display: MeterDisplay; address: string },
): Kept | null {
  const [di1, di0] = identifier;
  const isCounted = [0x9, 0xa, 0xb].includes(di1 >> 4) && (di1 & 2) === 0;
  const kept = tableItem(identifier, { display, address });
  if (kept !== null) return kept;
  if (di1 === 0xb6) return variableItem(di0, display);
  if (di1 === 0x9a || (di1 === 0x90 && di0 === 0)) return vendorItem(identifier, display);
  return isCounted ? countedItem(identifier, display) : null;
}
