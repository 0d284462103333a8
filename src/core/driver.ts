import type { Bus, BusKind, Priority, Sender } from './bus.ts';
import type { Clock } from './clock.ts';
import type { Decimal } from './decimal.ts';
import type { AmrError } from './errors.ts';
import type { MeterModel } from './model.ts';
import type { Notes } from './notes.ts';
import type { Register } from './registers.ts';

/** Quality codes of IEC 61968-9, written system.category.index; system 2 is collection. */
export const FLAG_INVALID = '2.5.257';
export const FLAG_SUSPECT = '2.5.258';
export const FLAG_ABSENT = '2.5.259';

/** One register as the meter showed it. */
export interface RegisterValue {
  readonly register: Register;
  /** `null` where the meter showed no number; then a flag says why. */
  readonly value: Decimal | null;
  readonly flags: readonly string[];
  /** The bytes that were no number or no moment, lower-case hex in wire order. */
  readonly raw?: string;
  /**
   * When a maximum demand was reached, the meter's wall time `YYYY-MM-DDTHH:mm:ss`; `null` where
   * that never was. Absent from registers without a moment of their own.
   */
  readonly at?: string | null;
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
  /** Called at the moment a request goes to the port, for those who measure the time of an answer. */
  readonly onSent?: () => void;
}

export interface ClockOptions extends ReadOptions {
  /** The gateway's, to compare with. */
  readonly clock: Clock;
  /** The zone of the meter's wall time, an IANA name. */
  readonly zone: string;
}

/** The meter's clock against the gateway's. */
export interface ClockReading {
  /** The meter's wall time as it was answered, `YYYY-MM-DDTHH:mm:ss`. */
  readonly meterTime: string;
  /** The gateway's clock halfway between question and answer, epoch milliseconds. */
  readonly readAt: number;
  /**
   * The meter's clock less the gateway's, both at `readAt`. The meter shows whole seconds, so its
   * clock may be up to 1000 ms further ahead.
   */
  readonly offsetMs: number;
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
  /** Reads a snapshot of any kind; the meter's own time of it is checked against the wanted. */
  readFreeze?(
    wanted: WantedFreeze,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult>;
  /**
   * Reads what the meter kept at the settlement that fell in this calendar month, `YYYY-MM`. With
   * settlement at the start of the 1st, that of 2026-11 closes October.
   */
  readSettlement?(
    month: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<SettlementResult>;
  /** Reads the load profile within these two wall times of the meter, both included. */
  readProfile?(
    span: ProfileSpan,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<ProfileResult>;
  /** Reads what the meter noted of happenings on the line and to itself. */
  readEvents?(options: EventsOptions): Promise<EventsResult>;
  /** Reads the meter's clock. Rejects with BUS_, PORT_, METER_ and DATA_ errors. */
  readClock?(options: ClockOptions): Promise<ClockReading>;
  /**
   * Reads one identifier that {@link Driver.knows}. Rejects with BUS_, PORT_, METER_ and FRAME_
   * errors, and with CONFIG_INVALID for other identifiers.
   */
  readItem?(identifier: string, options: ReadOptions): Promise<ItemReading>;
}

/** A meter that nobody had named and that answered to its full address. */
export interface FoundMeter {
  readonly address: string;
  readonly protocol: string;
  /** Models that it may be of, by what it shows; absent where the protocol has no way to tell. */
  readonly models?: readonly string[];
  /** What it says of itself, in its own words; absent where it says nothing. */
  readonly says?: string;
  /** It answers whatever the address is. */
  readonly answersAny?: true;
}

/** How far a search is, told after every question. */
export interface DiscoverProgress {
  readonly protocol: string;
  /** What is asked for at present, in the protocol's own notation of a part of all addresses. */
  readonly pattern: string;
  readonly asked: number;
  /** Questions that remain, of those that are known to be asked; may grow with what is found. */
  readonly left: number;
  readonly meters: readonly FoundMeter[];
}

export interface DiscoverOptions extends ReadOptions {
  /** Protocols that share a driver's frame; all of the driver's where absent. */
  readonly protocols?: readonly string[];
  /** Where each address is asked for by itself: those to ask; all of the protocol where absent. */
  readonly addresses?: readonly string[];
  /** Models to compare what is found with, where the protocol lets them be told apart. */
  readonly models?: readonly MeterModel[];
  /** Goes through all parts even where nobody answered the question to all; slow. */
  readonly isThorough?: boolean;
  readonly onProgress?: (progress: DiscoverProgress) => void;
}

/** What a search found. It ends early when the signal aborts or the port is lost. */
export interface Discovery {
  readonly meters: readonly FoundMeter[];
  /** Patterns under which somebody was heard, or might have been, and not everybody found. */
  readonly unresolved: readonly string[];
  /** Why it ended early, `null` where it went to the end. */
  readonly endedBy: AmrError | null;
}

/** Snapshots taken every midnight, at set times, or when told to. */
export type FreezeKind = 'daily' | 'timed' | 'instant';

export interface WantedFreeze {
  readonly kind: FreezeKind;
  /** The wall time of the freeze, or its beginning: `YYYY-MM-DD`, `YYYY-MM-DDTHH:mm`. */
  readonly at: string;
}

export interface SettlementResult extends FreezeResult {
  /** Meters keep no time with a settlement: `frozenAt` is computed from their settlement day. */
  readonly isTimeDerived: true;
}

export interface ProfileSpan {
  /** The first and the last wall time wanted, `YYYY-MM-DDTHH:mm:ss`. */
  readonly from: string;
  readonly to: string;
}

export interface ProfileRecord {
  /** The meter's wall time of the record, `YYYY-MM-DDTHH:mm:ss`. */
  readonly meterTime: string;
  readonly values: readonly RegisterValue[];
  /** Of the record as a whole; each of its values carries them too. */
  readonly flags: readonly string[];
}

export interface ProfileResult {
  /** Oldest first, each time once. */
  readonly records: readonly ProfileRecord[];
  /** Registers that no record holds, and what ended the reading early. */
  readonly failures: readonly ReadFailure[];
  /** Records that the meter sent and that were broken. */
  readonly issues: readonly AmrError[];
}

/** What a meter noted of one kind of event. */
export interface NotedEvent {
  /** Such as `voltage_loss`. */
  readonly event: string;
  /** The phase for events that happen to one, else `null`. */
  readonly phase: string | null;
  readonly count: number | null;
  /** How long in all, `null` where the meter does not say. */
  readonly minutes: number | null;
  /** The latest record, field by field; empty where there is none. */
  readonly latest: readonly DecodedValue[];
}

/** One bit of the meter's status, or several that belong together. */
export interface StatusPart {
  /** Such as `x_status_word_3`. */
  readonly word: string;
  readonly name: string;
  /** Of a single bit 1 where it is set. */
  readonly number: number;
  /** The number in words, `null` where the bit is simply set or not. */
  readonly state: string | null;
}

export interface EventsOptions extends ReadOptions {
  /** What failed before, by the words of `failures`, of a meter that answered; all where absent. */
  readonly only?: readonly string[];
}

export interface EventsResult {
  readonly events: readonly NotedEvent[];
  readonly status: readonly StatusPart[];
  /** What could not be read, by event or status word, and which identifier of it. */
  readonly failures: readonly {
    readonly what: string;
    readonly identifier?: string;
    readonly error: AmrError;
  }[];
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
  /** The place of a follow-up frame in its chain, from 1. */
  readonly sequence?: number;
  readonly error: { readonly code: string; readonly err?: string; readonly meaning: string } | null;
  readonly values: readonly DecodedValue[];
}

export interface DecodedValue {
  readonly obis: string | null;
  readonly name: string;
  readonly value: string | null;
  readonly unit: string;
  /** Why there is no value. */
  readonly flags?: readonly string[];
  /** The bytes that were no such value, lower-case hex in wire order. */
  readonly raw?: string;
  /** What a status word says: its bits that are set, in words. */
  readonly means?: readonly string[];
}

/** What one identifier of the protocol holds, be it a register or anything else. */
export interface ItemReading {
  /** The address in the answer: the real one where wildcards were asked. */
  readonly address: string;
  readonly values: readonly DecodedValue[];
  /** Why there is no more of it, where the answer ended before it was whole. */
  readonly cutShort?: AmrError;
}

/** The meter that a session speaks with; its address as {@link Driver.parseAddress} gives it. */
export interface MeterSetup {
  readonly address: string;
  readonly model: MeterModel;
}

export interface SessionDeps {
  readonly clock: Clock;
  /** Of this meter alone. */
  readonly notes: Notes;
}

/** What is told to all meters of a line at once. */
export interface TimeBroadcast {
  /** Its wall time is what the meters get. */
  readonly clock: Clock;
  /** The zone of the meters' wall time, an IANA name. */
  readonly zone: string;
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/** One protocol. */
export interface Driver {
  readonly protocol: string;
  /** The kinds of bus that its meters can be on. */
  readonly buses: readonly BusKind[];
  /** The address as the frames carry it; throws CONFIG_INVALID. */
  parseAddress(text: string): string;
  /** What a parsed address lacks to be one on this kind of bus, `null` where it is one. */
  checkAddress?(address: string, bus: BusKind): string | null;
  /** Whatever meter is alone on the line answers to it; absent where there is none. */
  readonly anyAddress?: string;
  /** Complaints about a model's sources, empty when the driver can serve it. */
  checkModel(model: MeterModel): readonly string[];
  /** The registers that an identifier of the protocol holds, none where it is no identifier. */
  registersAt(identifier: string): readonly Register[];
  /** True for identifiers that may be read; passwords are none. */
  knows(identifier: string): boolean;
  /** The step of the register's digits, such as `0.01`; `null` where the model lacks it. */
  resolution(model: MeterModel, register: Register): string | null;
  open(bus: Bus, meter: MeterSetup, deps: SessionDeps): DriverSession;
  /**
   * The protocol that a meter at this address speaks, of those that are told apart by asking;
   * `null` where it answers to none. Rejects with PORT_ errors, BUS_ABORTED and BUS_JAMMED.
   */
  identify?(bus: Bus, address: string, options: ReadOptions): Promise<string | null>;
  /** Finds the meters on a line of which nothing is known. Never rejects with an AmrError. */
  discover?(
    bus: Bus,
    options: DiscoverOptions,
    deps: Pick<SessionDeps, 'clock'>,
  ): Promise<Discovery>;
  /**
   * Sets the clocks of all meters that hear it; no meter answers. Rejects with PORT_ and BUS_
   * errors. Drivers whose meters understand one frame share one function.
   */
  broadcastTime?(sender: Sender, options: TimeBroadcast): Promise<void>;
  /** Every frame in these bytes, broken ones included, in order. */
  decode(bytes: Uint8Array): DecodedFrame[];
}
