/** Who has the line next: by priority, then by arrival, with a bound on how long anybody waits. */
import { PRIORITIES, type Priority } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';

interface Waiting {
  readonly priority: number;
  readonly since: number;
  readonly start: () => Promise<void>;
}

/** Who has waited this long goes before all priorities, the longest first. */
export const LONGEST_WAIT_MS = 60_000;

export interface Queue {
  /** Runs the work when the line is free and nobody goes first; one work at a time. */
  run<T>(
    who: { readonly priority: Priority; readonly signal: AbortSignal },
    work: () => Promise<T>,
  ): Promise<T>;
}

export function createQueue(clock: Clock): Queue {
  const waiting: Waiting[] = [];
  let isBusy = false;

  function takeNext(): Waiting | undefined {
    const overdue = clock.monotonic() - LONGEST_WAIT_MS;
    const rank = (one: Waiting) => (one.since <= overdue ? -1 : one.priority);
    let best = 0;
    waiting.forEach((one, index) => {
      const first = waiting[best];
      if (first !== undefined && rank(one) < rank(first)) best = index;
    });
    return waiting.splice(best, 1)[0];
  }

  async function drain(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let next = takeNext(); next !== undefined; next = takeNext()) await next.start();
    isBusy = false;
  }

  return {
    run: ({ priority, signal }, work) =>
      new Promise((resolve, reject) => {
        const leave = () => {
          const at = waiting.indexOf(one);
          if (at < 0) return;
          waiting.splice(at, 1);
          reject(signal.reason);
        };
        const start = async () => {
          signal.removeEventListener('abort', leave);
          await work().then(resolve, reject);
        };
        const one = { priority: PRIORITIES.indexOf(priority), since: clock.monotonic(), start };
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(one);
        void drain();
      }),
  };
}
