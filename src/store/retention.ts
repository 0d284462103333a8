import type { Database } from 'better-sqlite3';
import { STREAMS, type Stream } from '../core/reading.ts';
import type { StoreStats } from '../core/store.ts';
import type { Cursors } from './cursors.ts';
import { fileSize, type StorePaths } from './files.ts';
import { type Heads, perStream } from './heads.ts';

/** A slice is one transaction; about 10 ms, for which the event loop stands still. */
const SLICE_ROWS = 1000;
/** The most slices of one call, so that a call stays within about 100 ms. */
const SLICES = 10;

interface RetentionOptions {
  readonly db: Database;
  readonly paths: StorePaths;
  readonly cursors: Cursors;
  readonly heads: () => Heads;
  /** The newest rows of each stream stay, acknowledged or not. */
  readonly keepRows: number;
}

export interface Retention {
  /** Deletes up to 10,000 rows; returns how many, so that the caller goes on until it is 0. */
  prune(): number;
  stats(): Pick<StoreStats, 'depth' | 'bytes'>;
}

export function createRetention(options: RetentionOptions): Retention {
  const { db, paths, cursors, heads, keepRows } = options;
  const remove = perStream((stream) =>
    db.prepare<[number, number]>(
      `DELETE FROM row_${stream} WHERE seq IN
         (SELECT seq FROM row_${stream} WHERE seq <= ? ORDER BY seq LIMIT ?)`,
    ),
  );
  const oldest = perStream((stream) =>
    db.prepare<[], number | null>(`SELECT min(seq) FROM row_${stream}`).pluck(),
  );

  const removeSlice = (stream: Stream): number => {
    const upTo = Math.min(cursors.ackedByAll(stream), heads()[stream] - keepRows);
    return upTo < 1 ? 0 : remove[stream].run(upTo, SLICE_ROWS).changes;
  };

  const depth = (stream: Stream): number => {
    const first = oldest[stream].get() ?? null;
    if (first === null) return 0;
    return heads()[stream] - Math.max(cursors.ackedByAll(stream), first - 1);
  };

  const pragmaNumber = (pragma: string) => Number(db.pragma(pragma, { simple: true }));

  return {
    prune() {
      let deleted = 0;
      let slices = 0;
      for (const stream of STREAMS) {
        let changes = SLICE_ROWS;
        while (changes === SLICE_ROWS && slices < SLICES) {
          changes = removeSlice(stream);
          deleted += changes;
          if (changes > 0) slices++;
        }
      }
      db.exec('PRAGMA incremental_vacuum(200)');
      return deleted;
    },
    stats: () => ({
      depth: perStream(depth),
      bytes: pragmaNumber('page_count') * pragmaNumber('page_size') + fileSize(paths.wal),
    }),
  };
}
