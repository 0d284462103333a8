/** How long to wait before trying again; all waits are spread, so that a fleet does not move as one. */

const FIRST_MS = 5_000;
const CAP_MS = 60_000;
const REFUSED_CAP_MS = 300_000;
const RETRY_FLOOR_MS = 200;
const RETRY_FIRST_MS = 1_000;

/** `refused`: the broker knows us and says no, or another client took our name. */
export type FailureKind = 'unreachable' | 'refused';

/**
 * Milliseconds before the next connection attempt, after `failures` failures in a row (1 or
 * more). Unreachable: 0 to 5 s at first, doubling up to 0 to 60 s. Refused: 60 to 300 s.
 * `random` gives 0 to 1.
 */
export function connectDelayMs(kind: FailureKind, failures: number, random: () => number): number {
  if (kind === 'refused') return CAP_MS + random() * (REFUSED_CAP_MS - CAP_MS);
  return random() * Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
}

/** Milliseconds before a message that the broker refused is sent again: 0.2 to 1 s, then up to 60 s. */
export function retryDelayMs(failures: number, random: () => number): number {
  const span = Math.min(CAP_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return RETRY_FLOOR_MS + random() * (span - RETRY_FLOOR_MS);
}
