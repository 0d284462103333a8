import Database from 'better-sqlite3';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import { isDamage, storeError } from './failure.ts';
import { copyDurably, fileSize, preparePrivateFiles, type StorePaths, setAside } from './files.ts';
import { perStream } from './heads.ts';
import { applyPragmas } from './pragmas.ts';
import { migrate, SCHEMA_VERSION, schemaVersion } from './schema.ts';
import type { Watermark } from './watermark.ts';

/** quick_check reads the whole file; beyond this it would hold up the start too long. */
const QUICK_CHECK_BYTES = 256 * 1024 * 1024;

interface DatabaseOptions {
  /** Why the database must be set aside unread, where it failed in use. */
  readonly damage?: AmrError | undefined;
  readonly paths: StorePaths;
  readonly clock: Clock;
  readonly log: Logger;
}

interface SoundDatabase {
  readonly db: Database.Database;
  /** Epoch and heads as the database has them; epoch 0 in a fresh one. */
  readonly stored: Watermark;
}

export interface OpenedDatabase extends SoundDatabase {
  /** Where a damaged database went and what was wrong, `null` where it was sound. */
  readonly setAside: { readonly file: string; readonly reason: string } | null;
}

/** True where the last run ended with a clean close; a damaged `store` row throws STORE_CORRUPT. */
function wasClean(db: Database.Database): boolean {
  const clean = db.prepare<[], number>('SELECT clean FROM store WHERE id = 1').pluck().get();
  if (clean === undefined) throw new AmrError('STORE_CORRUPT', 'the database has no store row');
  return clean === 1;
}

function quickCheck(db: Database.Database, { paths, log }: DatabaseOptions): void {
  const bytes = fileSize(paths.database) + fileSize(paths.wal);
  if (bytes > QUICK_CHECK_BYTES) {
    log.warn({ bytes }, 'database too large for a check after unclean stop');
    return;
  }
  const verdict = String(db.pragma('quick_check(1)', { simple: true }));
  if (verdict !== 'ok') {
    throw new AmrError('STORE_CORRUPT', `the database is damaged: ${verdict}`);
  }
}

/**
 * STORE_CORRUPT unless the tables agree: the newest row is the head, or every later append would
 * meet it, and no cursor lies above the head.
 */
function readNumbers(db: Database.Database): Watermark {
  const epoch = db.prepare<[], number>('SELECT epoch FROM store WHERE id = 1').pluck().get();
  const headOf = db.prepare<[string], number>('SELECT head FROM stream WHERE name = ?').pluck();
  const heads = perStream((stream) => {
    const head = headOf.get(stream);
    const newest = db
      .prepare<[], number | null>(`SELECT max(seq) FROM row_${stream}`)
      .pluck()
      .get();
    if (head === undefined || (newest ?? head) !== head) {
      throw new AmrError('STORE_CORRUPT', `head and newest row of stream ${stream} disagree`);
    }
    return head;
  });
  const astray = db
    .prepare<[], number>(
      'SELECT count(*) FROM cursor JOIN stream ON name = stream WHERE acked > head',
    )
    .pluck()
    .get();
  if (astray !== 0) throw new AmrError('STORE_CORRUPT', 'a cursor lies above the head');
  return { epoch: epoch ?? 0, heads };
}

/**
 * A copy of the database as it was before its tables change, beside it. Where there is no room for
 * one, the tables change without: what waits for delivery must not wait for that.
 */
function keepOld(db: Database.Database, version: number, { paths, log }: DatabaseOptions): void {
  const copy = `${paths.database}.v${version}`;
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
    copyDurably(paths.database, copy);
  } catch (thrown) {
    log.warn({ err: storeError(thrown), copy }, 'no copy of the old database');
  }
}

function openSound(options: DatabaseOptions): SoundDatabase {
  preparePrivateFiles(options.paths);
  const db = new Database(options.paths.database);
  try {
    // Before anything that writes, so that a newer database stays as it is.
    const version = schemaVersion(db);
    applyPragmas(db);
    if (version > 0 && !wasClean(db)) quickCheck(db, options);
    if (version > 0 && version < SCHEMA_VERSION) keepOld(db, version, options);
    migrate(db);
    return { db, stored: readNumbers(db) };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/**
 * Opens the database, or sets a damaged one aside and opens a fresh one. Throws
 * STORE_SCHEMA_NEWER, and STORE_FAILED where the disk or the permissions are at fault.
 */
export function openDatabase(options: DatabaseOptions): OpenedDatabase {
  try {
    if (options.damage !== undefined) throw options.damage;
    return { ...openSound(options), setAside: null };
  } catch (thrown) {
    if (!isDamage(thrown)) throw storeError(thrown);
    const file = setAside(options.paths, options.clock.now());
    options.log.error({ file, err: storeError(thrown) }, 'damaged database set aside');
    return { ...openSound(options), setAside: { file, reason: storeError(thrown).message } };
  }
}

/** Marks whether the next open may trust the file without a check. */
export function markClean(db: Database.Database, isClean: boolean): void {
  db.prepare('UPDATE store SET clean = ? WHERE id = 1').run(isClean ? 1 : 0);
}
