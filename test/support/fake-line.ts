import type { AmrError } from '../../src/core/errors.ts';
import type { Line } from '../../src/core/line.ts';
import type { TransportInfo } from '../../src/core/transport.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A line whose far end is the test. Bytes take no time on it unless the test lets it pass. */
export interface FakeLine extends Line {
  /** What was written, and when. */
  readonly sent: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  readonly restarts: readonly Error[];
  /** These bytes arrive now, as one chunk. */
  hear(bytes: Uint8Array): void;
  /** These bytes arrive `ms` from now, as one chunk. */
  hearAfter(ms: number, bytes: Uint8Array): void;
  /** Called for every request, after it was written; a later call replaces it. */
  onRequest(listener: (bytes: Uint8Array) => void): void;
  /** From now on the port is closed for this reason, or open again. */
  setFault(fault: AmrError | null): void;
  /** The next write rejects with this. */
  refuseWrite(error: AmrError): void;
}

const INFO: TransportInfo = {
  kind: 'serial',
  address: '/dev/fake',
  baudRate: 2400,
  bitsPerByte: 11,
};

export function createFakeLine(clock: VirtualClock, info: Partial<TransportInfo> = {}): FakeLine {
  const sent: { at: number; bytes: Uint8Array }[] = [];
  const restarts: Error[] = [];
  let listener: (bytes: Uint8Array) => void = () => undefined;
  let onRequest: (bytes: Uint8Array) => void = () => undefined;
  let fault: AmrError | null = null;
  let refusal: AmrError | null = null;
  return {
    info: { ...INFO, ...info },
    sent,
    restarts,
    get fault() {
      return fault;
    },
    onData: (next) => {
      listener = next;
    },
    async write(bytes) {
      const error = refusal ?? fault;
      refusal = null;
      if (error !== null) throw error;
      sent.push({ at: clock.monotonic(), bytes: bytes.slice() });
      onRequest(bytes);
    },
    restart: (reason) => restarts.push(reason),
    whenUp: async () => undefined,
    hear: (bytes) => listener(bytes),
    hearAfter: (ms, bytes) => void clock.sleep(ms).then(() => listener(bytes)),
    onRequest: (next) => {
      onRequest = next;
    },
    setFault: (next) => {
      fault = next;
    },
    refuseWrite: (error) => {
      refusal = error;
    },
  };
}
