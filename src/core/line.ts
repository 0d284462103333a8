import type { AmrError } from './errors.ts';
import type { TransportInfo } from './transport.ts';

/** A port that is kept open; what a bus stands on. */
export interface Line {
  readonly info: TransportInfo;
  /** Why the port is not open at present, `null` while it is. */
  readonly fault: AmrError | null;
  /** There is one listener; a later call replaces it. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Rejects with a PORT_ error. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the port and opens it anew: for adapters and connections that hang. */
  restart(reason: Error): void;
  /** Resolves while the port is open; rejects with the signal's reason. */
  whenUp(signal: AbortSignal): Promise<void>;
}
