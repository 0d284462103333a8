/** Random bytes that the same seed gives again. */
export interface RandomBytes {
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number;
  byte(): number;
  /** Up to `most` - 1 of them. */
  bytes(most: number): Uint8Array;
  pick<T>(list: readonly T[]): T | undefined;
}

/** `tricky` bytes come often: those that mean something to the protocol. */
export function createRandomBytes(seed: number, tricky: readonly number[]): RandomBytes {
  let state = seed >>> 0;
  function below(count: number): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  }
  const pick = <T>(list: readonly T[]) => list[below(list.length)];
  const byte = () => (below(3) === 0 ? (pick(tricky) ?? 0) : below(256));
  return {
    below,
    byte,
    pick,
    bytes: (most) => Uint8Array.from({ length: below(most) }, byte),
  };
}

/** What came of one input. */
export interface Outcome {
  /** Good frames found. */
  readonly good: number;
  /** What is wrong, `null` where nothing is. */
  readonly complaint: string | null;
}

/** One protocol under test. */
export interface Target {
  readonly name: string;
  input(): Uint8Array;
  /** May throw AmrErrors, except INTERNAL. */
  tryOne(bytes: Uint8Array): Outcome;
}

/** A few bits of it turned, some of it cut off. */
export function mutate(frame: Uint8Array, random: RandomBytes): Uint8Array {
  const changed = frame.slice();
  for (let changes = random.below(4); changes > 0; changes--) {
    changed[random.below(changed.length)] = random.byte();
  }
  return changed.slice(0, random.below(4) === 0 ? random.below(changed.length) : changed.length);
}

/** The bytes in chunks of up to 40. */
export function chunks(bytes: Uint8Array, random: RandomBytes): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(40);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}
