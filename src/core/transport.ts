/** How bytes go over a serial line. */
export interface LineSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** Bytes in, bytes out; knows nothing of frames. */
export interface TransportInfo {
  readonly kind: 'serial' | 'tcp';
  /** What a person calls it: the device path, or host:port. */
  readonly address: string;
  /** Of the line at the far end; transmit times are computed from it. */
  readonly baudRate: number;
  /** Start, data, parity and stop bits of one byte: 11 for 8E1, 10 for 8N1. */
  readonly bitsPerByte: number;
}

/**
 * One attempt at one port. After `close`, or after `onDown` fired, the object is spent:
 * a new attempt is a new object.
 */
export interface Transport {
  readonly info: TransportInfo;
  /** Listeners are set before `open`, so that no byte and no loss goes unseen. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Fires once, with PORT_LOST, when an open transport goes away by itself. */
  onDown(listener: (reason: Error) => void): void;
  /** Rejects with a PORT_ error. */
  open(signal: AbortSignal): Promise<void>;
  /** Hands the bytes to the operating system; rejects with PORT_LOST. */
  write(bytes: Uint8Array): Promise<void>;
  /** Never rejects and never hangs; may be called at any time and more than once. */
  close(): Promise<void>;
}

/** Milliseconds that `count` bytes take on the line. */
export function transmitMs(count: number, info: TransportInfo): number {
  return (count * info.bitsPerByte * 1000) / info.baudRate;
}
