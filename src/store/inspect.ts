/** What lies in a store, seen from outside: it disturbs no gateway that uses it. */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AmrError } from '../core/errors.ts';
import { STREAMS, type Stream } from '../core/reading.ts';
import { storeError } from './failure.ts';
import { fileSize, storePaths } from './files.ts';
import { schemaVersion } from './schema.ts';

export interface StreamView {
  readonly stream: Stream;
  /** The highest number given. */
  readonly head: number;
  /** Rows that are held, delivered ones included. */
  readonly rows: number;
  /** Rows that each uplink lacks, by its name. */
  readonly waiting: Readonly<Record<string, number>>;
  /** When the oldest row that some uplink lacks was made, `null` where nobody lacks any. */
  readonly oldestWaiting: string | null;
}

export interface StoreView {
  readonly epoch: number;
  readonly streams: readonly StreamView[];
  /** Of the database and its log. */
  readonly bytes: number;
  /** Rows an hour over the newest ones; `null` where there are too few to tell. */
  readonly rowsPerHour: number | null;
  /** Bytes of a row on the disk, on average. */
  readonly bytesPerRow: number | null;
}

interface Numbered {
  readonly seq: number;
  readonly body: string;
}

/** The rate is taken over so many of the newest rows of a stream. */
const RATE_ROWS = 2000;
const HOUR_MS = 3_600_000;

/** When a row was made: readings say `readAt`, events `at`. */
function madeAt(body: string): string | null {
  const { readAt, at }: { readAt?: unknown; at?: unknown } = JSON.parse(body);
  const moment = readAt ?? at;
  return typeof moment === 'string' ? moment : null;
}

/** Rows an hour over the last ones of this stream. */
function hourlyRate(db: Database.Database, stream: Stream, head: number): number {
  const at = db.prepare<[number], Numbered>(
    `SELECT seq, body FROM row_${stream} WHERE seq >= ? ORDER BY seq LIMIT 1`,
  );
  const [first, last] = [at.get(Math.max(1, head - RATE_ROWS)), at.get(head)];
  const [from, to] = [madeAt(first?.body ?? '{}'), madeAt(last?.body ?? '{}')];
  if (first === undefined || last === undefined || from === null || to === null) return 0;
  const hours = (Date.parse(to) - Date.parse(from)) / HOUR_MS;
  return hours > 0 ? (last.seq - first.seq) / hours : 0;
}

function viewOf(db: Database.Database, stream: Stream, uplinks: readonly string[]): StreamView {
  const head =
    db.prepare<[string], number>('SELECT head FROM stream WHERE name = ?').pluck().get(stream) ?? 0;
  const oldest = db.prepare<[], number>(`SELECT min(seq) FROM row_${stream}`).pluck().get() ?? null;
  const ackedOf = db
    .prepare<[string, string], number>('SELECT acked FROM cursor WHERE uplink = ? AND stream = ?')
    .pluck();
  const acked = uplinks.map((uplink) => [uplink, ackedOf.get(uplink, stream) ?? 0] as const);
  const firstHeld = oldest ?? head + 1;
  const lacking = Math.max(firstHeld, Math.min(head, ...acked.map(([, upTo]) => upTo)) + 1);
  const row = db
    .prepare<[number], string>(`SELECT body FROM row_${stream} WHERE seq >= ? ORDER BY seq LIMIT 1`)
    .pluck()
    .get(lacking);
  return {
    stream,
    head,
    rows: head + 1 - firstHeld,
    waiting: Object.fromEntries(
      acked.map(([uplink, upTo]) => [uplink, head - Math.max(upTo, firstHeld - 1)]),
    ),
    oldestWaiting: row === undefined || uplinks.length === 0 ? null : madeAt(row),
  };
}

function view(db: Database.Database, bytes: number): StoreView {
  schemaVersion(db);
  const uplinks = db.prepare<[], string>('SELECT DISTINCT uplink FROM cursor').pluck().all();
  const streams = STREAMS.map((stream) => viewOf(db, stream, uplinks));
  const rows = streams.reduce((sum, stream) => sum + stream.rows, 0);
  const rate = streams.reduce((sum, { stream, head }) => sum + hourlyRate(db, stream, head), 0);
  return {
    epoch: db.prepare<[], number>('SELECT epoch FROM store').pluck().get() ?? 0,
    streams,
    bytes,
    rowsPerHour: rate > 0 ? Math.round(rate) : null,
    bytesPerRow: rows > 0 ? Math.round(bytes / rows) : null,
  };
}

/**
 * Looks into the store of a data directory. Throws CONFIG_UNREADABLE where there is none, and
 * STORE_ errors for one that cannot be read.
 */
export function inspectStore(dataDir: string): StoreView {
  const { database, wal } = storePaths(dataDir);
  if (!existsSync(database)) {
    throw new AmrError('CONFIG_UNREADABLE', `there is no store in ${dataDir}`);
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(database, { readonly: true, fileMustExist: true });
    return view(db, fileSize(database) + fileSize(wal));
  } catch (thrown) {
    throw storeError(thrown);
  } finally {
    db?.close();
  }
}
