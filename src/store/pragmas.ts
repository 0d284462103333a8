import type { Database } from 'better-sqlite3';
import { AmrError } from '../core/errors.ts';

interface Pragma {
  readonly pragma: string;
  readonly value: string | number;
  /** True where setting it writes a page even when the file already has the value. */
  readonly writesFile?: boolean;
}

/**
 * What every connection runs with. SQLite keeps only the first two in the file, and better-sqlite3
 * opens an existing WAL database with synchronous NORMAL, so all of them are set on every open.
 */
const PRAGMAS: readonly Pragma[] = [
  // INCREMENTAL; takes effect only before the first table, and before WAL writes the first page.
  { pragma: 'auto_vacuum', value: 2, writesFile: true },
  { pragma: 'journal_mode', value: 'wal' },
  // FULL: a commit returns after the fsync of the WAL; NORMAL may lose it with the power.
  { pragma: 'synchronous', value: 2 },
  { pragma: 'foreign_keys', value: 1 },
  // A wait blocks the event loop, and no other process writes for long.
  { pragma: 'busy_timeout', value: 200 },
  { pragma: 'journal_size_limit', value: 64 * 1024 * 1024 },
  { pragma: 'wal_autocheckpoint', value: 1000 },
  // KiB when negative.
  { pragma: 'cache_size', value: -4000 },
  { pragma: 'temp_store', value: 2 },
  // A read error of a mapped page would be a signal, not an error.
  { pragma: 'mmap_size', value: 0 },
  { pragma: 'trusted_schema', value: 0 },
];

/** Sets every pragma and reads it back; throws STORE_FAILED where one did not take. */
export function applyPragmas(db: Database): void {
  const read = (pragma: string) => db.pragma(pragma, { simple: true });
  for (const { pragma, value, writesFile = false } of PRAGMAS) {
    // All others are set even where they read right: what SQLite chose by itself it may change.
    if (!writesFile || read(pragma) !== value) db.pragma(`${pragma} = ${value}`);
    const found = read(pragma);
    if (found !== value) {
      throw new AmrError('STORE_FAILED', `the database runs with ${pragma} = ${String(found)}`, {
        context: { pragma, wanted: value, found: String(found) },
      });
    }
  }
}
