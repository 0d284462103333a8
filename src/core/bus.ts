import type { LineSettings, TransportInfo } from './transport.ts';

/** Who goes first when several exchanges wait for the line, highest first. */
export const PRIORITIES = ['control', 'on-demand', 'billing', 'curve', 'live', 'backfill'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Cuts a byte stream into frames. One framer serves one exchange. */
export interface Framer<Frame> {
  /** Takes the next bytes, gives the frames that are complete now, in order. */
  push(bytes: Uint8Array): Frame[];
}

/**
 * What the exchanges stand on: the bytes of one line, one exchange at a time, or a Modbus TCP
 * connection, whose answers carry the number of their request.
 */
export type BusKind = 'line' | 'modbus-tcp';

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
  /** Called at the moment the request goes to the port: waiting for the line is over then. */
  readonly onSent?: () => void;
  /** Silence is one of the usual answers here, no sign of a port that hangs. */
  readonly mayBeSilent?: boolean;
  /** Silence that must precede the request, where a protocol delimits its frames by it. */
  readonly gapMs?: (line: TransportInfo) => number;
  /** How the meter talks, where that is not how the bus is set. */
  readonly line?: LineSettings;
}

/** What is told to all meters at once and answered by none. */
export interface Sending {
  /** Made when the line is free: what tells the time must not grow old in the queue. */
  readonly request: () => Uint8Array;
  /** Silence kept behind it, for meters that answer what nobody should. */
  readonly quietMs: number;
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/** The side of a line that speaks and does not listen. */
export interface Sender {
  /**
   * Waits for the line as an exchange does and resolves once the bytes are with the port; the
   * line stays taken for their time on it and `quietMs`. Rejects with a PORT_ or BUS_ error.
   */
  send(sending: Sending): Promise<void>;
}

/** One physical line: exactly one exchange at a time. */
export interface Bus {
  readonly name: string;
  readonly kind: BusKind;
  /**
   * Waits for the line, sends and returns the matching frame. Rejects with a PORT_ or BUS_ error;
   * whatever happens, the line is quiet before the next exchange starts.
   */
  exchange<Frame>(exchange: Exchange<Frame>): Promise<Frame>;
}
