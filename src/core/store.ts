import type { Notes } from './notes.ts';
import type { Stream } from './reading.ts';

/** One stored reading or event. `body` is the JSON text that was appended, unchanged. */
export interface StoredRow {
  readonly seq: number;
  readonly body: string;
}

export interface StoreStats {
  /** Rows that some uplink has not acknowledged yet, by stream. */
  readonly depth: Readonly<Record<Stream, number>>;
  /** Of the database and its log. */
  readonly bytes: number;
  /** The database grows no larger than this. */
  readonly maxBytes: number;
  /** Rows dropped since the open because there was no room, by stream. */
  readonly dropped: Readonly<Record<Stream, number>>;
}

/**
 * The one hand-over between the field side and the headend side. Every stream numbers its rows
 * from 1 without a gap inside an epoch; a number is never used again for other content.
 */
export interface Store {
  /**
   * Part of the identity of every number. Grows when the store cannot vouch for its numbers: at
   * the open, or later with {@link renewed}.
   */
  readonly epoch: number;
  /**
   * Appends to one stream, all or nothing; resolves with the first number given once the rows
   * are on the disk. Rejects with STORE_FAILED.
   */
  append(stream: Stream, bodies: readonly string[]): Promise<number>;
  /**
   * Up to `limit` rows with numbers from `from` on, in order and without a gap: a row that is gone
   * ends the run, or is left out where it would be the first.
   */
  range(stream: Stream, from: number, limit: number): Promise<readonly StoredRow[]>;
  /** The highest number committed, 0 before the first. */
  head(stream: Stream): number;
  /** The highest number that this uplink has acknowledged, 0 before the first. */
  acked(uplink: string, stream: Stream): number;
  /** Moves the uplink's cursor forward; a lower number than before is ignored. */
  ack(uplink: string, stream: Stream, upTo: number): Promise<void>;
  /** What drivers remember of this meter. */
  notesOf(meter: string): Notes;
  /** Resolves at the next append of any stream; rejects with the signal's reason on abort. */
  appended(signal: AbortSignal): Promise<void>;
  /** Resolves when a damaged database was replaced: epoch, heads and cursors are others then. */
  renewed(signal: AbortSignal): Promise<void>;
  stats(): Promise<StoreStats>;
  /**
   * Deletes rows that every uplink has acknowledged and that are older than the kept tail, some
   * at a time; resolves with how many.
   */
  prune(): Promise<number>;
  /** Commits what is waiting, checkpoints and closes. */
  close(): Promise<void>;
}
