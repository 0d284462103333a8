import { decimal, formatDecimal, parseDecimal } from '../core/decimal.ts';
import type { Calendar } from './calendar.ts';
import { FIRST_DAY } from './energy.ts';
import type { Look } from './shown.ts';

/**
 * Energies and demands that follow from those counted: apparent ones, the share of the harmonics,
 * what transformers lose, and what the month used. Hundredths of a kWh, ten-thousandths of a kVA.
 */
const HOUR_MS = 3_600_000;

/** Of a thousand parts. */
const HARMONICS = 12n;
const COPPER = 3n;

/** What is shown of a name whose parts the pattern took out. */
type Derive = (
  show: (register: string) => bigint | null,
  parts: string[],
  at: number,
) => bigint | null;

interface Row {
  readonly pattern: RegExp;
  readonly decimals: number;
  readonly derive: Derive;
}

/** Rises while both do: the root is taken of doubles, and rounding never turns an order about. */
const rootOfSquares = (a: bigint, b: bigint) =>
  BigInt(Math.floor(Math.hypot(Number(a), Number(b))));

const QUADRANTS: Readonly<Record<string, readonly string[]>> = {
  import: ['q1', 'q4'],
  export: ['q2', 'q3'],
};

function sumOf(parts: readonly (bigint | null)[]): bigint | null {
  return parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0n);
}

const apparent: Derive = (show, [what = '', direction = '', rest = '']) => {
  const active = show(`${what}_active_${direction}${rest}`);
  const reactive = (QUADRANTS[direction] ?? []).map((each) =>
    show(`${what}_reactive_${each}${rest}`),
  );
  const total = sumOf(reactive);
  return active === null || total === null ? null : rootOfSquares(active, total);
};

const harmonic: Derive = (show, [direction = '', part = '', phase = '']) => {
  const whole = show(`energy_active_${direction}${phase}`);
  if (whole === null) return null;
  const share = (whole * HARMONICS) / 1000n;
  return part === 'harmonic' ? share : whole - share;
};

/** The fundamental less its harmonics, of what was taken. */
const related: Derive = (show, [phase = '']) => {
  const whole = show(`energy_active_import${phase}`);
  return whole === null ? null : whole - (2n * whole * HARMONICS) / 1000n;
};

export function createDerivedEnergy(look: Look, calendar: Calendar): Look {
  const installed = calendar.day(FIRST_DAY).start;
  const unitsOf = (register: string, at: number) =>
    parseDecimal(look(register, at) ?? '')?.coefficient ?? null;

  /** A watt a phase, all the time. */
  const ironLoss: Derive = (show, [phase = ''], at) => {
    const phases = (phase === '' ? ['_l1', '_l2', '_l3'] : [phase]).filter(
      (each) => show(`energy_active_import${each}`) !== null,
    );
    if (phases.length === 0) return null;
    const hours = BigInt(Math.max(Math.floor((at - installed) / HOUR_MS), 0));
    return (hours * BigInt(phases.length)) / 10n;
  };
  const copperLoss: Derive = (show, [phase = '']) => {
    const whole = sumOf([
      show(`energy_active_import${phase}`),
      show(`energy_active_export${phase}`),
    ]);
    return whole === null ? null : (whole * COPPER) / 1000n;
  };
  const ofMonth: Derive = (show, [rest = ''], at) => {
    const register = `energy_active_import${rest}`;
    const from = calendar.firstOfMonth(calendar.indexOf(at - 1)).start;
    const [before, after] = [unitsOf(register, from), show(register)];
    return before === null || after === null ? null : after - before;
  };

  const rows: readonly Row[] = [
    { pattern: /^(energy)_apparent_(import|export)(_[tl]\d+)?$/, decimals: 2, derive: apparent },
    {
      pattern: /^(demand)_apparent_(import|export)(_max(?:_[tl]\d+)?)$/,
      decimals: 4,
      derive: apparent,
    },
    {
      pattern: /^x_energy_active_(import|export)_(fundamental|harmonic)(_l\d)?$/,
      decimals: 2,
      derive: harmonic,
    },
    { pattern: /^x_energy_active_related(_l\d)?$/, decimals: 2, derive: related },
    { pattern: /^x_energy_copper_loss(_l\d)?$/, decimals: 2, derive: copperLoss },
    { pattern: /^x_energy_iron_loss(_l\d)?$/, decimals: 2, derive: ironLoss },
    { pattern: /^x_energy_active_period(_t\d+)?$/, decimals: 2, derive: ofMonth },
  ];

  return (register, at) => {
    // The moment of an apparent demand is that of the active one.
    const moment = /^demand_apparent_(\w+_at)$/.exec(register)?.[1];
    if (moment !== undefined) return look(`demand_active_${moment}`, at);
    const show = (name: string) => unitsOf(name, at);
    for (const { pattern, decimals, derive } of rows) {
      const match = pattern.exec(register);
      if (match === null) continue;
      const units = derive(show, match.slice(1), at);
      return units === null ? null : formatDecimal(decimal(units, decimals));
    }
    return null;
  };
}

/** Names of what {@link createDerivedEnergy} shows. */
export const DERIVED =
  /(energy|demand)_apparent|_fundamental|^x_energy_active_\w+_harmonic|_related|^x_energy_\w+_loss|_active_period/;
