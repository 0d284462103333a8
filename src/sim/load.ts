import type { Clock } from '../core/clock.ts';
import { decimal, formatDecimal } from '../core/decimal.ts';
import type { MeterDisplay } from '../core/slave.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type Calendar, calendarOf, SLOT_MS } from './calendar.ts';
import { type Curve, createCurve, type MeterKind } from './curve.ts';
import {
  createEnergy,
  type EnergyChannel,
  type EnergyCount,
  TARIFFS_KEPT,
  UNITS_PER_KWH,
} from './energy.ts';
import { between } from './random.ts';
import { showVariables } from './variables.ts';

/** The display of a simulated meter: a function of its seed and the time, and of nothing else. */
export interface DisplayOptions {
  readonly clock: Clock;
  readonly kind: MeterKind;
  readonly seed: number;
  /** IANA name of the zone whose midnights freeze and whose hours set the tariff. */
  readonly zone: string;
  /** Panels on the roof; none by default. */
  readonly solar?: boolean;
}

/** A meter keeps this many daily freezes. */
const FREEZES_KEPT = 62;
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

/** What stood on the meter at installation; only consumption has a past. */
function startUnits(seed: number, channel: EnergyChannel, tariff: number): bigint {
  if (channel !== 'import') return 0n;
  const tariffs = tariff === 0 ? [1, 2, 3, 4] : [tariff];
  return tariffs
    .map((each) => BigInt(between(5_000, 300_000, seed, 3, each)) * UNITS_PER_DIGIT)
    .reduce((sum, units) => sum + units, 0n);
}

function createEnergyDisplay({ kind, seed }: DisplayOptions) {
  const energies = ENERGIES[kind];
  return (register: string, count: EnergyCount): string | null => {
    const [, name = '', suffix = '0'] = /^(.+?)(?:_t(\d+))?$/.exec(register) ?? [];
    const channels = Object.hasOwn(energies, name) ? energies[name] : undefined;
    const tariff = Number(suffix);
    if (channels === undefined || tariff > TARIFFS_KEPT) return null;
    const units = channels.reduce(
      (sum, channel) => sum + startUnits(seed, channel, tariff) + count.of(channel, tariff),
      0n,
    );
    return formatDecimal(decimal((units / UNITS_PER_DIGIT) % ROLL_OVER, 2));
  };
}

function loadAt(curve: Curve, calendar: Calendar, epochMs: number) {
  const day = calendar.day(calendar.indexOf(epochMs));
  const slot = Math.floor((epochMs - day.start) / SLOT_MS);
  return curve(day.index, day.wallSlots[slot] ?? 0);
}

/**
 * Shows energy with 2 decimals (8 digits), voltage 1, current 3, power 4, power factor 3 and
 * frequency 2. Import never falls while the clock moves on; tariffs 1 to 4 sum to the total but
 * for the digits cut off; a single-phase meter has no registers of l2, l3 and reactive energy.
 */
export function createDisplay(options: DisplayOptions): MeterDisplay {
  const { clock, kind, seed, zone, solar = false } = options;
  const calendar = calendarOf(zone);
  const curve = createCurve({ kind, seed, solar });
  const energyAt = createEnergy(curve, calendar);
  const showEnergy = createEnergyDisplay(options);

  const show = (register: string, at: number) => {
    if (register.includes('energy')) return showEnergy(register, energyAt(at));
    const load = loadAt(curve, calendar, at);
    return showVariables({ kind, seed, load, at }).get(register) ?? null;
  };

  return {
    show: (register) => show(register, Math.floor(clock.now())),
    showDailyFreeze(daysAgo) {
      if (daysAgo < 0 || daysAgo >= FREEZES_KEPT) return null;
      const frozenAt = calendar.day(calendar.indexOf(clock.now()) - daysAgo).start;
      const count = energyAt(frozenAt);
      return {
        frozenAt: formatInstant(frozenAt, zone).slice(0, 19),
        show: (register) => showEnergy(register, count),
      };
    },
  };
}
