/** Numbers that the same seed gives again. */
export interface Random {
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  /** True in so many cases of a hundred. */
  chance(percent: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** splitmix32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function below(count: number): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % count;
  }
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (percent) => below(1000) < percent * 10,
    pick: (list) => list[below(list.length)] ?? list[0],
  };
}

/** One of these by its weight; `undefined` where the weights do not add up to 100. */
export function pickWeighted<T>(
  random: Random,
  weights: readonly (readonly [T, number])[],
): T | undefined {
  let at = random.below(100);
  for (const [one, weight] of weights) {
    if (at < weight) return one;
    at -= weight;
  }
  return undefined;
}
