/**
 * What can be read out of a damaged database: rows that no uplink has yet and whose checksum
 * holds. A page that cannot be read takes its rows with it; the rows around it are found one by
 * one. A file whose header alone is broken gets that of the new database, which is laid out alike;
 * what stood there is kept beside it.
 */
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { STREAMS, type Stream } from '../core/reading.ts';
import { type Row, rowChecksum } from './rows.ts';

const SLICE_ROWS = 500;

export interface Salvaged {
  readonly stream: Stream;
  readonly rows: number;
  /** Numbers that should have had a row and have none that can be trusted. */
  readonly lost: number;
  /** Which these are, such as `12-80 95`; the first ones where there are many. */
  readonly lostNumbers: string;
}

interface SalvageDeps {
  /** The damaged database. */
  readonly file: string;
  /** The database that has taken its place. */
  readonly fresh: string;
  /** Highest numbers that are known from elsewhere. */
  readonly heads: Readonly<Record<Stream, number>>;
  readonly uplinks: readonly string[];
  /** Takes the rows that were found, in order. */
  readonly append: (stream: Stream, bodies: readonly string[]) => Promise<unknown>;
}

/** `fallback` where the damage meets the question. */
function attempt<T>(ask: () => T, fallback: T): T {
  try {
    return ask();
  } catch {
    return fallback;
  }
}

function ackedByAll(db: Database.Database, stream: Stream, uplinks: readonly string[]): number {
  if (uplinks.length === 0) return 0;
  const acked = db
    .prepare<[string, string], number>('SELECT acked FROM cursor WHERE uplink = ? AND stream = ?')
    .pluck();
  return Math.min(...uplinks.map((uplink) => acked.get(uplink, stream) ?? 0));
}

/**
 * Sound rows with numbers from `from` to `to`, in order. A damaged page may end the answer early
 * without a word, so what is missing from it is asked for one by one.
 */
function readSlice(db: Database.Database, stream: Stream, [from, to]: [number, number]): Row[] {
  const select = db.prepare<[number, number], Row>(
    `SELECT seq, epoch, crc, body FROM row_${stream} WHERE seq BETWEEN ? AND ? ORDER BY seq`,
  );
  const one = (seq: number) => attempt(() => select.all(seq, seq), []);
  const numbers = () => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const slice = attempt(() => select.all(from, to), []);
  const rows = slice.length === to - from + 1 ? slice : numbers().flatMap(one);
  return rows.filter(
    ({ seq, epoch, crc, body }) => rowChecksum({ epoch, stream, seq }, body) === crc,
  );
}

/** Ranges that one event names at the most. */
const MOST_RANGES = 50;

/** Takes the numbers that were found, in order, and tells the ranges between them. */
function createGaps(first: number) {
  const gaps: string[] = [];
  let next = first;
  const upTo = (found: number) => {
    if (found > next) gaps.push(found - 1 === next ? `${next}` : `${next}-${found - 1}`);
    next = found + 1;
  };
  return {
    found: upTo,
    text(last: number): string {
      upTo(last + 1);
      const named = gaps.slice(0, MOST_RANGES).join(' ');
      return gaps.length > MOST_RANGES ? `${named} ...` : named;
    },
  };
}

/** What the database itself says of the highest number, as far as it can be read. */
function headsIn(db: Database.Database, stream: Stream): readonly number[] {
  return [
    `SELECT head FROM stream WHERE name = '${stream}'`,
    `SELECT max(seq) FROM row_${stream}`,
  ].map((question) => attempt(() => db.prepare<[], number>(question).pluck().get() ?? 0, 0));
}

async function salvageStream(
  db: Database.Database,
  stream: Stream,
  { heads, uplinks, append }: SalvageDeps,
): Promise<Salvaged> {
  const first = attempt(() => ackedByAll(db, stream, uplinks), 0) + 1;
  const last = Math.max(heads[stream], ...headsIn(db, stream));
  const gaps = createGaps(first);
  let rows = 0;
  for (let from = first; from <= last; from += SLICE_ROWS) {
    const to = Math.min(from + SLICE_ROWS - 1, last);
    const found = attempt(() => readSlice(db, stream, [from, to]), []);
    for (const { seq } of found) gaps.found(seq);
    const bodies = found.map(({ body }) => body);
    // Each append waits for its commit, so that fresh rows have their turn between two slices.
    if (bodies.length > 0) await append(stream, bodies);
    rows += bodies.length;
  }
  const lost = Math.max(0, last - first + 1 - rows);
  return { stream, rows, lost, lostNumbers: gaps.text(last) };
}

/** The header of a database file: SQLite file format, clause 1.3. */
const HEADER_BYTES = 100;

function firstBytes(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  return header;
}

function replaceHeader(path: string, header: Uint8Array): void {
  writeFileSync(`${path}-header`, firstBytes(path), { mode: 0o600 });
  const file = openSync(path, 'r+');
  try {
    writeSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
}

/** The database, open, where its list of tables can be read. */
function openReadable(file: string): Database.Database | null {
  const db = attempt(() => new Database(file, { readonly: true, fileMustExist: true }), null);
  const tables = attempt(() => db?.prepare('SELECT name FROM sqlite_schema').all() ?? [], []);
  if (tables.length > 0) return db;
  db?.close();
  return null;
}

/** Of the new header the page count is not that of the old file: SQLite then goes by its length. */
function freshHeader(path: string): Buffer {
  const header = firstBytes(path);
  header.fill(0, 28, 40);
  return header;
}

function openDamaged({ file, fresh }: SalvageDeps): Database.Database | null {
  const db = openReadable(file);
  if (db !== null) return db;
  attempt(() => replaceHeader(file, freshHeader(fresh)), undefined);
  return openReadable(file);
}

const nothingOf = (stream: Stream, head: number): Salvaged => ({
  stream,
  rows: 0,
  lost: head,
  lostNumbers: createGaps(1).text(head),
});

/** Appends what is sound to the store in use; billing first. Rejects where the store does. */
export async function salvage(deps: SalvageDeps): Promise<readonly Salvaged[]> {
  const db = openDamaged(deps);
  const found: Salvaged[] = [];
  try {
    for (const stream of STREAMS.toSorted((a, b) => rank(a) - rank(b))) {
      found.push(
        db === null ? nothingOf(stream, deps.heads[stream]) : await salvageStream(db, stream, deps),
      );
    }
    return found;
  } finally {
    db?.close();
  }
}

const rank = (stream: Stream) => (stream === 'billing' ? 0 : 1);
