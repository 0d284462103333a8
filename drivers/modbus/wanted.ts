/** From registers asked for to what must be read of this very meter. */
import type { ReadOptions } from '../../src/core/driver.ts';
import type { Register } from '../../src/core/registers.ts';
import { hullOf, type Range } from './reading-plan.ts';
import { isPoint, type RegisterMap, rangesOf, type Source } from './source.ts';
import { headerOf, locate, type SunspecBlock, type SunspecFinder } from './sunspec.ts';
import type { PointSource } from './sunspec-points.ts';

/** A register and where this meter has it. */
export interface Wanted {
  readonly register: Register;
  readonly source: Source;
  /** All that must be read, the value itself and what tells how to take it. */
  readonly ranges: readonly Range[];
  /** The SunSpec model that it is in, `null` where the model file has the address. */
  readonly block: SunspecBlock | null;
}

/** The registers at addresses, as the model file has them. */
export function addressed({ sources }: RegisterMap, registers: readonly Register[]): Wanted[] {
  return registers.flatMap((register) => {
    const source = sources.get(register.name);
    if (source === undefined || isPoint(source)) return [];
    return [{ register, source, ranges: rangesOf(source), block: null }];
  });
}

/** A register at a SunSpec point, wherever that is. */
export interface Pointed {
  readonly register: Register;
  readonly source: PointSource;
}

export function pointed({ sources }: RegisterMap, registers: readonly Register[]): Pointed[] {
  return registers.flatMap((register) => {
    const source = sources.get(register.name);
    return source !== undefined && isPoint(source) ? [{ register, source }] : [];
  });
}

/**
 * The points at their addresses; each is read with the header of its block, which proves that it
 * is still there. Throws what {@link SunspecFinder.find} throws.
 */
export async function locateAll(
  points: readonly Pointed[],
  finder: SunspecFinder,
  options: ReadOptions,
): Promise<Wanted[]> {
  if (points.length === 0) return [];
  const block = await finder.find(options);
  return points.map(({ register, source: point }) => {
    const source = locate(point, block);
    return { register, source, ranges: [...rangesOf(source), headerOf(block)], block };
  });
}

/** Worth one request: a value and what belongs to it, lest the meter change them in between. */
export function bondsOf(wanted: readonly Wanted[]): Range[] {
  return wanted.flatMap(({ ranges: [first, ...rest] }) => {
    if (first === undefined || rest.length === 0) return [];
    const isOneTable = rest.every(({ table }) => table === first.table);
    return isOneTable ? [hullOf([first, ...rest])] : [];
  });
}
