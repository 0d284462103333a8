/** The meter's side of a protocol: what simulated meters are made of. */
import type { BusKind } from './bus.ts';
import type { MeterModel } from './model.ts';

/** What a simulated meter has on its display; all values are the digits shown, such as "1234.56". */
export interface MeterDisplay {
  /** The register's digits at the present moment, or `null` where the meter lacks it. */
  show(register: string): string | null;
  /** What the meter froze at the start of the day `daysAgo` days back; 0 is today. */
  showDailyFreeze(daysAgo: number): FrozenDisplay | null;
  /** Clock, further freezes, load records and events; a plain meter has none of them. */
  readonly memory?: MeterMemory;
}

/**
 * Names of what a meter shows beyond the catalogue of registers, so that the display and the
 * protocol say the same. Tariff, phase and settlement follow behind: `_t1`, `_l1`, `_s1`.
 */
export const SHOWN = {
  powerOfMinute: 'x_power_active_minute',
  demandActive: 'x_demand_active_present',
  demandReactive: 'x_demand_reactive_present',
  demandApparent: 'x_demand_apparent_present',
  temperature: 'x_temperature',
  clockBattery: 'x_battery_voltage_clock',
  readingBattery: 'x_battery_voltage_reading',
  batteryMinutes: 'x_battery_minutes',
  angle: 'x_phase_angle',
  voltageDistortion: 'x_voltage_distortion',
  currentDistortion: 'x_current_distortion',
  /** With the phase and the order behind it: `x_voltage_harmonic_l1_3`. */
  voltageHarmonic: 'x_voltage_harmonic',
  currentHarmonic: 'x_current_harmonic',
  date: 'x_clock_date',
  weekday: 'x_clock_weekday',
  time: 'x_clock_time',
  demandPeriod: 'x_demand_period',
  demandStep: 'x_demand_step',
  tariffs: 'x_tariffs',
  address: 'address',
  meterNumber: 'x_meter_number',
  assetCode: 'x_asset_code',
  ratedVoltage: 'x_rated_voltage',
  ratedCurrent: 'x_rated_current',
  largestCurrent: 'x_largest_current',
  accuracyActive: 'x_accuracy_active',
  accuracyReactive: 'x_accuracy_reactive',
  constantActive: 'x_constant_active',
  constantReactive: 'x_constant_reactive',
  model: 'x_model',
  productionDate: 'x_production_date',
  protocolVersion: 'x_protocol_version',
  /** With its number behind it, 1 to 7: `x_status_word_3`, shown as `0x0050`. */
  statusWord: 'x_status_word',
  combinationActive: 'x_combination_active',
  combinationReactive1: 'x_combination_reactive_1',
  combinationReactive2: 'x_combination_reactive_2',
  loadRecordMode: 'x_load_record_mode',
  freezeMode: 'x_freeze_mode',
  /** With the class behind it, 1 to 6. */
  loadRecordInterval: 'x_load_record_interval',
  /** With its number behind it, 1 to 3; `DDhh`, 9999 is none. */
  settlementDay: 'x_settlement_day',
  frozenAt: 'frozen_at',
  beganAt: 'began_at',
  endedAt: 'ended_at',
  eventCount: 'x_event_count',
  eventMinutes: 'x_event_minutes',
  operator: 'x_operator',
  /** The first identifier that was written. */
  programmed: 'x_programmed',
  ampereHours: 'x_ampere_hours',
  /** The number of a follow-up frame; the frame before it tells the values. */
  followUp: 'x_follow_up',
} as const;

/** The maximum demand of what this energy register counts; its time is shown under `_at` more. */
export function demandNameOf(energy: string): string {
  return `${energy.replace('energy', 'demand')}_max`;
}

/** Freezes besides the daily ones, and how a settlement period ended. */
export type FreezeKind = 'settlement' | 'timed' | 'instant';

export type EventKind =
  | 'voltage-loss'
  | 'power-off'
  | 'programming'
  | 'cover-open'
  | 'relay-trip'
  | 'relay-close';

/** Wall times are `YYYY-MM-DDTHH:mm:ss` of the meter's zone. */
export interface MeterMemory {
  /** What the meter's clock shows, `YYYY-MM-DDTHH:mm:ss.SSS`. */
  wallTime(): string;
  /** Moves the meter's clock on, or back where negative. */
  moveClock(ms: number): void;
  /** The last freeze of the kind is number 1; `null` where there is none of this number. */
  recall(kind: FreezeKind, number: number): FrozenDisplay | null;
  /** Takes an instant freeze. */
  freeze(): void;
  /** Up to `count` load records, oldest first, from the one at or after this wall time on. */
  loadRecords(from: LoadRecordStart, count: number): readonly FrozenDisplay[];
  /** `null` where the meter cannot have such events; `phase` 1 to 3, for those of a phase. */
  events(kind: EventKind, phase?: number): EventLog | null;
}

export type LoadRecordStart = 'earliest' | 'newest' | { readonly wallTime: string };

export interface EventLog {
  readonly count: number;
  /** How long all of them took together, in whole minutes. */
  readonly minutes: number;
  /** The last one is number 1; `null` where there were fewer. */
  recall(number: number): MeterEvent | null;
}

export interface MeterEvent {
  readonly begin: FrozenDisplay;
  readonly end: FrozenDisplay;
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
export type SlaveFault = 'wrong-address' | 'wrong-item' | 'bad-record';

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
  /** Where the meter keeps its registers, for protocols that do not say that themselves. */
  readonly model?: MeterModel;
  /** What its frames travel on; a line where absent. */
  readonly kind?: BusKind;
  /** FE bytes sent before an answer. */
  readonly preamble?: number;
  readonly onAnswer?: (item: string, values: Record<string, string | null>) => void;
}

export type CreateSlave = (options: SlaveOptions) => Slave;
