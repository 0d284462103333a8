import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Write } from './writer.ts';

interface Waiting {
  readonly write: Write;
  readonly resolve: (first: number) => void;
  readonly reject: (reason: AmrError) => void;
}

export const COMMIT_MS = 20;
export const COMMIT_ROWS = 500;

export interface CommitLimits {
  /** The longest that a write waits for others before its commit, milliseconds; 20. */
  readonly commitMs?: number;
  /** So many waiting rows are committed at once; 500. */
  readonly commitRows?: number;
}

interface GroupCommitOptions {
  readonly clock: Clock;
  /** The longest that a write waits for others, milliseconds. */
  readonly commitMs: number;
  /** So many rows are written without waiting longer. */
  readonly commitRows: number;
  /**
   * Commits the batch; resolves with the first number for each write. Rejects, then nothing is
   * written.
   */
  readonly commit: (writes: readonly Write[]) => Promise<readonly number[]>;
}

export interface GroupCommit {
  /** Resolves after the COMMIT that holds this write; rejects with STORE_FAILED. */
  add(write: Write): Promise<number>;
  /** Commits what is waiting now. */
  flush(): void;
}

function failed(thrown: unknown): AmrError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const cause = thrown instanceof AmrError ? (thrown.cause ?? thrown) : thrown;
  return new AmrError('STORE_FAILED', `the rows could not be written: ${reason}`, { cause });
}

/** Makes one transaction, and so one fsync, out of the writes of a short while. */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { clock, commitMs, commitRows, commit } = options;
  let waiting: Waiting[] = [];
  let rows = 0;
  let timer = new AbortController();

  async function commitBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const firsts = await commit(batch.map(({ write }) => write));
      batch.forEach(({ resolve }, index) => {
        resolve(firsts[index] ?? 0);
      });
    } catch (thrown) {
      const reason = failed(thrown);
      for (const { reject } of batch) reject(reason);
    }
  }

  const flush = () => {
    timer.abort();
    const batch = waiting;
    waiting = [];
    rows = 0;
    if (batch.length > 0) void commitBatch(batch);
  };

  const startTimer = () => {
    timer = new AbortController();
    clock.sleep(commitMs, timer.signal).then(flush, () => undefined);
  };

  return {
    flush,
    add(write) {
      return new Promise((resolve, reject) => {
        waiting.push({ write, resolve, reject });
        if (waiting.length === 1) startTimer();
        rows += write.kind === 'append' ? write.bodies.length : 0;
        if (rows >= commitRows) flush();
      });
    },
  };
}
