import { crc32 } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import type { Stream } from '../core/reading.ts';
import type { StoredRow } from '../core/store.ts';
import { perStream } from './heads.ts';

export interface Row {
  readonly seq: number;
  readonly epoch: number;
  readonly crc: number;
  readonly body: string;
}

interface Place {
  readonly epoch: number;
  readonly stream: Stream;
  readonly seq: number;
}

/** CRC-32 over the UTF-8 text `epoch stream seq body`: a row proves itself wherever it is found. */
export function rowChecksum({ epoch, stream, seq }: Place, body: string): number {
  return crc32(`${epoch} ${stream} ${seq} ${body}`);
}

/** Called, more than once too, for every number of the stream that cannot be given out. */
export type ReportDamage = (stream: Stream, seq: number) => void;

/**
 * Reads rows in order. What is returned always counts up by one, because a message carries only
 * its first number: a damaged or vanished row is reported and ends the run before it; where it is
 * the first, reading goes on behind it. So a reader gets past it and the number stays a gap.
 */
export function createRowReader(db: Database, report: ReportDamage) {
  const select = perStream((stream) =>
    db.prepare<[number, number], Row>(
      `SELECT seq, epoch, crc, body FROM row_${stream} WHERE seq >= ? ORDER BY seq LIMIT ?`,
    ),
  );

  const isSound = (stream: Stream, { seq, epoch, crc, body }: Row): boolean =>
    rowChecksum({ epoch, stream, seq }, body) === crc;

  const firstRun = (stream: Stream, rows: readonly Row[]): StoredRow[] => {
    const run: StoredRow[] = [];
    for (const row of rows) {
      const last = run.at(-1)?.seq ?? row.seq - 1;
      for (let gone = last + 1; gone < row.seq; gone++) report(stream, gone);
      if (row.seq > last + 1) return run;
      // A damaged row leaves a gap, at which the next row ends the run.
      if (isSound(stream, row)) run.push({ seq: row.seq, body: row.body });
      else report(stream, row.seq);
    }
    return run;
  };

  return (stream: Stream, from: number, limit: number): StoredRow[] => {
    if (limit < 1) return [];
    let next = from;
    for (;;) {
      const rows = select[stream].all(next, limit);
      const run = firstRun(stream, rows);
      const last = rows.at(-1);
      if (run.length > 0 || last === undefined) return run;
      next = last.seq + 1;
    }
  };
}
