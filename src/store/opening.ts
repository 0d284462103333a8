import type { Database } from 'better-sqlite3';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { AmrError } from '../core/errors.ts';
import type { AmrEvent } from '../core/reading.ts';
import { markClean, type OpenedDatabase, openDatabase } from './database.ts';
import { decideEpoch, type EpochDecision } from './epoch.ts';
import { storeError } from './failure.ts';
import { type StorePaths, storePaths } from './files.ts';
import { type Heads, perStream } from './heads.ts';
import { readWatermark, type Watermark, writeWatermark } from './watermark.ts';

interface OpeningOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** What was wrong with the database in use, which is set aside then. */
  readonly damage?: AmrError | undefined;
}

/** A damaged database that lies beside the one in use. */
export interface SetAside {
  readonly file: string;
  readonly reason: string;
  /** The numbers that were handed out of it. */
  readonly heads: Heads;
}

/** A database whose numbers can be trusted within `epoch`. */
export interface NumberedDatabase {
  readonly db: Database;
  readonly paths: StorePaths;
  readonly epoch: number;
  readonly heads: Heads;
  /** The watermark as it lies on the disk. */
  readonly watermark: Watermark;
  readonly setAside: SetAside | null;
  readonly events: readonly AmrEvent[];
}

type EventFacts = Pick<AmrEvent, 'type' | 'severity' | 'detail'>;

export function eventNow(clock: Clock, facts: EventFacts): AmrEvent {
  return { at: new Date(clock.now()).toISOString(), ...facts };
}

/** Database first: where the watermark does not follow, they disagree and the epoch moves on. */
function beginEpoch(db: Database, path: string, watermark: Watermark): void {
  db.prepare('UPDATE store SET epoch = ? WHERE id = 1').run(watermark.epoch);
  writeWatermark(path, watermark);
}

function epochEvents(clock: Clock, decision: EpochDecision, previous: number): AmrEvent[] {
  const { epoch, reason, lost } = decision;
  if (reason === null || reason === 'first') return [];
  return [
    eventNow(clock, {
      type: 'store.epoch-changed',
      severity: 'alarm',
      detail: { epoch, previous, reason },
    }),
    ...lost.map(({ stream, from, to }) =>
      eventNow(clock, {
        type: 'store.tail-lost',
        severity: 'alarm',
        detail: { epoch: previous, stream, from, to },
      }),
    ),
  ];
}

function settleEpoch({ db, stored }: OpenedDatabase, paths: StorePaths, options: OpeningOptions) {
  const { clock, log } = options;
  const watermark = readWatermark(paths.watermark);
  const decision = decideEpoch({ stored, watermark, now: clock.now() });
  const { epoch, reason, lost } = decision;
  const numbers = { epoch, heads: stored.heads };
  const previous = watermark?.epoch ?? stored.epoch;
  for (const tail of lost) log.error({ ...tail, epoch: previous }, 'store lost published rows');
  if (reason !== null) {
    log.warn({ epoch, previous, reason }, 'store begins a new epoch');
    beginEpoch(db, paths.watermark, numbers);
  }
  return {
    ...numbers,
    watermark: reason === null && watermark !== null ? watermark : numbers,
    events: epochEvents(clock, decision, previous),
  };
}

function asideEvents(clock: Clock, { setAside }: OpenedDatabase): AmrEvent[] {
  if (setAside === null) return [];
  const detail = { ...setAside };
  return [eventNow(clock, { type: 'store.set-aside', severity: 'alarm', detail })];
}

/**
 * Opens the files in `dataDir` and settles the epoch. Throws STORE_SCHEMA_NEWER, and STORE_FAILED
 * where the disk or the permissions are at fault.
 */
export function openNumbered(options: OpeningOptions): NumberedDatabase {
  const { clock } = options;
  const paths = storePaths(options.dataDir);
  const known = readWatermark(paths.watermark)?.heads ?? perStream(() => 0);
  let db: Database | undefined;
  try {
    const opened = openDatabase({ ...options, paths });
    db = opened.db;
    const settled = settleEpoch(opened, paths, options);
    markClean(db, false);
    const setAside = opened.setAside === null ? null : { ...opened.setAside, heads: known };
    const events = [...asideEvents(clock, opened), ...settled.events];
    return { ...settled, db, paths, setAside, events };
  } catch (thrown) {
    db?.close();
    throw storeError(thrown);
  }
}
