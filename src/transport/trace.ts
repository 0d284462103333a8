/** The last bytes of a line, both directions with their times, whatever becomes of them. */
import type { Logger } from 'pino';
import { toHex } from '../core/bytes.ts';
import type { Clock } from '../core/clock.ts';
import type { Transport } from '../core/transport.ts';

export interface TraceEntry {
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

export function createTrace(clock: Clock, log: Logger, capacity = CAPACITY): Trace {
  const ring: TraceEntry[] = [];
  return {
    record(direction, bytes) {
      if (ring.length === capacity) ring.shift();
      // A copy in any case: the slice of a Buffer would be a view that its owner may overwrite.
      const kept = Uint8Array.from(bytes.subarray(0, LONGEST_ENTRY));
      ring.push({ at: clock.now(), direction, bytes: kept });
      if (log.isLevelEnabled('trace')) log.trace({ [direction]: toHex(bytes) }, 'bytes');
    },
    entries: () => [...ring],
  };
}

/** The same transport, with every byte written and received recorded. */
export function traced(transport: Transport, trace: Trace): Transport {
  return {
    ...transport,
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
