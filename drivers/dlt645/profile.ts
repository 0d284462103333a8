/**
 * The load profile, read from a given time on in steps of as many records as one answer holds.
 * DL/T 645-2007 clause 7.1 and annex A (06): 06 00 00 01 all classes, 06 01..06 00 01 one of them.
 */

import { fromHex } from '../../src/core/bytes.ts';
import {
  FLAG_SUSPECT,
  type ProfileRecord,
  type ProfileResult,
  type ProfileSpan,
  type ReadFailure,
  type ReadOptions,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Register } from '../../src/core/registers.ts';
import { failureOf } from './ask.ts';
import {
  type LoadRecord,
  type LoadRecords,
  loadClassOf,
  msBetween,
  parseLoadRecords,
  type TimeOrder,
  type TimeSpan,
} from './load-record.ts';
import { toRegisterValue } from './values.ts';

/**
 * One request for load records. `content` is empty where the meter has no more. The error of an
 * answer that broke off has what came in `context.partial`, as hex.
 */
export type ReadRecords = (
  di: string,
  options: ReadOptions,
  form: { readonly count: number; readonly from: string },
) => Promise<{ readonly content: Uint8Array }>;

export interface ProfileOptions extends ReadOptions {
  /** See {@link TimeOrder}; found out where absent. */
  readonly timeOrder?: TimeOrder | undefined;
}

const ALL_CLASSES = '06000001';
/** Two records tell their interval. */
const FIRST_COUNT = 2;
/**
 * BCD and binary agree up to here, and which of them a count is, no capture proves. No answer frame
 * holds more: eight records of the smallest class that has values.
 */
const MOST_RECORDS = 9;
/** Of one answer frame, less its identifier. */
const CONTENT_BYTES = 196;
const MINUTE_MS = 60_000;
/** Records so far outside the asked span were not asked for: a clock or a time order is wrong. */
const FAR_MS = 86_400_000;

/** `YYYY-MM-DD HH:mm`, moved on. */
function later(time: string, ms: number): string {
  const moved = new Date(Date.parse(`${time.replace(' ', 'T')}Z`) + ms);
  return moved.toISOString().slice(0, 16).replace('T', ' ');
}

const minuteOf = (time: string) => time.slice(0, 16).replace('T', ' ');

/** One class where that holds all that is wanted: a fifth of the bytes. All of them otherwise. */
function identifiersFor(registers: readonly Register[]): string[] {
  const classes = new Set(registers.map(({ id }) => loadClassOf(id)));
  const [only] = classes;
  const isOne = classes.size === 1 && typeof only === 'number';
  return isOne ? [`060${only}0001`, ALL_CLASSES] : [ALL_CLASSES];
}

function neverNoted(registers: readonly Register[]): ReadFailure[] {
  return registers.map((register) => ({
    registers: [register],
    error: new AmrError('METER_UNSUPPORTED', `no load record holds ${register.name}`),
  }));
}

function toProfileRecord(
  { time, isMarkedIncorrect, values }: LoadRecord,
  registers: readonly Register[],
): ProfileRecord {
  const own = isMarkedIncorrect ? [FLAG_SUSPECT] : [];
  const wanted = values
    .map(toRegisterValue)
    .filter((one) => one !== null)
    .filter(({ register }) => registers.some(({ id }) => id === register.id))
    .map((one) => ({ ...one, flags: [...one.flags, ...own] }));
  return { meterTime: `${time.replace(' ', 'T')}:00`, values: wanted, flags: own };
}

/** How many records of this size one answer frame holds. */
function countFor(content: Uint8Array, records: number): number {
  const fitting = Math.floor((CONTENT_BYTES * records) / content.length);
  return Math.max(1, Math.min(MOST_RECORDS, fitting));
}

/** What is known after some steps. Times are `YYYY-MM-DD HH:mm`. */
interface Walk extends TimeSpan {
  readonly records: LoadRecord[];
  readonly issues: AmrError[];
  /** The record read last; nothing up to here is taken again, so that the walk ends. */
  last: string | null;
  /** Between the two records read last. */
  intervalMs: number | null;
  count: number;
  timeOrder: TimeOrder | undefined;
  /** Times of records that were not asked for; each is told of once. */
  readonly strays: Set<string>;
}

function strayRecord({ from, to }: Walk, time: string): AmrError {
  return new AmrError(
    'DATA_INVALID',
    `the meter sent a load record of ${time} where those from ${from} to ${to} were asked for; where it should be one of them, the setting loadRecordTimeOrder of the model may be wrong`,
    { context: { time } },
  );
}

/** The records of an answer; what tells their order tells it for the rest of the walk. */
function parseFor(walk: Walk, content: Uint8Array): LoadRecords {
  const span = { from: later(walk.from, -FAR_MS), to: later(walk.to, FAR_MS) };
  const found = parseLoadRecords(content, walk.timeOrder, span);
  walk.timeOrder ??= found.timeOrder ?? undefined;
  return found;
}

/** Takes what is new; gives whether anything was. What is out of place is told of. */
function take(walk: Walk, content: Uint8Array, { records }: LoadRecords): boolean {
  const before = walk.last;
  for (const record of records) {
    // A meter that gives again the record before the asked time is none of those.
    if (walk.last !== null && record.time <= walk.last && record.time >= walk.from) continue;
    if (record.time < walk.from || record.time > later(walk.to, FAR_MS)) {
      if (!walk.strays.has(record.time)) walk.issues.push(strayRecord(walk, record.time));
      walk.strays.add(record.time);
      continue;
    }
    if (walk.last !== null) walk.intervalMs = msBetween(walk.last, record.time);
    walk.last = record.time;
    if (record.time <= walk.to) walk.records.push(record);
  }
  if (records.length > 0) walk.count = countFor(content, records.length);
  return walk.last !== before;
}

/**
 * The times to ask from next. Meters give the first record from the asked time on, and the minute
 * behind the last record misses none; one that gives only the record of exactly the asked time,
 * or again the one before it, is asked one interval on.
 */
function nextTimes({ from, to, last, intervalMs }: Walk): string[] {
  if (last === null) return [from];
  const steps = [MINUTE_MS, ...(intervalMs === null ? [] : [intervalMs])];
  return steps.map((step) => later(last, step)).filter((time) => time <= to);
}

/** What the meter sent before an answer broke off. */
function partOf({ context: { partial } }: AmrError): Uint8Array {
  return typeof partial === 'string' ? fromHex(partial) : new Uint8Array(0);
}

/**
 * Reads the records of `span` that hold any of `registers`. What fails ends the reading and is in
 * `failures`; the records before it stand. Rejects with BUS_ABORTED alone.
 */
export async function readProfile(
  readRecords: ReadRecords,
  wanted: ProfileSpan & { readonly registers: readonly Register[] },
  options: ProfileOptions,
): Promise<ProfileResult> {
  const { timeOrder, ...readOptions } = options;
  const noted = wanted.registers.filter(({ id }) => loadClassOf(id) !== null);
  const failures = neverNoted(wanted.registers.filter((register) => !noted.includes(register)));
  const identifiers = identifiersFor(noted);
  const walk: Walk = {
    from: minuteOf(wanted.from),
    to: minuteOf(wanted.to),
    records: [],
    issues: [],
    last: null,
    intervalMs: null,
    count: FIRST_COUNT,
    timeOrder,
    strays: new Set(),
  };

  /** One request; gives whether it brought anything new. */
  async function step(from: string): Promise<boolean> {
    const [di = ALL_CLASSES] = identifiers;
    const { content } = await readRecords(di, readOptions, { count: walk.count, from });
    const found = parseFor(walk, content);
    walk.issues.push(...found.issues);
    return take(walk, content, found);
  }

  /** A meter without records of one class may still have those of all. */
  async function firstStep(): Promise<boolean> {
    try {
      return await step(walk.from);
    } catch (thrown) {
      if (failureOf(thrown).code !== 'METER_UNSUPPORTED' || identifiers.length < 2) throw thrown;
      identifiers.shift();
      return step(walk.from);
    }
  }

  async function anyStep(times: readonly string[]): Promise<boolean> {
    for (const time of times) if (await step(time)) return true;
    return false;
  }

  try {
    let isMoving = noted.length > 0 && walk.from <= walk.to && (await firstStep());
    while (isMoving) isMoving = await anyStep(nextTimes(walk));
  } catch (thrown) {
    const error = failureOf(thrown);
    const part = partOf(error);
    take(walk, part, parseFor(walk, part));
    failures.push({ registers: noted, error });
  }
  const records = walk.records.map((record) => toProfileRecord(record, noted));
  return { records, failures, issues: walk.issues };
}
