/**
 * The store as the gateway sees it. The database lives in a thread of its own, so that a slow disk
 * never holds up the buses; what is asked for often (numbers, cursors, notes) is known here too.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import { createNotes, type Notes } from '../core/notes.ts';
import type { AmrEvent, Stream } from '../core/reading.ts';
import type { Store, StoredRow, StoreStats } from '../core/store.ts';
import { createArrivals } from './arrivals.ts';
import { COMMIT_MS, COMMIT_ROWS, type CommitLimits, createGroupCommit } from './group-commit.ts';
import { assertGiven } from './sqlite-store.ts';
import {
  type Call,
  createOutbox,
  type NumberedCall,
  type Snapshot,
  type ThreadSettings,
  type Told,
  unpackError,
} from './thread-messages.ts';
import type { Write } from './writer.ts';

export interface ThreadedOptions extends ThreadSettings, CommitLimits {
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears of what goes wrong after the open. Must not throw. */
  readonly onEvent?: (event: AmrEvent) => void;
  /** The thread ended by itself: nothing is stored any more. */
  readonly onLost?: (reason: AmrError) => void;
}

export interface OpenedThread {
  readonly store: Store;
  /** What went wrong before and was found at the open; for the stream `event`. */
  readonly events: readonly AmrEvent[];
}

const CLOSED = 'the store is closed';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: AmrError) => void;
}

/** The numbers, cursors and notes of the database, as of its last message. */
function createMirror(first: Snapshot) {
  const keyOf = (uplink: string, stream: Stream) => `${stream} ${uplink}`;
  const cursors = new Map<string, number>();
  const notes = new Map<string, Notes>();
  const notesOf = (meter: string) => {
    const known = notes.get(meter) ?? createNotes();
    notes.set(meter, known);
    return known;
  };
  const mirror = {
    epoch: first.epoch,
    heads: first.heads,
    notesOf,
    acked: (uplink: string, stream: Stream) => cursors.get(keyOf(uplink, stream)) ?? 0,
    moved(uplink: string, stream: Stream, acked: number) {
      cursors.set(keyOf(uplink, stream), Math.max(acked, mirror.acked(uplink, stream)));
    },
    /** Notes stay: what is known of a meter does not depend on the database. */
    take(snapshot: Snapshot) {
      mirror.epoch = snapshot.epoch;
      mirror.heads = snapshot.heads;
      cursors.clear();
      for (const { uplink, stream, acked } of snapshot.cursors) mirror.moved(uplink, stream, acked);
      for (const { meter, key, value } of snapshot.notes) notesOf(meter).note(key, value);
    },
  };
  mirror.take(first);
  return mirror;
}

const LEVELS: Readonly<Record<number, 'debug' | 'info' | 'warn' | 'error'>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'error',
};

/** A line of the thread's log as a line of ours. */
function relay(log: Logger, line: string): void {
  const { level, time, msg, ...facts } = JSON.parse(line);
  log[LEVELS[Number(level)] ?? 'debug'](facts, String(msg));
}

/** The thread and the calls that it has not answered. */
function createThread({ log, onEvent, dataDir, uplinks, keepRows, maxBytes }: ThreadedOptions) {
  const settings: ThreadSettings = {
    dataDir,
    uplinks,
    ...(keepRows === undefined ? {} : { keepRows }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
  const worker = new Worker(new URL(`./store-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: settings,
  });
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const waiting = new Map<number, Waiting>();
  const post = createOutbox<NumberedCall>((calls) => worker.postMessage(calls));
  let nextId = 1;
  let ended: AmrError | null = null;

  function settle(told: Told): void {
    if (told.kind !== 'done' && told.kind !== 'refused') return;
    const caller = waiting.get(told.id);
    waiting.delete(told.id);
    if (told.kind === 'done') caller?.resolve(told.value);
    else caller?.reject(unpackError(told.error));
  }

  return {
    worker,
    /** Resolves when the thread has ended, however. */
    gone,
    /** Common to all of its life; the rest is the listener's. */
    hear(listener: (told: Told) => void) {
      worker.on('message', (messages: readonly Told[]) => {
        for (const told of messages) {
          if (told.kind === 'log') relay(log, told.line);
          // Those who wait for the open go first: they may be the ones to take the event.
          else if (told.kind === 'event') queueMicrotask(() => onEvent?.(told.event));
          else listener(told);
          settle(told);
        }
      });
    },
    end(reason: AmrError) {
      ended = reason;
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
    },
    call<T>(call: Call): Promise<T> {
      if (ended !== null) return Promise.reject(ended);
      const id = nextId++;
      const answer = new Promise<unknown>((resolve, reject) =>
        waiting.set(id, { resolve, reject }),
      );
      post({ id, call });
      // The thread answers each operation with what its engine resolves with.
      return answer as Promise<T>;
    },
  };
}

type Thread = ReturnType<typeof createThread>;

function createStore(
  thread: Thread,
  mirror: ReturnType<typeof createMirror>,
  { clock, commitMs = COMMIT_MS, commitRows = COMMIT_ROWS }: ThreadedOptions,
) {
  const group = createGroupCommit({
    clock,
    commitMs,
    commitRows,
    commit: (writes) => thread.call<readonly number[]>({ op: 'commit', writes }),
  });
  const arrivals = createArrivals();
  const renewals = createArrivals();
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    const closed = new AmrError('STORE_FAILED', CLOSED);
    arrivals.end(closed);
    renewals.end(closed);
    group.flush();
    await thread.call({ op: 'close' }).catch(() => undefined);
    thread.end(closed);
    await thread.gone;
  }

  const add = (write: Write) =>
    closing === null ? group.add(write) : Promise.reject(new AmrError('STORE_FAILED', CLOSED));

  const store: Store = {
    get epoch() {
      return mirror.epoch;
    },
    append: (stream, bodies) => add({ kind: 'append', stream, bodies }),
    range: (stream, from, limit) =>
      thread.call<readonly StoredRow[]>({ op: 'range', stream, from, limit }),
    head: (stream) => mirror.heads[stream],
    acked: mirror.acked,
    async ack(uplink, stream, upTo) {
      assertGiven(uplink, stream, { upTo, head: mirror.heads[stream] });
      if (upTo <= mirror.acked(uplink, stream)) return;
      await add({ kind: 'ack', uplink, stream, upTo });
      mirror.moved(uplink, stream, upTo);
    },
    notesOf: (meter) => ({
      recall: mirror.notesOf(meter).recall,
      note(key, value) {
        if (mirror.notesOf(meter).recall(key) === value) return;
        mirror.notesOf(meter).note(key, value);
        // A note that cannot be written is found out anew after the restart.
        add({ kind: 'note', meter, key, value }).catch(() => undefined);
      },
    }),
    appended: arrivals.next,
    renewed: renewals.next,
    stats: () => thread.call<StoreStats>({ op: 'stats' }),
    prune: () => thread.call<number>({ op: 'prune' }),
    close() {
      closing ??= close();
      return closing;
    },
  };
  return {
    store,
    isClosing: () => closing !== null,
    hear(told: Told): void {
      if (told.kind === 'heads') {
        mirror.heads = told.heads;
        arrivals.notify();
      }
      if (told.kind === 'renewed') {
        mirror.take(told.snapshot);
        renewals.notify();
      }
    },
    end(reason: AmrError): void {
      thread.end(reason);
      arrivals.end(reason);
      renewals.end(reason);
    },
  };
}

/** Opens or creates the store. Rejects with STORE_SCHEMA_NEWER or STORE_FAILED. */
export function openThreadedStore(options: ThreadedOptions): Promise<OpenedThread> {
  const { onLost } = options;
  const thread = createThread(options);
  let running: ReturnType<typeof createStore> | null = null;
  return new Promise((resolve, reject) => {
    const fail = (reason: AmrError) => {
      thread.end(reason);
      reject(reason);
      if (running === null || running.isClosing()) return;
      running.end(reason);
      onLost?.(reason);
    };
    thread.hear((told) => {
      if (told.kind === 'failed') fail(unpackError(told.error));
      if (told.kind === 'opened') {
        running = createStore(thread, createMirror(told.snapshot), options);
        resolve({ store: running.store, events: told.events });
      } else running?.hear(told);
    });
    thread.worker.on('error', (cause) => {
      fail(new AmrError('STORE_FAILED', 'the thread of the store ended', { cause }));
    });
    thread.worker.on('exit', (code) => {
      fail(new AmrError('STORE_FAILED', `the thread of the store ended with ${code}`));
    });
  });
}
