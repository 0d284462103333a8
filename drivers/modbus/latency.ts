/** How long a meter takes to begin its answer, and so how long to wait for one. */

const SHORTEST_MS = 200;
const LONGEST_MS = 1000;
/** An answer may take so many times as long as the slowest of the last ones. */
const MARGIN = 4;
const REMEMBERED = 8;

export interface Latency {
  firstByteMs(): number;
  /** An answer came, this long after the request, less the time of both on the line. */
  answered(afterMs: number): void;
  /** None came: the next is waited for as at the beginning. */
  failed(): void;
}

export function createLatency(): Latency {
  let last: readonly number[] = [];
  return {
    firstByteMs: () =>
      last.length === 0
        ? LONGEST_MS
        : Math.min(Math.max(MARGIN * Math.max(...last), SHORTEST_MS), LONGEST_MS),
    answered(afterMs) {
      last = [...last, Math.max(afterMs, 0)].slice(-REMEMBERED);
    },
    failed() {
      last = [];
    },
  };
}
