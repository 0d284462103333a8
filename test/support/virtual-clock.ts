import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that moves only when told; wall and monotonic time can be stepped apart. */
export interface VirtualClock extends Clock {
  /** Runs everything that falls due within the next `ms`, in order, then stops there. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock without letting time pass. */
  step(ms: number): void;
  readonly waiting: number;
}

/** Lets every promise that can go on go on; real I/O (SQLite, sockets) gets its turn too. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

export function createVirtualClock(start = Date.parse('2026-11-23T00:00:00Z')): VirtualClock {
  let elapsed = 0;
  let wallOffset = start;
  let timers: Timer[] = [];

  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const timer: Timer = {
        at: elapsed + Math.max(ms, 0),
        fire: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        timers = timers.filter((other) => other !== timer);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      timers.push(timer);
    });

  const advance = async (ms: number) => {
    const target = elapsed + ms;
    await settle();
    for (;;) {
      const due = timers.filter((timer) => timer.at <= target).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers = timers.filter((timer) => timer !== due);
      elapsed = Math.max(elapsed, due.at);
      due.fire();
      await settle();
    }
    elapsed = target;
  };

  return {
    now: () => wallOffset + elapsed,
    monotonic: () => elapsed,
    sleep,
    advance,
    step: (ms) => {
      wallOffset += ms;
    },
    get waiting() {
      return timers.length;
    },
  };
}
