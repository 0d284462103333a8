/** Numbers that look random and are the same on every run. */

/** A whole number below 2^32 that depends on all parts and on nothing else. */
export function hash(...parts: readonly number[]): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < parts.length; index++) {
    state = Math.imul(state ^ (parts[index] ?? 0), 0x01000193);
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state ^= state >>> 12;
  }
  state = Math.imul(state, 0x297a2d39);
  return (state ^ (state >>> 15)) >>> 0;
}

/** A whole number from `low` to `high`, both included. */
export function between(low: number, high: number, ...parts: readonly number[]): number {
  return low + (hash(...parts) % (high - low + 1));
}

export interface Random {
  /** 0 up to, but not including, 1. */
  fraction(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
}

export function createRandom(seed: number): Random {
  let drawn = 0;
  const next = () => hash(seed, ++drawn);
  return {
    fraction: () => next() / 0x1_0000_0000,
    between: (low, high) => low + (next() % (high - low + 1)),
  };
}
