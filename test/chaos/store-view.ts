/** What is in the gateway's database, looked at on a copy: the gateway's own files stay untouched. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import { type Row, rowChecksum } from '../../src/store/rows.ts';
import type { Entry } from './entry.ts';

/** The database of a gateway that does not run, or stands still. */
export interface StoreView {
  readonly rows: readonly Entry[];
  /** Rows beyond the cursor of the uplink. */
  readonly owed: readonly Entry[];
  /** What `quick_check` says, `ok` where all is well. */
  readonly check: string;
}

const FILE = 'amr.db';

/** `fallback` where the file is damaged. */
function attempt<T>(ask: () => T, fallback: T): T {
  try {
    return ask();
  } catch {
    return fallback;
  }
}

/** All sound rows of a stream; where a page is damaged, those around it. */
function rowsOf(db: Database.Database, stream: Stream, head: number): Entry[] {
  const select = db.prepare<[number, number], Row>(
    `SELECT seq, epoch, crc, body FROM row_${stream} WHERE seq BETWEEN ? AND ?`,
  );
  const oneByOne = () =>
    Array.from({ length: head }, (_, index) =>
      attempt(() => select.all(index + 1, index + 1), []),
    ).flat();
  const rows = attempt(() => select.all(0, head), null) ?? oneByOne();
  return rows
    .filter(({ seq, epoch, crc, body }) => rowChecksum({ epoch, stream, seq }, body) === crc)
    .map(({ seq, epoch, body }) => ({ epoch, stream, seq, body }));
}

function viewOf(db: Database.Database): StoreView {
  const numbers = (stream: Stream, sql: string) =>
    attempt(() => db.prepare<[string], number>(sql).pluck().get(stream), undefined) ?? 0;
  const rows: Entry[] = [];
  const owed: Entry[] = [];
  for (const stream of STREAMS) {
    const head = numbers(stream, 'SELECT head FROM stream WHERE name = ?');
    const acked = numbers(stream, `SELECT acked FROM cursor WHERE uplink = 'main' AND stream = ?`);
    const found = attempt(() => rowsOf(db, stream, head), []);
    rows.push(...found);
    owed.push(...found.filter(({ seq }) => seq > acked));
  }
  const check = attempt(() => String(db.pragma('quick_check(1)', { simple: true })), 'damaged');
  return { rows, owed, check };
}

/** What can be read of it; `null` where there are no tables. */
export function viewStore(dataDir: string): StoreView | null {
  if (!existsSync(join(dataDir, FILE))) return null;
  const copy = mkdtempSync(join(tmpdir(), 'amr-chaos-view-'));
  try {
    for (const file of [FILE, `${FILE}-wal`]) {
      if (existsSync(join(dataDir, file))) cpSync(join(dataDir, file), join(copy, file));
    }
    const db = new Database(join(copy, FILE));
    try {
      const version = attempt(() => db.pragma('user_version', { simple: true }), 0);
      return version === 0 ? null : viewOf(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** The sums of all streams, of a gateway that runs; `null` where they cannot be read. */
export function positionOf(dataDir: string): { head: number; acked: number } | null {
  const sums = `SELECT sum(head) AS head, sum(coalesce(acked, 0)) AS acked FROM stream
    LEFT JOIN cursor ON stream = name AND uplink = 'main'`;
  try {
    const db = new Database(join(dataDir, FILE), { readonly: true, fileMustExist: true });
    try {
      return db.prepare<[], { head: number; acked: number }>(sums).get() ?? null;
    } finally {
      db.close();
    }
  } catch {
    return null;
  }
}
