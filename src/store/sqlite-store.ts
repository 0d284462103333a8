import type { Database } from 'better-sqlite3';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { AmrEvent, Stream } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { type Cursors, loadCursors } from './cursors.ts';
import { markClean } from './database.ts';
import { isDamage, isFull, storeError } from './failure.ts';
import { COMMIT_MS, COMMIT_ROWS, type CommitLimits, createGroupCommit } from './group-commit.ts';
import { type Heads, perStream } from './heads.ts';
import { loadNotes, type NoteRow } from './notes.ts';
import { eventNow, type NumberedDatabase, openNumbered, type SetAside } from './opening.ts';
import { createRetention } from './retention.ts';
import { createRowReader, type ReportDamage } from './rows.ts';
import { createSpace, type Dropped, type Space } from './space.ts';
import { keepWatermark } from './watermark.ts';
import { createWriter, type Write } from './writer.ts';

/*
 * The store in one SQLite file, `amr.db`, with `watermark.json` beside it.
 *
 * The promise: an (epoch, stream, seq) that `range` has returned is never given to other content,
 * even when the database is deleted, restored from an older copy or loses the tail of its WAL.
 *
 * How: before `range` returns a number above the watermark, the watermark is put durably at the
 * heads committed by then: at most one write a commit, none while a backlog drains. `prune` does
 * the same, so that what is lost of rows that wait for long is named too. On open, a
 * database that holds less than the watermark says, or that disagrees with it on the epoch, or
 * that has none beside it, begins a new epoch. The new epoch takes over the rows that are left
 * under their old numbers, with the cursors, and goes on at head + 1; so numbers stay contiguous,
 * what was not acknowledged is still delivered, and numbers of the lost tail are free again
 * because the epoch differs. A fresh database begins at 1. What was appended but never handed out
 * is not covered: its numbers may be given again in the same epoch, nobody has seen them.
 * Database and watermark both restored from an older copy of the whole directory go unnoticed.
 */

/** Two weeks of a large site; a small flash card has room for it. */
export const DEFAULT_MAX_BYTES = 1024 * 1024 * 1024;

type Room = Dropped | 'ballast';

export interface StoreOptions extends CommitLimits {
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Names of the configured uplinks; only their cursors count for `prune` and `stats`. */
  readonly uplinks: readonly string[];
  /** The newest rows of each stream that `prune` leaves as local history; 100,000. */
  readonly keepRows?: number;
  /** The database grows no larger; 1 GiB. */
  readonly maxBytes?: number;
  /** What was wrong with the database in use, which is set aside then. */
  readonly damage?: AmrError;
  /** The database turned out to be damaged: close the store and open it anew. Must not throw. */
  readonly onDamage?: (damage: AmrError) => void;
  /** Hears of what goes wrong after the open, such as a damaged row. Must not throw. */
  readonly onEvent?: (event: AmrEvent) => void;
  /** Called after every COMMIT of the group commit with the rows it added. Must not throw. */
  readonly onCommit?: (rows: number, heads: Heads) => void;
}

/** Rows, cursors and notes in one database, for as long as that is sound. */
export interface Engine extends Store {
  /** One transaction; resolves with the first number for each write, 0 for what has none. */
  commit(writes: readonly Write[]): Promise<readonly number[]>;
  /** All notes of all meters. */
  notes(): readonly NoteRow[];
}

export interface OpenedStore {
  readonly store: Engine;
  /** A damaged database that was found and set aside. */
  readonly setAside: SetAside | null;
  /** What went wrong before and was found at the open; for the stream `event`. */
  readonly events: readonly AmrEvent[];
}

function damageReporter({ log, clock, onEvent }: StoreOptions): ReportDamage {
  const reported = new Set<string>();
  return (stream, seq) => {
    const key = `${stream} ${seq}`;
    if (reported.has(key)) return;
    reported.add(key);
    const err = new AmrError('STORE_CORRUPT', `row ${seq} of stream ${stream} is damaged`, {
      context: { stream, seq },
    });
    log.error({ err, stream, seq }, 'damaged row left out');
    onEvent?.(
      eventNow(clock, { type: 'store.row-damaged', severity: 'alarm', detail: { stream, seq } }),
    );
  };
}

/** The most attempts to make room for one commit. */
const MOST_ROUNDS = 8;

/** Commits, and makes room where there is none. */
function createRoomyCommit<T>(
  space: Space,
  { commit, onRoom }: { commit: (writes: readonly Write[]) => T; onRoom: (room: Room) => void },
) {
  return (writes: readonly Write[]): T => {
    for (let round = 0; ; round++) {
      try {
        return commit(writes);
      } catch (thrown) {
        const room = isFull(thrown) && round < MOST_ROUNDS ? space.makeRoom() : null;
        if (room === null) throw thrown;
        onRoom(room);
      }
    }
  };
}

/** Counts and tells what had to go. */
function createRoomReport({ log, clock, onEvent }: StoreOptions) {
  const dropped = perStream(() => 0);
  return {
    dropped,
    note(room: Room): void {
      if (room === 'ballast') {
        log.error('the disk is full, the ballast is given up');
        onEvent?.(eventNow(clock, { type: 'store.disk-full', severity: 'alarm', detail: {} }));
        return;
      }
      dropped[room.stream] += room.unsent;
      if (room.unsent === 0) return;
      log.error({ ...room }, 'rows dropped, the store is full');
      const detail = { ...room };
      onEvent?.(eventNow(clock, { type: 'store.dropped', severity: 'alarm', detail }));
    },
  };
}

interface Trust {
  /** Runs `work`; what SQLite or the file system throws becomes a STORE_ error. */
  guard<T>(work: () => T): T;
  /** False once something failed: then the next open checks the file, however this run ends. */
  readonly isUnbroken: boolean;
}

function createTrust(onDamage: StoreOptions['onDamage']): Trust {
  let isUnbroken = true;
  return {
    guard(work) {
      try {
        return work();
      } catch (thrown) {
        isUnbroken = false;
        const error = storeError(thrown);
        if (isDamage(thrown)) onDamage?.(error);
        throw error;
      }
    },
    get isUnbroken() {
      return isUnbroken;
    },
  };
}

/**
 * Opens or creates the store. `range` leaves damaged rows out: it returns the run of contiguous
 * rows before or behind them, so a reader must number by the rows it gets, not by `from`.
 * Throws STORE_SCHEMA_NEWER or STORE_FAILED.
 */
export function openStore(options: StoreOptions): OpenedStore {
  const numbered = openNumbered(options);
  const { epoch, heads, events } = numbered;
  options.log.info({ epoch, heads }, 'store opened');
  return { store: buildStore(options, numbered), setAside: numbered.setAside, events };
}

interface Numbers {
  readonly cursors: Cursors;
  readonly arrivals: Arrivals;
  readonly heads: () => Heads;
  /** Writes the batch in one transaction and takes over what it changed. */
  commit(writes: readonly Write[]): readonly number[];
}

function createNumbers({ uplinks, onCommit }: StoreOptions, numbered: NumberedDatabase): Numbers {
  const { db, epoch } = numbered;
  const commitWrites = createWriter(db, epoch);
  const cursors = loadCursors(db, uplinks);
  const arrivals = createArrivals();
  let { heads } = numbered;
  return {
    cursors,
    arrivals,
    heads: () => heads,
    commit(writes) {
      const committed = commitWrites(writes, heads);
      heads = committed.heads;
      let rows = 0;
      for (const write of writes) {
        if (write.kind === 'ack') cursors.moved(write.uplink, write.stream, write.upTo);
        if (write.kind === 'append') rows += write.bodies.length;
      }
      if (rows > 0) arrivals.notify();
      onCommit?.(rows, heads);
      return committed.firsts;
    },
  };
}

/** Throws UPLINK_BAD_MESSAGE for a number that the stream has not given. */
export function assertGiven(
  uplink: string,
  stream: Stream,
  { upTo, head }: { upTo: number; head: number },
): void {
  if (Number.isSafeInteger(upTo) && upTo >= 0 && upTo <= head) return;
  throw new AmrError('UPLINK_BAD_MESSAGE', `number ${upTo} of ${stream} was never given`, {
    context: { uplink, stream, upTo, head },
  });
}

function closeDatabase(db: Database, log: Logger, isUnbroken: boolean): void {
  try {
    markClean(db, isUnbroken);
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (thrown) {
    log.warn({ err: storeError(thrown) }, 'store closed without checkpoint');
  }
  db.close();
}

function buildStore(options: StoreOptions, numbered: NumberedDatabase): Engine {
  const { clock, commitMs = COMMIT_MS, commitRows = COMMIT_ROWS, keepRows = 100_000 } = options;
  const { maxBytes = DEFAULT_MAX_BYTES } = options;
  const { db, paths, epoch } = numbered;
  const trust = createTrust(options.onDamage);
  const { cursors, arrivals, heads, commit } = createNumbers(options, numbered);
  const readRows = createRowReader(db, damageReporter(options));
  const watermark = keepWatermark(paths.watermark, numbered.watermark);
  const retention = createRetention({ db, paths, cursors, heads, keepRows });
  const space = createSpace({ db, ballast: paths.ballast, maxBytes, cursors, heads });
  const report = createRoomReport(options);
  const commitRoomy = createRoomyCommit(space, { commit, onRoom: report.note });
  const commitGuarded = async (writes: readonly Write[]) => trust.guard(() => commitRoomy(writes));
  const group = createGroupCommit({
    clock,
    commitMs,
    commitRows,
    commit: commitGuarded,
  });
  let closed: AmrError | null = null;
  const add = (write: Write) => (closed === null ? group.add(write) : Promise.reject(closed));
  // A note that cannot be written is found out anew after the restart.
  const notes = loadNotes(db, (write) => void add(write).catch(() => undefined));

  return {
    epoch,
    append: (stream, bodies) => add({ kind: 'append', stream, bodies }),
    range: async (stream, from, limit) =>
      trust.guard(() => {
        const rows = readRows(stream, from, limit);
        watermark.cover(stream, rows.at(-1)?.seq ?? 0, heads());
        return rows;
      }),
    head: (stream) => heads()[stream],
    acked: cursors.acked,
    async ack(uplink, stream, upTo) {
      assertGiven(uplink, stream, { upTo, head: heads()[stream] });
      if (upTo > cursors.acked(uplink, stream)) await add({ kind: 'ack', uplink, stream, upTo });
    },
    commit: commitGuarded,
    notesOf: notes.of,
    notes: notes.all,
    appended: arrivals.next,
    // A damaged one is replaced from outside: this store ends then.
    renewed: createArrivals().next,
    stats: async () =>
      trust.guard(() => ({ ...retention.stats(), maxBytes, dropped: { ...report.dropped } })),
    prune: async () =>
      trust.guard(() => {
        const rows = retention.prune();
        watermark.raise(heads());
        space.restoreBallast();
        return rows;
      }),
    close() {
      if (closed !== null) return Promise.resolve();
      closed = new AmrError('STORE_FAILED', 'the store is closed');
      group.flush();
      arrivals.end(closed);
      closeDatabase(db, options.log, trust.isUnbroken);
      return Promise.resolve();
    },
  };
}
