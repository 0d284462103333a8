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
  reactivePowerOfMinute: 'x_power_reactive_minute',
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
  price: 'x_price',
  priceOfStep: 'x_price_step',
  priceOfTariff: 'x_price_tariff',
  energyRemaining: 'x_energy_remaining',
  energyOverdraft: 'x_energy_overdraft',
  amountRemaining: 'x_amount_remaining',
  amountOverdraft: 'x_amount_overdraft',
  date: 'x_clock_date',
  weekday: 'x_clock_weekday',
  time: 'x_clock_time',
  demandPeriod: 'x_demand_period',
  demandStep: 'x_demand_step',
  pulseWidth: 'x_pulse_width',
  /** When the tables in use were last switched. */
  zoneSwitch: 'x_zone_switch',
  dayTableSwitch: 'x_day_table_switch',
  zones: 'x_zones',
  dayTables: 'x_day_tables',
  periods: 'x_periods',
  tariffs: 'x_tariffs',
  holidays: 'x_holidays',
  harmonicOrders: 'x_harmonic_orders',
  autoScreens: 'x_auto_screens',
  screenSeconds: 'x_screen_seconds',
  energyDecimals: 'x_energy_decimals',
  powerDecimals: 'x_power_decimals',
  keyScreens: 'x_key_screens',
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
  customerNumber: 'x_customer_number',
  softwareVersion: 'x_software_version',
  hardwareVersion: 'x_hardware_version',
  vendorCode: 'x_vendor_code',
  /** With its number behind it, 1 to 7: `x_status_word_3`, shown as `0x0050`. */
  statusWord: 'x_status_word',
  combinationActive: 'x_combination_active',
  combinationReactive1: 'x_combination_reactive_1',
  combinationReactive2: 'x_combination_reactive_2',
  /** With the port behind it, 1 to 5: modulated and contact infrared, ports 1 to 3. */
  baud: 'x_baud',
  weekRest: 'x_week_rest',
  weekRestTable: 'x_week_rest_table',
  loadRecordMode: 'x_load_record_mode',
  freezeMode: 'x_freeze_mode',
  loadRecordStart: 'x_load_record_start',
  /** With the class behind it, 1 to 6. */
  loadRecordInterval: 'x_load_record_interval',
  /** With its number behind it, 1 to 3; `DDhh`, 9999 is none. */
  settlementDay: 'x_settlement_day',
  /** With its number behind it, 1 to 12: conductance, susceptance, resistance, reactance a phase. */
  lossFactor: 'x_loss_factor',
  /** Import 1, export 2. */
  powerLimit: 'x_power_limit',
  /** Upper 1, lower 2. */
  voltageLimit: 'x_voltage_limit',
  /** Alarms 1 and 2, hoarding 3, overdraft 4. */
  energyLimit: 'x_energy_limit',
  /** Alarms 1 and 2, overdraft 3, hoarding 4, closing of the relay 5. */
  amountLimit: 'x_amount_limit',
  runCharacteristic: 'x_run_characteristic',
  signalStrength: 'x_signal_strength',
  hourlyFreezeStart: 'x_hourly_freeze_start',
  hourlyFreezeInterval: 'x_hourly_freeze_interval',
  dailyFreezeTime: 'x_daily_freeze_time',
  tripDelay: 'x_trip_delay',
  reportStatus: 'x_report_status',
  reportReset: 'x_report_reset',
  /** `x_zone_1_2_start` and `_table`: set 1, zone 2. */
  zone: 'x_zone',
  /** `x_period_1_8_3_start` and `_tariff`: set 1, table 8, period 3. */
  period: 'x_period',
  /** `x_holiday_1_date` and `_table`. */
  holiday: 'x_holiday',
  /** With the number of the screen behind it: the identifier shown there. */
  autoScreen: 'x_auto_screen',
  keyScreen: 'x_key_screen',
  /** `x_tariff_price_1_4`: set 1, tariff 4; the steps likewise. */
  tariffPrice: 'x_tariff_price',
  stepLimit: 'x_step_limit',
  stepPrice: 'x_step_price',
  /** `x_threshold_4_2`: the second of the fourth event, in the order of their identifiers. */
  threshold: 'x_threshold',
  frozenAt: 'frozen_at',
  beganAt: 'began_at',
  endedAt: 'ended_at',
  eventCount: 'x_event_count',
  eventMinutes: 'x_event_minutes',
  operator: 'x_operator',
  /** The first identifier that was written. */
  programmed: 'x_programmed',
  /** What an event clear cleared. */
  cleared: 'x_cleared',
  clockBefore: 'x_clock_before',
  clockAfter: 'x_clock_after',
  ampereHours: 'x_ampere_hours',
  unbalance: 'x_unbalance',
  /** `x_purchase_energy_count`, `_bought`, `_before`, `_after`, `_total`: the last purchase. */
  purchase: 'x_purchase',
  /**
   * `x_voltage_quality_minutes`, `_within`, `_outside`, `_above`, `_below`, `_highest`,
   * `_highest_at`, `_lowest`, `_lowest_at`: of the month, the phase behind it.
   */
  voltageQuality: 'x_voltage_quality',
  /** The number of a follow-up frame; the frame before it tells the values. */
  followUp: 'x_follow_up',
} as const;

/** The maximum demand of what this energy register counts; its time is shown under `_at` more. */
export function demandNameOf(energy: string): string {
  return `${energy.replace('energy', 'demand')}_max`;
}

/** Freezes besides the daily ones, and how a settlement period ended. */
export type FreezeKind =
  | 'settlement'
  | 'timed'
  | 'instant'
  | 'hourly'
  | 'zone-switch'
  | 'day-table-switch'
  | 'price-switch'
  | 'step-switch';

export type EventKind =
  | 'voltage-loss'
  | 'undervoltage'
  | 'overvoltage'
  | 'phase-cut'
  | 'all-phase-loss'
  | 'auxiliary-loss'
  | 'voltage-sequence'
  | 'current-sequence'
  | 'voltage-unbalance'
  | 'current-unbalance'
  | 'current-loss'
  | 'overcurrent'
  | 'current-cut'
  | 'power-reversal'
  | 'overload'
  | 'power-off'
  | 'power-factor-low'
  | 'demand-over-import'
  | 'demand-over-export'
  | 'demand-over-q1'
  | 'demand-over-q2'
  | 'demand-over-q3'
  | 'demand-over-q4'
  | 'programming'
  | 'meter-clear'
  | 'demand-clear'
  | 'event-clear'
  | 'clock-set'
  | 'day-table-set'
  | 'zone-table-set'
  | 'week-rest-set'
  | 'holiday-set'
  | 'combination-active-set'
  | 'combination-reactive-1-set'
  | 'combination-reactive-2-set'
  | 'settlement-day-set'
  | 'cover-open'
  | 'terminal-cover-open'
  | 'purchase-energy'
  | 'purchase-amount'
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
export type SlaveFault =
  | 'wrong-address'
  | 'wrong-item'
  | 'bad-record'
  | 'exception'
  | 'busy'
  | 'gateway-silent'
  | 'lying-count';

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

/** One register of a Modbus meter, by its address on the wire. */
export interface RegisterPlace {
  readonly table: 'holding' | 'input';
  readonly address: number;
}

export interface SlaveOptions {
  readonly address: string;
  readonly display: MeterDisplay;
  /** Where the meter keeps its registers, for protocols that do not say that themselves. */
  readonly model?: MeterModel;
  /** What its frames travel on; a line where absent. */
  readonly kind?: BusKind;
  /** What a byte takes on its line, for protocols that delimit frames by silence. */
  readonly byteMs?: number;
  /** FE bytes sent before an answer. */
  readonly preamble?: number;
  /** What is refused although it lies among the meter's registers, for protocols with tables. */
  readonly holes?: readonly RegisterPlace[];
  /** Which meter model of SunSpec it has, 201 to 204 or 211 to 214, where its model names points. */
  readonly sunspecModel?: number;
  /** Where the marker of SunSpec is: 40000 (the default), 50000 or 0. */
  readonly sunspecBase?: number;
  readonly onAnswer?: (item: string, values: Record<string, string | null>) => void;
}

export type CreateSlave = (options: SlaveOptions) => Slave;
