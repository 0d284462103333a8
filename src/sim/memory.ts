import type { Clock } from '../core/clock.ts';
import type {
  EventLog,
  FreezeKind,
  FrozenDisplay,
  LoadRecordStart,
  MeterMemory,
} from '../core/slave.ts';
import { formatInstant, zonedToEpoch } from '../core/zoned-time.ts';
import type { Calendar } from './calendar.ts';
import { FIRST_DAY } from './energy.ts';
import { partOf } from './event-habits.ts';
import type { Events, Happening } from './events.ts';
import type { Look } from './shown.ts';

/** What a simulated meter keeps. All of it follows from the time but the drift and what was frozen. */
export interface MemoryOptions {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly look: Look;
  readonly events: Events;
  /** How far the meter's clock is ahead; it dates instant freezes and nothing else. */
  readonly driftMs: number;
}

const LOAD_INTERVAL_MS = 900_000;
/** Forty days of load records. */
const LOAD_RECORDS_KEPT = 40 * 96;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const KEPT: Readonly<Record<FreezeKind, number>> = {
  settlement: 12,
  timed: 12,
  instant: 3,
  hourly: 254,
  'zone-switch': 2,
  'day-table-switch': 2,
  'price-switch': 2,
  'step-switch': 2,
};
/** January is 0; the tables are switched as these months begin, by what starts the freeze. */
const SWITCHES = {
  'zone-switch': [0, 6],
  'day-table-switch': [3, 9],
  'price-switch': [0, 6],
  'step-switch': [0, 6],
} as const satisfies Partial<Record<FreezeKind, readonly number[]>>;

/** A freeze holds energies, demands, powers and what the month says of the voltage; nothing else. */
const FROZEN = /energy|demand_\w+_max|^power_active|^x_power_reactive|^x_voltage_quality/;

/** What the meter showed at a moment that it calls `frozenAt`. */
export function freezeOf(look: Look, at: number, frozenAt: string): FrozenDisplay {
  return {
    frozenAt,
    show: (register) => (FROZEN.test(register) ? look(register, at) : null),
  };
}

function eventLogOf(
  listed: readonly Happening[],
  momentOf: (at: number) => FrozenDisplay,
): EventLog {
  const ms = listed.reduce((sum, { begin, end }) => sum + end - begin, 0);
  return {
    count: listed.length,
    minutes: Math.floor(ms / 60_000),
    recall(number) {
      const found = listed.at(-number);
      if (found === undefined) return null;
      return { begin: momentOf(found.begin), end: momentOf(found.end) };
    },
  };
}

export function createMemory(options: MemoryOptions): MeterMemory {
  const { clock, calendar, look, events } = options;
  let { driftMs } = options;
  let instants: FrozenDisplay[] = [];
  const now = () => Math.floor(clock.now());
  const wallOf = (at: number) => formatInstant(at, calendar.zone).slice(0, 19);
  const installed = calendar.day(FIRST_DAY).start;

  const momentOf = (at: number): FrozenDisplay => ({
    frozenAt: wallOf(at),
    show: (register) => look(register, at),
  });
  const freezeAt = (at: number) => (at <= installed ? null : freezeOf(look, at, wallOf(at)));
  const settlement = (number: number) =>
    freezeAt(calendar.firstOfMonth(calendar.indexOf(now()), number - 1).start);
  /** The first of the month, as often as the month is one of these. */
  const switched = (months: readonly number[], number: number) => {
    const today = calendar.indexOf(now());
    const firsts = Array.from({ length: 12 * number }, (_, back) =>
      calendar.firstOfMonth(today, back),
    );
    const found = firsts.filter(({ index }) =>
      months.includes(new Date(index * DAY_MS).getUTCMonth()),
    )[number - 1];
    return found === undefined ? null : freezeAt(found.start);
  };
  /** Every full hour since the midnight of its day. */
  const hourly = (number: number) => {
    const { start } = calendar.day(calendar.indexOf(now()));
    return freezeAt(start + (Math.floor((now() - start) / HOUR_MS) - number + 1) * HOUR_MS);
  };

  const firstRecord = (from: LoadRecordStart, count: number, newest: number) => {
    if (from === 'earliest') return installed;
    if (from === 'newest') return newest - (count - 1) * LOAD_INTERVAL_MS;
    const wanted = zonedToEpoch(from.wallTime, calendar.zone);
    return Math.ceil(wanted / LOAD_INTERVAL_MS) * LOAD_INTERVAL_MS;
  };
  const loadRecords = (from: LoadRecordStart, count: number): FrozenDisplay[] => {
    const newest = Math.floor(now() / LOAD_INTERVAL_MS) * LOAD_INTERVAL_MS;
    const oldest = newest - (LOAD_RECORDS_KEPT - 1) * LOAD_INTERVAL_MS;
    const records: FrozenDisplay[] = [];
    const first = Math.max(firstRecord(from, count, newest), oldest, installed);
    for (let at = first; at <= newest && records.length < count; at += LOAD_INTERVAL_MS) {
      records.push(momentOf(at));
    }
    return records;
  };

  return {
    wallTime: () => formatInstant(now() + driftMs, calendar.zone).slice(0, 23),
    moveClock(ms) {
      driftMs += ms;
    },
    recall(kind, number) {
      if (number < 1 || number > KEPT[kind]) return null;
      switch (kind) {
        case 'instant':
          return instants[number - 1] ?? null;
        case 'timed':
        case 'hourly':
          return hourly(number);
        case 'settlement':
          return settlement(number);
        default:
          return switched(SWITCHES[kind], number);
      }
    },
    freeze() {
      const at = now();
      const frozen = freezeOf(look, at, wallOf(at + driftMs));
      instants = [frozen, ...instants].slice(0, KEPT.instant);
    },
    loadRecords,
    events(kind, phase) {
      const [habit, part] = partOf(kind);
      const at = now();
      const listed = events.until(at, habit, phase)?.filter((each) => each[part] <= at);
      return listed === undefined ? null : eventLogOf(listed, momentOf);
    },
  };
}
