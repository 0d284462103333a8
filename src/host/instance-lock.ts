/**
 * One daemon for each data directory. The lock is the kernel's, taken through SQLite on a file of
 * its own: it goes with the process however that ends, and holds across containers that share
 * the directory, where process ids mean nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { AmrError } from '../core/errors.ts';

const LOCK_FILE = 'amr.lock';
/** Says who holds the lock; the lock itself is not in it. */
const HOLDER_FILE = 'amr.pid';

function holderOf(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, HOLDER_FILE), 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** Takes the directory or throws STORE_LOCKED naming the process; gives the function to let go. */
export function lockDataDir(dataDir: string): () => void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const lock = new Database(join(dataDir, LOCK_FILE), { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (thrown) {
      lock.close();
      throw thrown;
    }
    writeFileSync(join(dataDir, HOLDER_FILE), `${process.pid}\n`);
    return () => lock.close();
  } catch (thrown) {
    throw lockError(dataDir, thrown);
  }
}

function lockError(dataDir: string, thrown: unknown): AmrError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    const pid = holderOf(dataDir);
    return new AmrError('STORE_LOCKED', `${dataDir} is in use by process ${pid}`, {
      context: { pid },
      cause: thrown,
    });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new AmrError('STORE_FAILED', `cannot use the data directory ${dataDir}: ${reason}`, {
    cause: thrown,
  });
}
