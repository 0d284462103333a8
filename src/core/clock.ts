/** All time comes from here; tests put a virtual clock in its place. */
export interface Clock {
  /** Wall time, milliseconds since 1970-01-01T00:00:00Z. May step. */
  now(): number;
  /** Milliseconds of a counter that never steps. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** How far the gateway's wall time can be trusted. */
export type ClockState = 'synced' | 'rtc' | 'unsynced';

/** setTimeout fires at once beyond this many milliseconds (2^31 - 1). */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(ms, 0), LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
