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
  let lastAt = Number.NEGATIVE_INFINITY;

  /** The entry that these bytes go on, taken off the ring. */
  function takeBeginning(direction: TraceEntry['direction'], more: number): TraceEntry | undefined {
    const last = ring.at(-1);
    const isSame = last?.direction === direction && clock.monotonic() - lastAt <= JOIN_MS;
    return isSame && last.bytes.length + more <= LONGEST_ENTRY ? ring.pop() : undefined;
  }

  return {
    record(direction, bytes) {
      // A copy in any case: the slice of a Buffer would be a view that its owner may overwrite.
      const kept = Uint8Array.from(bytes.subarray(0, LONGEST_ENTRY));
      const beginning = takeBeginning(direction, kept.length);
      if (ring.length === capacity) ring.shift();
      ring.push({
        at: beginning?.at ?? clock.now(),
        direction,
        bytes: beginning === undefined ? kept : concatBytes(beginning.bytes, kept),
      });
      lastAt = clock.monotonic();
      if (log.isLevelEnabled('trace')) log.trace({ [direction]: toHex(bytes) }, 'bytes');
    },
    entries: () => [...ring],
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
