import type { ClockState } from '../core/clock.ts';
import type { Stream } from '../core/reading.ts';
import type { StoredRow } from '../core/store.ts';
import { CONTRACT_VERSION } from './contract.ts';

/** What goes round the rows of one message. */
export interface Envelope {
  readonly gateway: string;
  readonly epoch: number;
  readonly stream: Stream;
  /** RFC 3339 with the offset of the gateway's zone. */
  readonly sent: string;
  readonly clock: ClockState;
}

export interface BatchLimits {
  readonly rows: number;
  /** Of the whole body, in UTF-8. */
  readonly bytes: number;
}

export type Batch =
  | { readonly kind: 'message'; readonly text: string; readonly from: number; readonly to: number }
  | { readonly kind: 'too-large'; readonly seq: number; readonly bytes: number };

/** The body without its rows: what stands before them and what after. */
function frameOf(envelope: Envelope, seq: number): readonly [string, string] {
  const { gateway, epoch, stream, sent, clock } = envelope;
  const head = JSON.stringify({ v: CONTRACT_VERSION, gateway, epoch, stream, seq, sent, clock });
  return [`${head.slice(0, -1)},"${stream === 'event' ? 'events' : 'readings'}":[`, ']}'];
}

/**
 * As many of these rows, from the first on, as one message takes. The rows' own JSON is put in
 * as it is. A row is never split, and a message ends before a hole in the numbers, since the
 * receiver counts on from `seq`. Gives `null` without rows, and `too-large` where not even the
 * first row fits alone.
 */
export function buildBatch(
  envelope: Envelope,
  rows: readonly StoredRow[],
  limits: BatchLimits,
): Batch | null {
  const first = rows[0];
  if (first === undefined) return null;
  const [head, tail] = frameOf(envelope, first.seq);
  let bytes = Buffer.byteLength(head) + tail.length - 1;
  const bodies: string[] = [];
  for (const { seq, body } of rows.slice(0, limits.rows)) {
    bytes += 1 + Buffer.byteLength(body);
    if (seq !== first.seq + bodies.length || bytes > limits.bytes) break;
    bodies.push(body);
  }
  if (bodies.length === 0) return { kind: 'too-large', seq: first.seq, bytes };
  return {
    kind: 'message',
    text: head + bodies.join(',') + tail,
    from: first.seq,
    to: first.seq + bodies.length - 1,
  };
}
