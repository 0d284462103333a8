/** What is in the gateway's database, looked at on a copy: the gateway's own files stay untouched. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
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

function viewOf(db: Database.Database): StoreView {
  const select = (stream: Stream) =>
    db.prepare<[], Entry>(`SELECT epoch, '${stream}' AS stream, seq, body FROM row_${stream}`);
  const cursor = db
    .prepare<[string], number>(`SELECT acked FROM cursor WHERE uplink = 'main' AND stream = ?`)
    .pluck();
  const rows = STREAMS.flatMap((stream) => select(stream).all());
  const acked = new Map(STREAMS.map((stream) => [stream, cursor.get(stream) ?? 0]));
  return {
    rows,
    owed: rows.filter(({ stream, seq }) => seq > (acked.get(stream) ?? 0)),
    check: String(db.pragma('quick_check(1)', { simple: true })),
  };
}

/** `null` where there are no tables yet. Throws what SQLite throws at a damaged file. */
export function viewStore(dataDir: string): StoreView | null {
  if (!existsSync(join(dataDir, FILE))) return null;
  const copy = mkdtempSync(join(tmpdir(), 'amr-chaos-view-'));
  try {
    for (const file of [FILE, `${FILE}-wal`]) {
      if (existsSync(join(dataDir, file))) cpSync(join(dataDir, file), join(copy, file));
    }
    const db = new Database(join(copy, FILE));
    try {
      return db.pragma('user_version', { simple: true }) === 0 ? null : viewOf(db);
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
