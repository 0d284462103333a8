import type { MeterKind } from './curve.ts';
import { between } from './random.ts';

/** How the load of a meter is shared out to its phases. */
export interface PhasesOf {
  readonly kind: MeterKind;
  readonly seed: number;
}

export function phaseCount(kind: MeterKind): number {
  return kind === 'single' ? 1 : 3;
}

/** Thousandths of the first two phases; the third has the rest. */
function shares(seed: number): readonly [number, number] {
  return [between(290, 370, seed, 4), between(290, 370, seed, 5)];
}

/** A whole number shared out; the parts add up to it. */
export function shareOut(whole: number, { kind, seed }: PhasesOf): number[] {
  if (kind === 'single') return [whole];
  const parts = shares(seed).map((share) => Math.trunc((whole * share) / 1000));
  return [...parts, parts.reduce((rest, part) => rest - part, whole)];
}

/** The part of phase 1 to 3, never falling while the whole grows; `null` for a phase not there. */
export function phaseShare(whole: bigint, phase: number, { kind, seed }: PhasesOf): bigint | null {
  if (phase > phaseCount(kind)) return null;
  if (kind === 'single') return whole;
  const [first, second] = shares(seed);
  const share = [first, second, 1000 - first - second][phase - 1];
  return share === undefined ? null : (whole * BigInt(share)) / 1000n;
}
