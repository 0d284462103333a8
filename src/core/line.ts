import type { AmrError } from './errors.ts';
import type { LineSettings, TransportInfo } from './transport.ts';

/** A port that is kept open; what a bus stands on. */
export interface Line {
  /** As the settings in force have it. */
  readonly info: TransportInfo;
  /** Why the port is not open at present, `null` while it is. */
  readonly fault: AmrError | null;
  /** There is one listener; a later call replaces it. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Told at once when the open port goes away, by itself or to be opened anew; one listener. */
  onFault(listener: (reason: AmrError) => void): void;
  /** Rejects with a PORT_ error. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Talks so from now on, or until the port is opened anew; `null`: as the port is set. Resolves
   * with whether that is a change. Rejects with a PORT_ error.
   */
  configure(settings: LineSettings | null): Promise<boolean>;
  /** Closes the port and opens it anew: for adapters and connections that hang. */
  restart(reason: Error): void;
  /** Resolves while the port is open; rejects with the signal's reason. */
  whenUp(signal: AbortSignal): Promise<void>;
}
