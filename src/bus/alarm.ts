/** One timer for all that waits, however many exchanges come and go meanwhile. */
import type { Clock } from '../core/clock.ts';

export interface Alarm {
  /** Rings at this moment of the monotonic clock, or earlier where it is set so already. */
  setFor(moment: number): void;
  off(): void;
}

/** It rings once, then it is off. `ring` must not throw. */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let ringsAt = Number.POSITIVE_INFINITY;
  let sleep: AbortController | null = null;

  function off(): void {
    ringsAt = Number.POSITIVE_INFINITY;
    // A reason of its own: the usual one is an error with its stack, dear where nobody reads it.
    sleep?.abort('off');
    sleep = null;
  }

  /** A timer may fire a little early. */
  async function reach(moment: number, signal: AbortSignal): Promise<void> {
    for (let now = clock.monotonic(); now < moment; now = clock.monotonic()) {
      await clock.sleep(moment - now, signal);
    }
  }

  return {
    off,
    setFor(moment) {
      if (moment >= ringsAt) return;
      off();
      ringsAt = moment;
      sleep = new AbortController();
      const { signal } = sleep;
      const wakeUp = () => {
        if (signal.aborted) return;
        off();
        ring();
      };
      reach(moment, signal).then(wakeUp, () => undefined);
    },
  };
}
