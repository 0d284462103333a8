/** Who is served next: by priority, then by arrival, with a bound on how long anybody waits. */
import { PRIORITIES, type Priority } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';

interface Waiting {
  readonly priority: number;
  readonly since: number;
  readonly start: () => void;
}

/** Who has waited this long goes before all priorities, the longest first. */
export const LONGEST_WAIT_MS = 60_000;

export interface Turn {
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

export interface Queue {
  /**
   * Runs the work when there is room for it and nobody goes first. Rejects with the signal's
   * reason where that aborts before.
   */
  run<T>(who: Turn, work: () => Promise<T>): Promise<T>;
}

/** Of all works at most `width` run at the same time. */
export function createQueue(clock: Clock, width = 1): Queue {
  const waiting: Waiting[] = [];
  let running = 0;

  function takeNext(): Waiting | undefined {
    if (waiting.length === 0) return undefined;
    const overdue = clock.monotonic() - LONGEST_WAIT_MS;
    const rank = (one: Waiting) => (one.since <= overdue ? -1 : one.priority);
    let best = 0;
    waiting.forEach((one, index) => {
      const first = waiting[best];
      if (first !== undefined && rank(one) < rank(first)) best = index;
    });
    return waiting.splice(best, 1)[0];
  }

  /** A free place goes to whoever waits, else to whoever comes. */
  function handOver(): void {
    const next = takeNext();
    if (next === undefined) running -= 1;
    else next.start();
  }

  /** Resolves with a place that another gave up; rejects with the signal's reason. */
  async function place({ priority, signal }: Turn): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      waiting.splice(waiting.indexOf(one), 1);
      reject(signal.reason);
    };
    const start = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const one = { priority: PRIORITIES.indexOf(priority), since: clock.monotonic(), start };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(one);
    await promise;
  }

  return {
    async run(who, work) {
      who.signal.throwIfAborted();
      if (running < width) running += 1;
      else await place(who);
      try {
        who.signal.throwIfAborted();
        return await work();
      } finally {
        // Whoever has ended hears of it before the next begins.
        if (waiting.length > 0) queueMicrotask(handOver);
        else running -= 1;
      }
    },
  };
}

/** As `run`, but what ends by the signal rejects with BUS_ABORTED, whatever the reason given. */
export function inTurn<T>(queue: Queue, who: Turn, work: () => Promise<T>): Promise<T> {
  return queue.run(who, work).catch((thrown: unknown) => {
    throw who.signal.aborted && thrown === who.signal.reason
      ? new AmrError('BUS_ABORTED', 'the exchange was aborted', { cause: thrown })
      : thrown;
  });
}
