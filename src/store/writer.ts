import type { Database } from 'better-sqlite3';
import { STREAMS, type Stream } from '../core/reading.ts';
import { type Heads, perStream } from './heads.ts';
import { rowChecksum } from './rows.ts';

/** One thing to be written; plain, so that it could cross to a worker thread. */
export type Write =
  | { readonly kind: 'append'; readonly stream: Stream; readonly bodies: readonly string[] }
  | {
      readonly kind: 'ack';
      readonly uplink: string;
      readonly stream: Stream;
      readonly upTo: number;
    }
  | {
      readonly kind: 'note';
      readonly meter: string;
      readonly key: string;
      /** `null` forgets. */
      readonly value: string | null;
    };

export interface Committed {
  /** For each write in turn: the first number given, 0 for what has none. */
  readonly firsts: readonly number[];
  readonly heads: Heads;
}

export type CommitWrites = (writes: readonly Write[], heads: Heads) => Committed;

/** Writes a batch in one transaction, numbering on from `heads`; throws what SQLite throws. */
export function createWriter(db: Database, epoch: number): CommitWrites {
  const insert = perStream((stream) =>
    db.prepare<[number, number, number, string]>(
      `INSERT INTO row_${stream} (seq, epoch, crc, body) VALUES (?, ?, ?, ?)`,
    ),
  );
  const setHead = db.prepare<[number, string]>('UPDATE stream SET head = ? WHERE name = ?');
  const setCursor = db.prepare<[string, string, number]>(
    `INSERT INTO cursor (uplink, stream, acked) VALUES (?, ?, ?)
     ON CONFLICT (uplink, stream) DO UPDATE SET acked = max(acked, excluded.acked)`,
  );

  const setNote = db.prepare<[string, string, string]>(
    'INSERT OR REPLACE INTO note (meter, key, value) VALUES (?, ?, ?)',
  );
  const dropNote = db.prepare<[string, string]>('DELETE FROM note WHERE meter = ? AND key = ?');

  const commit = db.transaction((writes: readonly Write[], heads: Heads): Committed => {
    const next = { ...heads };
    const firsts = writes.map((write) => {
      if (write.kind === 'ack') {
        setCursor.run(write.uplink, write.stream, write.upTo);
        return 0;
      }
      if (write.kind === 'note') {
        if (write.value === null) dropNote.run(write.meter, write.key);
        else setNote.run(write.meter, write.key, write.value);
        return 0;
      }
      const { stream, bodies } = write;
      const first = next[stream] + 1;
      for (const body of bodies) {
        next[stream] += 1;
        const seq = next[stream];
        insert[stream].run(seq, epoch, rowChecksum({ epoch, stream, seq }, body), body);
      }
      return first;
    });
    for (const stream of STREAMS) {
      if (next[stream] !== heads[stream]) setHead.run(next[stream], stream);
    }
    return { firsts, heads: next };
  });
  // IMMEDIATE: a read lock that must grow into a write lock fails at once instead of waiting.
  return (writes, heads) => commit.immediate(writes, heads);
}
