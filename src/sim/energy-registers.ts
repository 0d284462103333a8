import { decimal, formatDecimal } from '../core/decimal.ts';
import type { MeterKind } from './curve.ts';
import { type EnergyChannel, type EnergyCount, TARIFFS_KEPT, UNITS_PER_KWH } from './energy.ts';
import { type PhasesOf, phaseShare } from './phases.ts';
import { between } from './random.ts';

const UNITS_PER_DIGIT = UNITS_PER_KWH / 100n;
/** The register has eight digits and rolls over. */
const ROLL_OVER = 100_000_000n;

/** Registers as sums of what the meter counts; combination words are those of delivery. */
const ACTIVE_ENERGIES: Readonly<Record<string, readonly EnergyChannel[]>> = {
  energy_active_import: ['import'],
  energy_active_export: ['export'],
  x_energy_active_combined: ['import', 'export'],
};
const REACTIVE_ENERGIES: Readonly<Record<string, readonly EnergyChannel[]>> = {
  energy_reactive_q1: ['q1'],
  energy_reactive_q2: ['q2'],
  energy_reactive_q3: [],
  energy_reactive_q4: [],
  x_energy_reactive_combined_1: ['q1'],
  x_energy_reactive_combined_2: ['q2'],
};
const ENERGIES: Readonly<Record<MeterKind, Readonly<Record<string, readonly EnergyChannel[]>>>> = {
  single: ACTIVE_ENERGIES,
  three: { ...ACTIVE_ENERGIES, ...REACTIVE_ENERGIES },
};

/** Which channels add up to this energy register, `null` where the meter does not have it. */
function channelsOf(kind: MeterKind, register: string): readonly EnergyChannel[] | null {
  const energies = ENERGIES[kind];
  return Object.hasOwn(energies, register) ? (energies[register] ?? null) : null;
}

/** What stood on the meter at installation; only consumption has a past. */
function startUnits(seed: number, channel: EnergyChannel, tariff: number): bigint {
  if (channel !== 'import') return 0n;
  const tariffs = tariff === 0 ? [1, 2, 3, 4] : [tariff];
  return tariffs
    .map((each) => BigInt(between(5_000, 300_000, seed, 3, each)) * UNITS_PER_DIGIT)
    .reduce((sum, units) => sum + units, 0n);
}

export interface EnergyWord {
  readonly channels: readonly EnergyChannel[];
  /** 0 is the total. */
  readonly tariff: number;
  /** 0 is all of them. */
  readonly phase: number;
}

/** `NAME`, `NAME_t1` to `NAME_t4`, `NAME_l1` to `NAME_l3`, as far as the meter keeps them. */
export function parseEnergyWord(register: string, kind: MeterKind): EnergyWord | null {
  const [, name = '', suffix, digits = '0'] = /^(.+?)(?:_([tl])(\d+))?$/.exec(register) ?? [];
  const channels = channelsOf(kind, name);
  const number = Number(digits);
  if (channels === null) return null;
  if (suffix === 'l') return { channels, tariff: 0, phase: number };
  return number > TARIFFS_KEPT ? null : { channels, tariff: number, phase: 0 };
}

/** Shows energy registers of a meter with two decimals, eight digits. */
export function createEnergyDisplay(phases: PhasesOf) {
  const { kind, seed } = phases;
  return (register: string, count: EnergyCount): string | null => {
    const word = parseEnergyWord(register, kind);
    if (word === null) return null;
    const { channels, tariff, phase } = word;
    const units = channels.reduce(
      (sum, channel) => sum + startUnits(seed, channel, tariff) + count.of(channel, tariff),
      0n,
    );
    const part = phase === 0 ? units : phaseShare(units, phase, phases);
    if (part === null) return null;
    return formatDecimal(decimal((part / UNITS_PER_DIGIT) % ROLL_OVER, 2));
  };
}
