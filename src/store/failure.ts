import { AmrError } from '../core/errors.ts';

function sqliteCode(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}

/** What SQLite or the file system threw, as STORE_CORRUPT or STORE_FAILED with its cause. */
export function storeError(thrown: unknown): AmrError {
  if (thrown instanceof AmrError) return thrown;
  const code = sqliteCode(thrown);
  const isDamaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new AmrError(
    isDamaged ? 'STORE_CORRUPT' : 'STORE_FAILED',
    isDamaged ? `the database is damaged: ${reason}` : `the database failed: ${reason}`,
    { cause: thrown, context: { reason: code } },
  );
}

/** True where the cap of the database or the end of the disk was met. */
export function isFull(thrown: unknown): boolean {
  return sqliteCode(thrown) === 'SQLITE_FULL';
}

/**
 * True where the file itself is broken, so that a fresh one helps. A full disk, a missing
 * permission or an I/O error is not: those would come back, and the rows are still there.
 * SQLITE_ERROR is what our own fixed statements give when tables are missing.
 */
export function isDamage(thrown: unknown): boolean {
  return storeError(thrown).code === 'STORE_CORRUPT' || sqliteCode(thrown) === 'SQLITE_ERROR';
}
