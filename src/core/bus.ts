/** Who goes first when several exchanges wait for the line, highest first. */
export const PRIORITIES = ['control', 'on-demand', 'billing', 'curve', 'live', 'backfill'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Cuts a byte stream into frames. One framer serves one exchange. */
export interface Framer<Frame> {
  /** Takes the next bytes, gives the frames that are complete now, in order. */
  push(bytes: Uint8Array): Frame[];
}

/** One question and its answer on the line. */
export interface Exchange<Frame> {
  readonly request: Uint8Array;
  readonly framer: Framer<Frame>;
  /** True for the frame that answers this request; any other frame is counted and refused. */
  readonly match: (frame: Frame) => boolean;
  /** Silence allowed between the last request byte and the first answer byte. */
  readonly firstByteMs: number;
  /** Silence allowed inside the answer. */
  readonly idleMs: number;
  /** Silence kept after a failed exchange, so that a late answer meets nobody waiting. */
  readonly quietMs: number;
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/** One physical line: exactly one exchange at a time. */
export interface Bus {
  readonly name: string;
  /**
   * Waits for the line, sends and returns the matching frame. Rejects with a PORT_ or BUS_ error;
   * whatever happens, the line is quiet before the next exchange starts.
   */
  exchange<Frame>(exchange: Exchange<Frame>): Promise<Frame>;
}
