/** The meter's side of a protocol: what simulated meters are made of. */

/** What a simulated meter has on its display; all values are the digits shown, such as "1234.56". */
export interface MeterDisplay {
  /** The register's digits at the present moment, or `null` where the meter lacks it. */
  show(register: string): string | null;
  /** What the meter froze at the start of the day `daysAgo` days back; 0 is today. */
  showDailyFreeze(daysAgo: number): FrozenDisplay | null;
}

export interface FrozenDisplay {
  /** The meter's wall time of the freeze, `YYYY-MM-DDTHH:mm:ss`. */
  readonly frozenAt: string;
  show(register: string): string | null;
}

/** One answer given, in the meter's own terms; the truth that tests compare with. */
export interface JournalEntry {
  readonly at: number;
  readonly meter: string;
  readonly item: string;
  /** Register name -> digits shown; `null` for "no value". */
  readonly values: Readonly<Record<string, string | null>>;
  /** The fault that the answer went out with; absent where it was sound. */
  readonly fault?: string;
}

/** Protocol-level faults; byte-level faults are the line's. */
export type SlaveFault = 'wrong-address' | 'wrong-item';

export interface Slave {
  readonly address: string;
  /**
   * Hears bytes on the line, its own answers and other meters' included; gives the answer to
   * send when a request to this meter is complete.
   */
  receive(bytes: Uint8Array): Uint8Array | null;
  /** No byte was on the line for this long; a request that stops halfway is given up then. */
  silence(ms: number): void;
  setFault(fault: SlaveFault | null): void;
}

export interface SlaveOptions {
  readonly address: string;
  readonly display: MeterDisplay;
  /** FE bytes sent before an answer. */
  readonly preamble?: number;
  readonly onAnswer?: (item: string, values: Record<string, string | null>) => void;
}

export type CreateSlave = (options: SlaveOptions) => Slave;
