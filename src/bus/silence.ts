/** The silence that a line needs between two exchanges, and who has broken it. */
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';

/** However noisy the line, noise draws the wait for silence out no further than this. */
const LONGEST_QUIET_MS = 5000;

export interface Silence {
  /** The line must be silent up to this moment; bytes that come meanwhile restart `quietMs`. */
  keep(until: number, quietMs: number): void;
  /** A byte came that nobody waited for. */
  broken(): void;
  /** Resolves when the line has been silent long enough. Rejects with BUS_JAMMED. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createSilence(clock: Clock, turnaroundMs: number): Silence {
  let until = 0;
  let quietMs = turnaroundMs;
  return {
    keep(moment, ms) {
      until = moment;
      quietMs = ms;
    },
    broken() {
      until = Math.max(until, clock.monotonic() + quietMs);
    },
    async wait(signal) {
      const giveUpAt = Math.max(clock.monotonic(), until) + LONGEST_QUIET_MS;
      for (let now = clock.monotonic(); now < until; now = clock.monotonic()) {
        if (now >= giveUpAt) throw new AmrError('BUS_JAMMED', 'the line does not fall silent');
        await clock.sleep(Math.min(until, giveUpAt) - now, signal);
      }
      quietMs = turnaroundMs;
    },
  };
}
