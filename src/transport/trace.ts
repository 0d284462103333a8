/** The last bytes of a line, both directions with their times, whatever becomes of them. */
import type { Logger } from 'pino';
import { concatBytes, toHex } from '../core/bytes.ts';
import type { Clock } from '../core/clock.ts';
import type { Transport } from '../core/transport.ts';

export interface TraceEntry {
  /** When its first byte came or went. */
  readonly at: number;
  readonly direction: 'tx' | 'rx';
  readonly bytes: Uint8Array;
}

export interface Trace {
  record(direction: TraceEntry['direction'], bytes: Uint8Array): void;
  /** Oldest first. */
  entries(): readonly TraceEntry[];
}

const CAPACITY = 256;
/** A jammed line must not fill the memory with its noise. */
const LONGEST_ENTRY = 512;
/** Bytes that follow each other so closely belong to one frame, though they come one by one. */
const JOIN_MS = 100;

export function createTrace(clock: Clock, log: Logger, capacity = CAPACITY): Trace {
  const ring: TraceEntry[] = [];
  /** Where the next entry goes: behind the last one, in the place of the oldest. */
  let next = 0;
  let lastAt = Number.NEGATIVE_INFINITY;

  /** The last entry, where bytes that come at this moment go on it. */
  function beginningOf(direction: TraceEntry['direction'], more: number, moment: number) {
    const last = ring[(next + capacity - 1) % capacity];
    const isSame = last?.direction === direction && moment - lastAt <= JOIN_MS;
    return isSame && last.bytes.length + more <= LONGEST_ENTRY ? last : undefined;
  }

  return {
    record(direction, bytes) {
      const moment = clock.monotonic();
      // A copy in any case: the slice of a Buffer would be a view that its owner may overwrite.
      const kept = new Uint8Array(
        bytes.length > LONGEST_ENTRY ? bytes.subarray(0, LONGEST_ENTRY) : bytes,
      );
      const beginning = beginningOf(direction, kept.length, moment);
      if (beginning === undefined) {
        ring[next] = { at: clock.now(), direction, bytes: kept };
        next = (next + 1) % capacity;
      } else {
        const { at, bytes: first } = beginning;
        ring[(next + capacity - 1) % capacity] = { at, direction, bytes: concatBytes(first, kept) };
      }
      lastAt = moment;
      if (log.isLevelEnabled('trace')) log.trace({ [direction]: toHex(bytes) }, 'bytes');
    },
    entries: () => [...ring.slice(next), ...ring.slice(0, next)],
  };
}

/** The same transport, with every byte written and received recorded. */
export function traced(transport: Transport, trace: Trace): Transport {
  return {
    ...transport,
    get info() {
      return transport.info;
    },
    onData: (listener) =>
      transport.onData((bytes) => {
        trace.record('rx', bytes);
        listener(bytes);
      }),
    write: (bytes) => {
      trace.record('tx', bytes);
      return transport.write(bytes);
    },
  };
}
