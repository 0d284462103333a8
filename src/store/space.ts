/**
 * Room on the disk. The database has a cap, and beside it lies a ballast file: a full disk refuses
 * even a DELETE, so the ballast is given up first and there is room to tidy in. What no uplink has
 * yet is dropped last, and of that the live readings first and the billing readings last; each
 * drop is told.
 */
import { closeSync, fsyncSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Stream } from '../core/reading.ts';
import type { Cursors } from './cursors.ts';
import { fileSize } from './files.ts';
import { type Heads, perStream } from './heads.ts';

/** Who gives way first when there is no room. */
const DROP_ORDER: readonly Stream[] = ['live', 'curve', 'event', 'billing'];
/** Rows of one drop; a drop is one transaction. */
const DROP_ROWS = 1000;
/** More than the log grows to between two checkpoints. */
export const BALLAST_BYTES = 16 * 1024 * 1024;
/** Less than this is a full disk: it is for others to make room there. */
const FULL_BYTES = 1024 * 1024;
/** The ballast is laid down again when so many times its size is free. */
const BALLAST_MARGIN = 4;

export interface Dropped {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
  /** Of them, rows that some uplink did not have. */
  readonly unsent: number;
}

export interface Space {
  /** Makes room for some rows more; `null` where there is nothing left to give. */
  makeRoom(): Dropped | 'ballast' | null;
  /** Lays the ballast down where it is missing and the disk has room. */
  restoreBallast(): void;
}

interface SpaceDeps {
  readonly db: Database;
  readonly ballast: string;
  readonly maxBytes: number;
  readonly cursors: Cursors;
  readonly heads: () => Heads;
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Real blocks: a file with holes would take no room. */
function writeBallast(path: string): void {
  const block = Buffer.alloc(1024 * 1024, 0xa5);
  const file = openSync(path, 'w', 0o600);
  try {
    for (let written = 0; written < BALLAST_BYTES; written += block.length) writeSync(file, block);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function capPages(db: Database, maxBytes: number): void {
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.pragma(`max_page_count = ${Math.floor(maxBytes / pageSize)}`);
}

export function createSpace({ db, ballast, maxBytes, cursors, heads }: SpaceDeps): Space {
  const folder = dirname(ballast);
  capPages(db, maxBytes);
  const bounds = perStream((stream) => ({
    oldest: db.prepare<[], number | null>(`SELECT min(seq) FROM row_${stream}`).pluck(),
    remove: db.prepare<[number]>(`DELETE FROM row_${stream} WHERE seq <= ?`),
  }));

  /** The oldest rows of a stream, up to `last`; `null` where it has none. */
  function drop(stream: Stream, last: number): Dropped | null {
    const from = bounds[stream].oldest.get() ?? null;
    if (from === null || from > last) return null;
    const to = Math.min(from + DROP_ROWS - 1, last);
    bounds[stream].remove.run(to);
    const firstUnsent = Math.max(from, cursors.ackedByAll(stream) + 1);
    return { stream, from, to, unsent: Math.max(0, to - firstUnsent + 1) };
  }

  function dropFirst(lastOf: (stream: Stream) => number): Dropped | null {
    for (const stream of DROP_ORDER) {
      const dropped = drop(stream, lastOf(stream));
      if (dropped !== null) return dropped;
    }
    return null;
  }

  return {
    makeRoom() {
      const isDiskFull = freeBytes(folder) < FULL_BYTES;
      if (isDiskFull && fileSize(ballast) > 0) {
        unlinkSync(ballast);
        return 'ballast';
      }
      const history = dropFirst(cursors.ackedByAll);
      // On a disk that others have filled, nothing is won by giving up what nobody has yet.
      return history ?? (isDiskFull ? null : dropFirst((stream) => heads()[stream]));
    },
    restoreBallast() {
      if (fileSize(ballast) >= BALLAST_BYTES) return;
      if (freeBytes(folder) > BALLAST_MARGIN * BALLAST_BYTES) writeBallast(ballast);
    },
  };
}
