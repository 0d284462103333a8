import type { Database } from 'better-sqlite3';
import type { Stream } from '../core/reading.ts';

/** The persisted cursors, kept in memory too; the writer puts them on the disk. */
export interface Cursors {
  acked(uplink: string, stream: Stream): number;
  /** The lowest number that all configured uplinks have acknowledged; 0 where there is none. */
  ackedByAll(stream: Stream): number;
  /** Takes over a committed acknowledgement. */
  moved(uplink: string, stream: Stream, upTo: number): void;
}

interface CursorRow {
  readonly uplink: string;
  readonly stream: string;
  readonly acked: number;
}

/** `uplinks` are the configured ones: the cursors of others stay, but hold no rows back. */
export function loadCursors(db: Database, uplinks: readonly string[]): Cursors {
  const keyOf = (uplink: string, stream: string) => `${stream} ${uplink}`;
  const rows = db.prepare<[], CursorRow>('SELECT uplink, stream, acked FROM cursor').all();
  const numbers = new Map(
    rows.map(({ uplink, stream, acked }) => [keyOf(uplink, stream), acked] as const),
  );
  const acked = (uplink: string, stream: Stream) => numbers.get(keyOf(uplink, stream)) ?? 0;
  return {
    acked,
    ackedByAll: (stream) =>
      uplinks.length === 0 ? 0 : Math.min(...uplinks.map((uplink) => acked(uplink, stream))),
    moved(uplink, stream, upTo) {
      numbers.set(keyOf(uplink, stream), Math.max(acked(uplink, stream), upTo));
    },
  };
}
