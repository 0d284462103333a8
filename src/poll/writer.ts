/** Brings readings into the store and does not give up while the store refuses them. */
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { toAmrError } from '../core/errors.ts';
import type { AmrEvent, Reading, Stream } from '../core/reading.ts';
import type { Store } from '../core/store.ts';

/** Slots since the start. */
export interface PollCounters {
  due: number;
  /** With values, committed to the store. */
  read: number;
  /** Named as missing, committed to the store. */
  missing: number;
  /** Rounds of the loop; it goes on growing while the loop lives. */
  turns: number;
  /** Rows that the store refused and that are tried again. */
  waiting: number;
}

export interface WriterDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: PollCounters;
  readonly onStored?: ((reading: Reading) => void) | undefined;
}

export interface Writer {
  reading(stream: Stream, reading: Reading): void;
  event(event: AmrEvent): void;
  /** Resolves when nothing waits for the store any more. */
  settled(): Promise<void>;
}

const RETRY_MS = 1000;
/** Rows that may wait in memory for a store that refuses them; more are lost, and said to be. */
const MOST_WAITING = 10_000;

export function createWriter(deps: WriterDeps, abort: AbortSignal): Writer {
  const { store, clock, log, counters } = deps;
  const commits = new Set<Promise<void>>();
  let lost = 0;
  let isRefusing = false;

  async function tryAppend(stream: Stream, body: string): Promise<boolean> {
    try {
      await store.append(stream, [body]);
      return true;
    } catch (thrown) {
      const { code, message } = toAmrError(thrown);
      if (!isRefusing) log.error({ code, err: message }, 'store refuses rows');
      isRefusing = true;
      return false;
    }
  }

  /** Tries again until the store takes it; false where it had to be given up. */
  async function insist(stream: Stream, body: string): Promise<boolean> {
    counters.waiting += 1;
    let isTaken = false;
    while (!isTaken && !abort.aborted && counters.waiting <= MOST_WAITING) {
      await clock.sleep(RETRY_MS, abort).catch(() => undefined);
      isTaken = await tryAppend(stream, body);
    }
    counters.waiting -= 1;
    if (!isTaken) lost += 1;
    if (counters.waiting === 0) {
      if (isTaken) log.info('store takes rows again');
      isRefusing = false;
    }
    return isTaken;
  }

  const append = async (stream: Stream, body: string) =>
    (await tryAppend(stream, body)) || (await insist(stream, body));

  async function storeReading(stream: Stream, reading: Reading): Promise<void> {
    if (!(await append(stream, JSON.stringify(reading)))) return;
    if (reading.quality === 'missing') counters.missing += 1;
    else counters.read += 1;
    deps.onStored?.(reading);
  }

  function track(commit: Promise<void>): void {
    commits.add(commit);
    void commit.finally(() => commits.delete(commit));
  }

  return {
    reading: (stream, reading) => track(storeReading(stream, reading)),
    event: (event) => track(append('event', JSON.stringify(event)).then(() => undefined)),
    async settled() {
      await Promise.all(commits);
      if (lost > 0) log.error({ rows: lost }, 'rows lost that the store refused');
    },
  };
}
