import {
  type EventKind,
  type MeterDisplay,
  type MeterEvent,
  type MeterMemory,
  SHOWN,
} from '../../../src/core/slave.ts';
import { dayTimes, type Face, figures, type Kept, numbers, word } from './sim-packing.ts';

/** What a meter of 1997 keeps once each: B2 and B3, its limits, and the parameters C0 to C5. */
export interface Meter {
  readonly display: MeterDisplay;
  readonly address: string;
}

/** What one identifier holds. */
type Row = (meter: Meter) => Kept | null;

const PHASES = [1, 2, 3];
const BLOCK = 0xf;
const NEVER = '0000-00-00T00:00:00';
const PAIR = 2;
const DATE_OR_TIME = 6;

const LIMIT: Face = { digits: 4, decimals: 2 };
const START: Face = { digits: 8, decimals: 1 };

const whole = (digits: number): Face => ({ digits, decimals: 0 });
/** What the display shows under this name, under the meter's own name for it. */
const shownAs =
  (name: string, face: Face, own = name): Row =>
  ({ display }) =>
    numbers([own], face, () => display.show(name));
const fixed =
  (name: string, face: Face, shown: string): Row =>
  () =>
    numbers([name], face, () => shown);

const dayTime = (name: string, wall: string) => dayTimes([name], () => wall);

/** Sunday is 0. */
const weekdayOf = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay();

function dateItem({ display }: Meter): Kept | null {
  const date = display.memory?.wallTime().slice(0, 10);
  if (date === undefined) return null;
  const kept = figures(SHOWN.date, `${date}0${weekdayOf(date)}`, 8);
  return kept === null ? null : { ...kept, values: { [SHOWN.date]: date } };
}

function timeItem({ display }: Meter): Kept | null {
  const time = display.memory?.wallTime().slice(11, 19);
  if (time === undefined) return null;
  const kept = figures(SHOWN.time, time, 6);
  return kept === null ? null : { ...kept, values: { [SHOWN.time]: time } };
}

/** Bit 4: active power flows out; the values themselves have no sign. */
function runStatus({ display }: Meter): Kept {
  const isExport = display.show('power_active')?.startsWith('-') ?? false;
  return word('x_status_run', isExport ? 0x10 : 0);
}

/** Bits 0 to 2 a phase that is cut, 4 to 6 one that has too much voltage. */
function gridStatus({ display }: Meter): Kept {
  const bits = PHASES.map((phase) => {
    const status = Number(display.show(`${SHOWN.statusWord}_${phase + 3}`) ?? 0);
    const [isCut, isOver] = [status & 0x80, status & 0x04];
    return ((isCut ? 0x01 : 0) | (isOver ? 0x10 : 0)) << (phase - 1);
  });
  return word(
    'x_status_grid',
    bits.reduce((sum, bit) => sum | bit, 0),
  );
}

/** The end of the last one, and how many there were. */
const lastOf =
  (kind: EventKind, name: string): Row =>
  ({ display: { memory } }) => {
    const log = memory?.events(kind);
    return log == null ? null : dayTime(name, log.recall(1)?.end.frozenAt ?? NEVER);
  };
const countOf =
  (kind: EventKind, name: string): Row =>
  ({ display: { memory } }) =>
    numbers([name], whole(4), () => String(memory?.events(kind)?.count ?? ''));

/** Of one phase, or of all of them together. */
interface Losses {
  readonly count: number;
  readonly minutes: number;
  /** Of the latest; `null` where there was none. */
  readonly latest: MeterEvent | null;
}

function lossesOf(memory: MeterMemory, phase: number): Losses | null {
  const logs = (phase === 0 ? PHASES : [phase]).flatMap(
    (each) => memory.events('phase-cut', each) ?? [],
  );
  if (logs.length === 0) return null;
  const latest = logs.flatMap((log) => log.recall(1) ?? []);
  return {
    count: logs.reduce((sum, { count }) => sum + count, 0),
    minutes: logs.reduce((sum, { minutes }) => sum + minutes, 0),
    latest: latest.sort((a, b) => (a.end.frozenAt < b.end.frozenAt ? 1 : -1))[0] ?? null,
  };
}

/** Packs what one phase lost, named after `name`; FF where the meter has no such phase. */
type PackLosses = (
  names: readonly string[],
  lossesAt: (name: string) => Losses | null,
) => Kept | null;

const lossNumbers =
  (what: 'count' | 'minutes', face: Face): PackLosses =>
  (names, lossesAt) =>
    numbers(names, face, (name) => lossesAt(name)?.[what].toString() ?? null);
const lossMoments =
  (what: 'begin' | 'end'): PackLosses =>
  (names, lossesAt) =>
    dayTimes(names, (name) => {
      const losses = lossesAt(name);
      return losses === null ? null : (losses.latest?.[what].frozenAt ?? NEVER);
    });

/** B3 by the high digit of DI0; the low one is a phase, 0 the total, F all of them. */
const LOSSES: Readonly<Record<number, readonly [name: string, pack: PackLosses]>> = {
  1: ['x_phase_loss_count', lossNumbers('count', whole(4))],
  2: ['x_phase_loss_minutes', lossNumbers('minutes', whole(6))],
  3: ['x_phase_loss_begin', lossMoments('begin')],
  4: ['x_phase_loss_end', lossMoments('end')],
};
const SUFFIXES = ['', '_l1', '_l2', '_l3'];

function lossItem(di0: number, { display: { memory } }: Meter): Kept | null {
  const [name, pack] = LOSSES[di0 >> 4] ?? [];
  const low = di0 & BLOCK;
  if (name === undefined || pack === undefined || memory === undefined) return null;
  const wanted = SUFFIXES.filter((_, phase) => low === BLOCK || low === phase);
  const phaseOf = (named: string) => SUFFIXES.indexOf(named.slice(name.length));
  return pack(
    wanted.map((suffix) => name + suffix),
    (named) => lossesOf(memory, phaseOf(named)),
  );
}

/** Start and number in one: MMDDNN of zones and holidays, hhmmNN of periods. */
const entry =
  (name: string, start: string, number: string): Row =>
  ({ display }) => {
    const [from, what] = [display.show(start), display.show(number)];
    if (from === null || what === null) return null;
    const digits = from.replace(/\D/g, '').slice(-4);
    return figures(name, digits + what.padStart(2, '0'), DATE_OR_TIME);
  };

/** The same for each number, DI0 counting on from the first. */
function numbered(first: number, count: number, rowOf: (number: number) => Row) {
  return Array.from({ length: count }, (_, index): [string, Row] => {
    const di = (first + index).toString(16).toUpperCase();
    return [di, rowOf(index + 1)];
  });
}

const DAY_TABLES = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((table) =>
  numbered(0xc321 + 0x10 * table, 10, (period) => {
    const name = `${SHOWN.period}_1_${table}_${period}`;
    return entry(`x_day_table_${table}_${period}`, `${name}_start`, `${name}_tariff`);
  }),
);

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['B210', lastOf('programming', 'x_programming_time')],
  ['B211', lastOf('demand-clear', 'x_demand_clear_time')],
  ['B212', countOf('programming', 'x_programming_count')],
  ['B213', countOf('demand-clear', 'x_demand_clear_count')],
  ['B214', shownAs(SHOWN.batteryMinutes, whole(6))],
  ['B634', shownAs(`${SHOWN.powerLimit}_1`, LIMIT, 'x_power_limit_import')],
  ['B635', shownAs(`${SHOWN.powerLimit}_2`, LIMIT, 'x_power_limit_export')],
  ['C010', dateItem],
  ['C011', timeItem],
  ['C020', runStatus],
  ['C021', gridStatus],
  ['C022', ({ display }) => word(SHOWN.weekRest, Number(display.show(SHOWN.weekRest) ?? 0))],
  ['C030', shownAs(SHOWN.constantActive, whole(6))],
  ['C031', shownAs(SHOWN.constantReactive, whole(6))],
  ['C032', ({ address }) => figures(SHOWN.meterNumber, address, 12)],
  ['C033', ({ display }) => figures(SHOWN.customerNumber, display.show(SHOWN.customerNumber), 12)],
  ['C034', ({ display }) => figures('x_device_number', display.show(SHOWN.assetCode), 12)],
  ['C111', shownAs(SHOWN.demandPeriod, whole(PAIR))],
  ['C112', shownAs(SHOWN.demandStep, whole(PAIR))],
  ['C113', shownAs(SHOWN.screenSeconds, whole(PAIR))],
  ['C114', fixed('x_screen_hold_seconds', whole(PAIR), '30')],
  ['C115', shownAs(SHOWN.energyDecimals, whole(PAIR))],
  ['C116', shownAs(SHOWN.powerDecimals, whole(PAIR))],
  ['C117', ({ display }) => figures('x_reading_day', display.show(`${SHOWN.settlementDay}_1`), 4)],
  ['C118', fixed('x_load_day', whole(PAIR), '15')],
  ['C119', fixed('x_energy_active_start', START, '0.0')],
  ['C11A', fixed('x_energy_reactive_start', START, '0.0')],
  ['C211', shownAs(SHOWN.pulseWidth, whole(4))],
  ['C310', shownAs(SHOWN.zones, whole(PAIR), 'x_year_zones')],
  ['C311', shownAs(SHOWN.dayTables, whole(PAIR))],
  ['C312', shownAs(SHOWN.periods, whole(PAIR), 'x_day_periods')],
  ['C313', shownAs(SHOWN.tariffs, whole(PAIR))],
  ['C314', shownAs(SHOWN.holidays, whole(PAIR))],
  ...numbered(0xc321, 14, (zone) => {
    const name = `${SHOWN.zone}_1_${zone}`;
    return entry(`x_year_zone_${zone}`, `${name}_start`, `${name}_table`);
  }),
  ...DAY_TABLES,
  ...numbered(0xc411, 13, (holiday) => {
    const name = `${SHOWN.holiday}_${holiday}`;
    return entry(name, `${name}_date`, `${name}_table`);
  }),
  ['C41E', ({ display }) => figures('x_rest_day_table', display.show(SHOWN.weekRestTable), PAIR)],
  ['C510', ({ display }) => figures(SHOWN.loadRecordStart, display.show(SHOWN.loadRecordStart), 8)],
  [
    'C511',
    ({ display }) =>
      figures(SHOWN.loadRecordInterval, display.show(`${SHOWN.loadRecordInterval}_1`), 4),
  ],
]);

/** What stands under this identifier; `null` where the table has no row, or the meter no value. */
export function tableItem([di1, di0]: readonly [number, number], meter: Meter): Kept | null {
  if (di1 === 0xb3) return lossItem(di0, meter);
  const di = ((di1 << 8) | di0).toString(16).toUpperCase();
  return ROWS.get(di)?.(meter) ?? null;
}
