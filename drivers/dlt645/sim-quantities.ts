import { demandNameOf, type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import {
  type Cell,
  digitsCell,
  joinCells,
  plain,
  type Show,
  type Shown,
  signed,
  timeCell,
} from './sim-cells.ts';

/** The meter's energies (00, table A.1) and maximum demands (01, table A.2). */
const BLOCK = 0xff;
/** Tariffs 01H to 3FH; 00 is the total. */
const LAST_TARIFF = 0x3f;
const LAST_SETTLEMENT = 0x0c;
const ENERGY = plain(4, 2);
/** The energies of phase A are this much further on, those of B twice as much. */
const PHASE_STEP = 0x14;

/** Related energy, fundamentals, harmonics, copper and iron loss: DI2 80H to 86H. */
const FIRST_PART = 0x80;
const PARTS = [
  'x_energy_active_related',
  'x_energy_active_import_fundamental',
  'x_energy_active_export_fundamental',
  'x_energy_active_import_harmonic',
  'x_energy_active_export_harmonic',
  'x_energy_copper_loss',
  'x_energy_iron_loss',
];

/** What the settlement period used, as prepayment meters have it. */
const OF_PERIOD = 0x0b;
/** 00 90 xx yy: what is left, and what was used beyond. */
const PREPAID = 0x90;
const PREPAID_NAMES: Readonly<Record<string, string>> = {
  '1 0': SHOWN.energyRemaining,
  '1 1': SHOWN.energyOverdraft,
  '2 0': SHOWN.amountRemaining,
  '2 1': SHOWN.amountOverdraft,
};

/** An energy register, and whether it and its demand have a sign (notes A.1-1 and A.2). */
export interface Quantity {
  readonly register: string;
  readonly signed: boolean;
}

/** DI2 00H to 0AH of the energies. */
const ENERGIES: readonly Quantity[] = [
  { register: 'x_energy_active_combined', signed: true },
  { register: 'energy_active_import', signed: false },
  { register: 'energy_active_export', signed: false },
  { register: 'x_energy_reactive_combined_1', signed: true },
  { register: 'x_energy_reactive_combined_2', signed: true },
  { register: 'energy_reactive_q1', signed: false },
  { register: 'energy_reactive_q2', signed: false },
  { register: 'energy_reactive_q3', signed: false },
  { register: 'energy_reactive_q4', signed: false },
  { register: 'energy_apparent_import', signed: false },
  { register: 'energy_apparent_export', signed: false },
];

/** 00H to 0AH all phases, 15H to 1EH phase A, 29H to 32H B, 3DH to 46H C. */
export function quantityAt(di2: number): (Quantity & { readonly isOfPhase: boolean }) | null {
  const phase = di2 < ENERGIES.length ? 0 : Math.floor(di2 / PHASE_STEP);
  const quantity = ENERGIES[di2 - phase * PHASE_STEP];
  if (quantity === undefined || phase > 3) return null;
  if (phase === 0) return { ...quantity, isOfPhase: false };
  // Combined active energy is not kept by phase.
  if (di2 % PHASE_STEP === 0) return null;
  return { ...quantity, register: `${quantity.register}_l${phase}`, isOfPhase: true };
}

/** Where digits come from, and what tells its names from those of other sources. */
export interface Source {
  readonly show: Show;
  readonly suffix: string;
}

export function energyCells({ register, signed: isSigned }: Quantity, source: Source): Cell[] {
  const format = isSigned ? signed(4, 2) : ENERGY;
  return [digitsCell(register + source.suffix, source.show(register), format)];
}

/** XX.XXXX and YYMMDDhhmm; the time of a demand that never was is zeros. */
export function demandCells({ register, signed: isSigned }: Quantity, source: Source): Cell[] {
  const [, energy = '', place = ''] = /^(.+?)(_[tl]\d+)?$/.exec(register) ?? [];
  const name = demandNameOf(energy) + place;
  const at = `${name}_at`;
  return [
    digitsCell(name + source.suffix, source.show(name), isSigned ? signed(3, 4) : plain(3, 4)),
    timeCell(at + source.suffix, source.show(at), 5),
  ];
}

export type CellsOf = (quantity: Quantity, source: Source) => Cell[];

/** The total and as many tariffs as the meter keeps, without a gap. */
export function withTariffs(quantity: Quantity, source: Source, cellsOf: CellsOf): Cell[] {
  const cells = cellsOf(quantity, source);
  for (let tariff = 1; tariff <= LAST_TARIFF; tariff++) {
    const register = `${quantity.register}_t${tariff}`;
    const ofTariff = cellsOf({ ...quantity, register }, source);
    if (joinCells(ofTariff) === null) break;
    cells.push(...ofTariff);
  }
  return cells;
}

/** The present period, settlement period 1 to 12, or, for FF, the present one and all others. */
export function sourcesOf(di0: number, display: MeterDisplay): Source[] {
  const present = { show: (register: string) => display.show(register), suffix: '' };
  if (di0 === 0) return [present];
  if (di0 > LAST_SETTLEMENT && di0 !== BLOCK) return [];
  const numbers = di0 === BLOCK ? Array.from({ length: LAST_SETTLEMENT }, (_, n) => n + 1) : [di0];
  const sources = di0 === BLOCK && display.memory !== undefined ? [present] : [];
  for (const number of numbers) {
    const period = display.memory?.recall('settlement', number) ?? null;
    if (period === null) break;
    const suffix = di0 === BLOCK ? `_s${number}` : '';
    sources.push({ show: (name) => period.show(name), suffix });
  }
  return sources;
}

/** 00 xx T S and 01 xx T S; one of T and S may be FF. */
export function showQuantity(
  identifier: readonly number[],
  display: MeterDisplay,
  cellsOf: CellsOf,
): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  const quantity = quantityAt(di2);
  if (quantity === null || (quantity.isOfPhase && di1 !== 0)) return null;
  const sources = sourcesOf(di0, display);
  const [only] = sources;
  if (di1 === BLOCK) {
    if (only === undefined || di0 === BLOCK) return null;
    return joinCells(withTariffs(quantity, only, cellsOf));
  }
  if (di1 > LAST_TARIFF) return null;
  const register = di1 === 0 ? quantity.register : `${quantity.register}_t${di1}`;
  return joinCells(sources.flatMap((source) => cellsOf({ ...quantity, register }, source)));
}

/** 00 80..86 and, a phase further on each, 94..9A, A8..AE, BC..C2; 00 0B. No tariffs. */
function partAt(di2: number): string | null {
  if (di2 === OF_PERIOD) return 'x_energy_active_period';
  const phase = Math.floor((di2 - FIRST_PART) / PHASE_STEP);
  const part = PARTS[di2 - FIRST_PART - phase * PHASE_STEP];
  if (part === undefined || phase < 0 || phase > 3) return null;
  return phase === 0 ? part : `${part}_l${phase}`;
}

/** Energies of 00, those with tariffs and those without. */
export function showEnergy(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  if (di2 === PREPAID) {
    const name = PREPAID_NAMES[`${di1} ${di0}`];
    return name === undefined ? null : joinCells([digitsCell(name, display.show(name), ENERGY)]);
  }
  const register = partAt(di2);
  if (register === null) return showQuantity(identifier, display, energyCells);
  if (di1 !== 0) return null;
  const sources = sourcesOf(di0, display);
  return joinCells(sources.flatMap((source) => energyCells({ register, signed: false }, source)));
}
