import pino from 'pino';
import { it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { ReadResult } from '../../../src/core/driver.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createFakeBus, modelWith, options, type Reply, registersNamed } from './fake-bus.ts';

/*
 * What meters, adapters and other masters do beside the standard, as seen in captures, firmware
 * and code: one row each. The suites over them count that no row is left without a test.
 */

/** What is seen in the bytes of frames and between them. */
export const FRAME_ROWS = [
  '0, 1, 2, 3, 4, 7 FE before answers',
  'garbage or tail of another frame before 68',
  'several frames in one read, answers of other meters, stale answers after timeout',
  'echo of own request',
  '68 inside address, data, CS; 16 inside',
  'FE inside data',
  'doubled 68 at start',
  'request padded with stray bytes, truncated answers',
  'partial frames',
  'wrong parity or speed',
] as const;

/** What is seen of addresses, and of meters that do not answer, or late. */
export const METER_ROWS = [
  'wildcard answered with AA in header',
  'broadcast 99 read answered',
  'non-BCD address',
  'address fill 00 or AA for short numbers',
  'silence for unsupported DI or function',
  'collision on AA when more than one meter',
  'slow records',
] as const;

/** What is seen in payloads. */
export const CONTENT_ROWS = [
  'FF fill for missing phases',
  'invalid BCD',
  'trailing AA or DD in a block, AA separators inside freeze blocks',
  'fewer tariffs than asked',
  'D1 with ERR 01 instead of 02 for an unknown DI',
  'double +33H by integrator code',
  'baud Z sent without +33H',
  'sign handling',
  'event totals as 18-byte triple',
  'DI variant in 02: 0280000A of 4 or 3 bytes',
  'frequency DI wrongly taken as 02800007',
  'event clear mapped to 033002xx',
  'broadcast time in natural order',
  'meter prefix on the label',
] as const;

export const ALL_ROWS = [...FRAME_ROWS, ...METER_ROWS, ...CONTENT_ROWS];

/** Tests by the row that they belong to. */
export function createChecklist<Row extends string>(rows: readonly Row[]) {
  const counts = new Map<Row, number>(rows.map((row) => [row, 0]));
  return {
    /** A test of this row. */
    quirk(row: Row, handling: string, test: () => void | Promise<void>): void {
      counts.set(row, (counts.get(row) ?? 0) + 1);
      it(`${row}: ${handling}`, test);
    },
    /** Rows that no test belongs to. */
    untested: () => rows.filter((row) => counts.get(row) === 0),
  };
}

export const METER = '123456789012';
export const ENERGY = '00010000';
/** 68, address 123456789012, 68, C 91, L 8, DI 00 00 01 00 + 33, 78 56 34 12 + 33, CS, 16. */
export const ENERGY_ANSWER = '68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16';
export const ENERGY_SHOWN = { energy_active_import: '123456.78' };

/** Values as text, and the codes of what failed. */
export function outcomeOf({ values, failures }: ReadResult) {
  return {
    values: Object.fromEntries(
      values.map(({ register, value }) => [
        register.name,
        value === null ? null : formatDecimal(value),
      ]),
    ),
    failures: failures.map(({ error }) => error.code),
  };
}

/** What became of reading these registers where the line brings the same for every question. */
export async function readFrom(
  brought: string | Reply,
  {
    address = METER,
    blocks = [],
    names = ['energy_active_import'],
  }: { address?: string; blocks?: string[]; names?: string[] } = {},
) {
  const reply = typeof brought === 'string' ? fromHex(brought) : brought;
  const bus = createFakeBus(() => reply);
  const session = createSession(bus, { address: address, model: modelWith(blocks) }, sessionDeps());
  const result = await session.read(registersNamed(...names), options);
  return { bus, result, ...outcomeOf(result) };
}

/** A real bus on a line whose far end is the test, 2400 baud, in virtual time. */
export function createLineRig() {
  const clock = createVirtualClock();
  const line = createFakeLine(clock);
  const settings = { name: 'test', latencyMs: 0, turnaroundMs: 2 };
  const bus = createBus(settings, { line, clock, log: pino({ level: 'silent' }) });
  const session = createSession(bus, { address: METER, model: modelWith([]) }, sessionDeps());

  /** The outcome of what takes time, by letting the time pass. */
  async function settled<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const end = () => {
      state.isDone = true;
    };
    work.then(end, end);
    while (!state.isDone) await clock.advance(50);
    return await work;
  }

  const read = async (...names: string[]) =>
    outcomeOf(await settled(session.read(registersNamed(...names), options)));

  return { bus, clock, line, read, settled };
}
