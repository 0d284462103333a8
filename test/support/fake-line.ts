import { isDeepStrictEqual } from 'node:util';
import type { AmrError } from '../../src/core/errors.ts';
import type { Line } from '../../src/core/line.ts';
import type { LineSettings, TransportInfo } from '../../src/core/transport.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A line whose far end is the test. Bytes take no time on it unless the test lets it pass. */
export interface FakeLine extends Line {
  /** What was written, when, and under which settings; `null` are the port's own. */
  readonly sent: readonly {
    readonly at: number;
    readonly bytes: Uint8Array;
    readonly settings: LineSettings | null;
  }[];
  readonly restarts: readonly Error[];
  /** These bytes arrive now, as one chunk. */
  hear(bytes: Uint8Array): void;
  /** These bytes arrive `ms` from now, as one chunk. */
  hearAfter(ms: number, bytes: Uint8Array): void;
  /** Called for every request, after it was written; a later call replaces it. */
  onRequest(listener: (bytes: Uint8Array) => void): void;
  /** From now on the port is closed for this reason, or open again with its own settings. */
  setFault(fault: AmrError | null): void;
  /** The next write rejects with this. */
  refuseWrite(error: AmrError): void;
  /** From now on settings other than the port's own are refused with this. */
  refuseSettings(error: AmrError): void;
  /** Called with every change of the settings; a later call replaces it. */
  onConfigure(listener: () => void): void;
}

const INFO: TransportInfo = {
  kind: 'serial',
  address: '/dev/fake',
  baudRate: 2400,
  bitsPerByte: 11,
};

export function createFakeLine(clock: VirtualClock, info: Partial<TransportInfo> = {}): FakeLine {
  const sent: { at: number; bytes: Uint8Array; settings: LineSettings | null }[] = [];
  const restarts: Error[] = [];
  let listener: (bytes: Uint8Array) => void = () => undefined;
  let onRequest: (bytes: Uint8Array) => void = () => undefined;
  let fault: AmrError | null = null;
  let refusal: AmrError | null = null;
  let settings: LineSettings | null = null;
  let settingsRefusal: AmrError | null = null;
  let onConfigure: () => void = () => undefined;
  let notifyFault: (reason: AmrError) => void = () => undefined;
  const own = { ...INFO, ...info };
  return {
    get info() {
      if (settings === null) return own;
      const { baudRate, dataBits, parity, stopBits } = settings;
      return {
        ...own,
        baudRate,
        bitsPerByte: 1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits,
      };
    },
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
      sent.push({ at: clock.monotonic(), bytes: bytes.slice(), settings });
      onRequest(bytes);
    },
    onFault: (next) => {
      notifyFault = next;
    },
    async configure(wanted) {
      if (fault !== null) throw fault;
      if (wanted !== null && settingsRefusal !== null) throw settingsRefusal;
      const isChange = !isDeepStrictEqual(wanted, settings);
      settings = wanted;
      if (isChange) onConfigure();
      return isChange;
    },
    restart: (reason) => restarts.push(reason),
    whenUp: async () => undefined,
    hear: (bytes) => listener(bytes),
    hearAfter: (ms, bytes) => void clock.sleep(ms).then(() => listener(bytes)),
    onRequest: (next) => {
      onRequest = next;
    },
    setFault: (next) => {
      const isLoss = fault === null && next !== null;
      fault = next;
      settings = null;
      if (isLoss) notifyFault(next);
    },
    refuseWrite: (error) => {
      refusal = error;
    },
    refuseSettings: (error) => {
      settingsRefusal = error;
    },
    onConfigure: (next) => {
      onConfigure = next;
    },
  };
}
