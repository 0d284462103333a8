import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly at: number;
  /** Timers of the same moment fire in the order in which they were set. */
  readonly order: number;
  fire: (() => void) | null;
}

/** Virtual time for millions of timers: it jumps to the next one as soon as nothing else can go on. */
export interface FastClock extends Clock {
  /** Calls `work` once, `ms` from now. */
  after(ms: number, work: () => void): void;
  /** Lets time pass until `done` settles. Rejects where nothing is left that could bring that about. */
  run(done: Promise<unknown>): Promise<void>;
}

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** The earliest first: a binary heap. */
function createHeap() {
  const heap: Timer[] = [];

  function sinkFromTop(timer: Timer): void {
    let hole = 0;
    for (let child = 1; child < heap.length; child = hole * 2 + 1) {
      const [left, right] = [heap[child], heap[child + 1]];
      const lesser = right !== undefined && left !== undefined && isBefore(right, left);
      const next = lesser ? right : left;
      if (next === undefined || isBefore(timer, next)) break;
      heap[hole] = next;
      hole = lesser ? child + 1 : child;
    }
    heap[hole] = timer;
  }

  return {
    push(timer: Timer): void {
      let hole = heap.length;
      while (hole > 0) {
        const above = (hole - 1) >> 1;
        const parent = heap[above];
        if (parent === undefined || !isBefore(timer, parent)) break;
        heap[hole] = parent;
        hole = above;
      }
      heap[hole] = timer;
    },
    pop(): Timer | undefined {
      const top = heap[0];
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) sinkFromTop(last);
      return top;
    },
  };
}

/** Other events of the process get their turn once in so many timers. */
const TIMERS_IN_A_ROW = 1000;

export function createFastClock(start = Date.parse('2026-11-23T00:00:00Z')): FastClock {
  const heap = createHeap();
  let elapsed = 0;
  let order = 0;

  function set(ms: number, fire: () => void): Timer {
    const timer = { at: elapsed + Math.max(ms, 0), order: order++, fire };
    heap.push(timer);
    return timer;
  }

  /** False where no timer is left. */
  function fireNext(): boolean {
    for (let timer = heap.pop(); timer !== undefined; timer = heap.pop()) {
      if (timer.fire === null) continue;
      elapsed = timer.at;
      timer.fire();
      return true;
    }
    return false;
  }

  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        timer.fire = null;
        reject(signal?.reason);
      };
      const timer: Timer = set(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  function run(done: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      let fired = 0;
      const end = (settle: () => void) => () => {
        isOver = true;
        settle();
      };
      done.then(end(resolve), (reason: unknown) => end(() => reject(reason))());
      const turn = () => {
        if (isOver) return;
        if (!fireNext()) {
          reject(new Error('nothing is left to wait for'));
          return;
        }
        fired += 1;
        if (fired % TIMERS_IN_A_ROW === 0) setImmediate(turn);
        // A tick set by a promise's callback runs when all such callbacks have run: one set from
        // here itself would run before them.
        else queueMicrotask(() => process.nextTick(turn));
      };
      setImmediate(turn);
    });
  }

  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    sleep,
    after: (ms, work) => void set(ms, work),
    run,
  };
}
