import type { Bus, Priority } from './bus.ts';
import type { Decimal } from './decimal.ts';
import type { AmrError } from './errors.ts';
import type { MeterModel } from './model.ts';
import type { Register } from './registers.ts';

/** Quality codes of IEC 61968-9, written system.category.index; system 2 is collection. */
export const FLAG_INVALID = '2.5.257';
export const FLAG_ABSENT = '2.5.259';

/** One register as the meter showed it. */
export interface RegisterValue {
  readonly register: Register;
  /** `null` where the meter showed no number; then a flag says why. */
  readonly value: Decimal | null;
  readonly flags: readonly string[];
}

/** Registers that could not be read, and why. */
export interface ReadFailure {
  readonly registers: readonly Register[];
  readonly error: AmrError;
}

export interface ReadResult {
  readonly values: readonly RegisterValue[];
  readonly failures: readonly ReadFailure[];
  /** The address in the answer, where a wildcard was asked. */
  readonly address?: string;
}

export interface FreezeResult extends ReadResult {
  /** The meter's wall time of the freeze, `YYYY-MM-DDTHH:mm:ss`, `null` when none was found. */
  readonly frozenAt: string | null;
}

export interface ReadOptions {
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/** What a driver keeps per meter. No timers and no retries: the bus and the poller own them. */
export interface DriverSession {
  /** Reads the registers in as few exchanges as the model allows; what fails is in `failures`. */
  read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult>;
  /** Reads the daily freeze of this calendar day, `YYYY-MM-DD`. */
  readDailyFreeze?(
    day: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult>;
}

/** One frame as `amr decode` prints it; see the command-line contract. */
export interface DecodedFrame {
  readonly protocol: string;
  readonly ok: boolean;
  readonly direction?: 'request' | 'response';
  readonly preamble?: number;
  readonly address?: string;
  readonly control?: string;
  readonly function?: string;
  readonly di?: string | null;
  readonly more?: boolean;
  readonly error: { readonly code: string; readonly err?: string; readonly meaning: string } | null;
  readonly values: readonly DecodedValue[];
}

export interface DecodedValue {
  readonly obis: string | null;
  readonly name: string;
  readonly value: string | null;
  readonly unit: string;
}

/** One protocol. */
export interface Driver {
  readonly protocol: string;
  /** The address as the frames carry it; throws CONFIG_INVALID. */
  parseAddress(text: string): string;
  /** Complaints about a model's sources, empty when the driver can serve it. */
  checkModel(model: MeterModel): readonly string[];
  /** The registers that an identifier of the protocol holds, none where it is no identifier. */
  registersAt(identifier: string): readonly Register[];
  /** The step of the register's digits, such as `0.01`; `null` where the model lacks it. */
  resolution(model: MeterModel, register: Register): string | null;
  open(bus: Bus, address: string, model: MeterModel): DriverSession;
  /** Every frame in these bytes, broken ones included, in order. */
  decode(bytes: Uint8Array): DecodedFrame[];
}
