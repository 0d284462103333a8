import pino from 'pino';
import { decimal } from '../../../src/core/decimal.ts';
import type { DriverSession, ReadOptions, ReadResult } from '../../../src/core/driver.ts';
import { AmrError, type ErrorCode } from '../../../src/core/errors.ts';
import { createNotes } from '../../../src/core/notes.ts';
import type { AmrEvent, Reading } from '../../../src/core/reading.ts';
import { findRegister, type Register } from '../../../src/core/registers.ts';
import type { Store } from '../../../src/core/store.ts';
import type { Duty } from '../../../src/poll/duty.ts';
import { compilePlan } from '../../../src/poll/plan.ts';
import { runPoller } from '../../../src/poll/poller.ts';
import type { PollCounters } from '../../../src/poll/writer.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

const ZONE = 'Asia/Shanghai';
/** Eight minutes before a quarter-hour. */
export const START = Date.parse('2026-11-23T10:07:00+08:00');
export const MINUTE = 60_000;

function registerNamed(name: string): Register {
  const found = findRegister(name);
  if (found === undefined) throw new Error(name);
  return found;
}

export const energy = registerNamed('energy_active_import');
export const voltage = registerNamed('voltage_l1');

export const shows = (registers: readonly Register[]): ReadResult => ({
  values: registers.map((register) => ({ register, value: decimal(123456, 2), flags: [] })),
  failures: [],
});
export const failing = (code: ErrorCode, registers: readonly Register[]): ReadResult => ({
  values: [],
  failures: [{ registers, error: new AmrError(code, 'as the test wants it') }],
});
export const silent = (registers: readonly Register[]) => failing('BUS_NO_REPLY', registers);

type Row = { readonly stream: string; readonly reading: Reading };

/** Takes rows at the seam of the store; the poller needs no more of it. */
function createRows(notesOf: Store['notesOf']) {
  const rows: Row[] = [];
  const state = { refusals: 0 };
  const store = {
    notesOf,
    append: async (stream: string, bodies: readonly string[]) => {
      if (state.refusals > 0) {
        state.refusals -= 1;
        throw new AmrError('STORE_FAILED', 'disk full');
      }
      for (const body of bodies) rows.push({ stream, reading: JSON.parse(body) });
      return rows.length;
    },
  };
  return { rows, state, store: store as unknown as Store };
}

export interface Bench {
  readonly clock: VirtualClock;
  readonly rows: Row[];
  readonly state: { refusals: number };
  readonly counters: PollCounters;
  readonly finish: AbortController;
  readonly stop: AbortController;
  readonly line: { fault: AmrError | null; whenUp(signal: AbortSignal): Promise<void> };
  readonly ended: Promise<void>;
  readonly log: readonly Record<string, unknown>[];
  /** Of one meter, oldest first. */
  readingsOf(meter: string): Reading[];
  events(): AmrEvent[];
}

export interface BenchSettings {
  readonly meters?: readonly string[];
  /** Intervals of the plans; the first reads `energy`, the others `voltage` too. */
  readonly plans?: readonly number[];
  readonly registers?: readonly Register[];
  readonly lanes?: number;
  readonly jitter?: number;
  readonly notesOf?: Store['notesOf'];
}

export type Read = (
  registers: readonly Register[],
  options: ReadOptions,
  meter: string,
) => Promise<ReadResult>;

/** Notes that last over several benches. */
export function createNotesByMeter(): Store['notesOf'] {
  const notes = new Map<string, ReturnType<typeof createNotes>>();
  return (meter) => {
    const known = notes.get(meter) ?? createNotes();
    notes.set(meter, known);
    return known;
  };
}

function dutiesOf(read: Read, settings: BenchSettings): Duty[] {
  const { meters = ['m1'], plans = [15 * MINUTE], registers, jitter = 0 } = settings;
  return meters.flatMap((meter) => {
    const session: DriverSession = { read: (wanted, options) => read(wanted, options, meter) };
    return plans.map((every, index) => ({
      meter,
      plan: compilePlan(`every${every}`, { every, read: ['energy'], retries: 2, jitter }),
      registers: registers ?? (index === 0 ? [energy] : [energy, voltage]),
      session,
    }));
  });
}

/** A poller in virtual time over meters that answer as `read` does. */
export function start(read: Read, settings: BenchSettings = {}): Bench {
  const clock = createVirtualClock(START);
  const { rows, state, store } = createRows(settings.notesOf ?? createNotesByMeter());
  const counters = { due: 0, read: 0, missing: 0, turns: 0, waiting: 0 };
  const [finish, stop, abort] = [
    new AbortController(),
    new AbortController(),
    new AbortController(),
  ];
  const line: Bench['line'] = {
    fault: null,
    whenUp: async (signal) => {
      while (line.fault !== null) await clock.sleep(1000, signal);
    },
  };
  const log: Record<string, unknown>[] = [];
  const ended = runPoller(
    {
      bus: 'b1',
      duties: dutiesOf(read, settings),
      lanes: settings.lanes ?? 1,
      line,
      store,
      clock,
      clockState: () => 'synced',
      zone: ZONE,
      log: pino({ base: null }, { write: (text) => log.push(JSON.parse(text)) }),
      counters,
    },
    { finish: finish.signal, stop: stop.signal, abort: abort.signal },
  );
  return {
    clock,
    rows,
    state,
    counters,
    finish,
    stop,
    line,
    ended,
    log,
    readingsOf: (meter) =>
      rows
        .filter(({ stream, reading }) => stream !== 'event' && reading.meter === meter)
        .map(({ reading }) => reading),
    events: () =>
      rows
        .filter(({ stream }) => stream === 'event')
        .map(({ reading }) => reading as unknown as AmrEvent),
  };
}
