import type { Database } from 'better-sqlite3';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { AmrEvent } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { type Cursors, loadCursors } from './cursors.ts';
import { markClean } from './database.ts';
import { storeError } from './failure.ts';
import { createGroupCommit } from './group-commit.ts';
import type { Heads } from './heads.ts';
import { loadNotes } from './notes.ts';
import { eventNow, type NumberedDatabase, openNumbered } from './opening.ts';
import { createRetention } from './retention.ts';
import { createRowReader, type ReportDamage } from './rows.ts';
import { keepWatermark } from './watermark.ts';
import { createWriter, type Write } from './writer.ts';

/*
 * The store in one SQLite file, `amr.db`, with `watermark.json` beside it.
 *
 * The promise: an (epoch, stream, seq) that `range` has returned is never given to other content,
 * even when the database is deleted, restored from an older copy or loses the tail of its WAL.
 *
 * How: before `range` returns a number above the watermark, the watermark is put durably at the
 * heads committed by then: at most one write a commit, none while a backlog drains. On open, a
 * database that holds less than the watermark says, or that disagrees with it on the epoch, or
 * that has none beside it, begins a new epoch. The new epoch takes over the rows that are left
 * under their old numbers, with the cursors, and goes on at head + 1; so numbers stay contiguous,
 * what was not acknowledged is still delivered, and numbers of the lost tail are free again
 * because the epoch differs. A fresh database begins at 1. What was appended but never handed out
 * is not covered: its numbers may be given again in the same epoch, nobody has seen them.
 * Database and watermark both restored from an older copy of the whole directory go unnoticed.
 */

export interface StoreOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Names of the configured uplinks; only their cursors count for `prune` and `stats`. */
  readonly uplinks: readonly string[];
  /** The longest that a write waits for others before its commit, milliseconds; 20. */
  readonly commitMs?: number;
  /** So many waiting rows are committed at once; 500. */
  readonly commitRows?: number;
  /** The newest rows of each stream that `prune` leaves as local history; 100,000. */
  readonly keepRows?: number;
  /** Hears of what goes wrong after the open, such as a damaged row. Must not throw. */
  readonly onEvent?: (event: AmrEvent) => void;
  /** Called after every COMMIT of the group commit with the rows it added. Must not throw. */
  readonly onCommit?: (rows: number) => void;
}

export interface OpenedStore {
  readonly store: Store;
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

interface Trust {
  /** Runs `work`; what SQLite or the file system throws becomes a STORE_ error. */
  guard<T>(work: () => T): T;
  /** False once something failed: then the next open checks the file, however this run ends. */
  readonly isUnbroken: boolean;
}

function createTrust(): Trust {
  let isUnbroken = true;
  return {
    guard(work) {
      try {
        return work();
      } catch (thrown) {
        isUnbroken = false;
        throw storeError(thrown);
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
  return { store: buildStore(options, numbered), events };
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
      onCommit?.(rows);
      return committed.firsts;
    },
  };
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

function buildStore(options: StoreOptions, numbered: NumberedDatabase): Store {
  const { clock, commitMs = 20, commitRows = 500, keepRows = 100_000 } = options;
  const { db, paths, epoch } = numbered;
  const trust = createTrust();
  const { cursors, arrivals, heads, commit } = createNumbers(options, numbered);
  const readRows = createRowReader(db, damageReporter(options));
  const watermark = keepWatermark(paths.watermark, numbered.watermark);
  const retention = createRetention({ db, paths, cursors, heads, keepRows });
  const group = createGroupCommit({
    clock,
    commitMs,
    commitRows,
    commit: (writes) => trust.guard(() => commit(writes)),
  });
  let closed: AmrError | null = null;
  const add = (write: Write) => (closed === null ? group.add(write) : Promise.reject(closed));
  // A note that cannot be written is found out anew after the restart.
  const notesOf = loadNotes(db, (write) => void add(write).catch(() => undefined));

  return {
    epoch,
    append: (stream, bodies) => add({ kind: 'append', stream, bodies }),
    range: (stream, from, limit) =>
      trust.guard(() => {
        const rows = readRows(stream, from, limit);
        watermark.cover(stream, rows.at(-1)?.seq ?? 0, heads());
        return rows;
      }),
    head: (stream) => heads()[stream],
    acked: cursors.acked,
    async ack(uplink, stream, upTo) {
      const head = heads()[stream];
      if (!Number.isSafeInteger(upTo) || upTo < 0 || upTo > head) {
        throw new AmrError('UPLINK_BAD_MESSAGE', `number ${upTo} of ${stream} was never given`, {
          context: { uplink, stream, upTo, head },
        });
      }
      if (upTo > cursors.acked(uplink, stream)) await add({ kind: 'ack', uplink, stream, upTo });
    },
    notesOf,
    appended: arrivals.next,
    stats: () => trust.guard(retention.stats),
    prune: () => trust.guard(retention.prune),
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
