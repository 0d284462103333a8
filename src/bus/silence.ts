/** The silence that a line needs between two exchanges, and who has broken it. */
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';

/** However noisy the line, noise draws the wait for silence out no further than this. */
const LONGEST_QUIET_MS = 5000;

export interface Silence {
  /** There are bytes on the line up to this moment. */
  broken(until: number): void;
  /** The line must be silent up to this moment; bytes that come meanwhile restart `quietMs`. */
  keep(until: number, quietMs: number): void;
  /**
   * Resolves when the line has been silent long enough: the turnaround and `gapMs` since its last
   * byte, and what was to be kept. Rejects with BUS_JAMMED, or the signal's reason.
   */
  wait(signal: AbortSignal, gapMs: number): Promise<void>;
}

export function createSilence(clock: Clock, turnaroundMs: number): Silence {
  let lastByteAt = Number.NEGATIVE_INFINITY;
  let keptUntil = 0;
  let quietMs = 0;
  return {
    broken(until) {
      lastByteAt = Math.max(lastByteAt, until);
    },
    keep(moment, ms) {
      keptUntil = moment;
      quietMs = ms;
    },
    async wait(signal, gapMs) {
      const until = () => Math.max(keptUntil, lastByteAt + Math.max(turnaroundMs, gapMs, quietMs));
      const giveUpAt = Math.max(clock.monotonic(), until()) + LONGEST_QUIET_MS;
      for (let now = clock.monotonic(); now < until(); now = clock.monotonic()) {
        if (now >= giveUpAt) throw new AmrError('BUS_JAMMED', 'the line does not fall silent');
        await clock.sleep(Math.min(until(), giveUpAt) - now, signal);
      }
      quietMs = 0;
    },
  };
}
