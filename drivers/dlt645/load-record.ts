/**
 * Load records, what a meter notes of its present values at fixed intervals. DL/T 645-2007 annex B.
 * Records go on from frame to frame at any byte, so this is the content of all frames joined.
 *
 *   content := record*
 *   record  := mark mark n time groups cs E5H
 *   mark    := A0H, or E0H where the meter itself holds the record to be incorrect
 *   n       := 1 byte, binary: bytes from the time through the last AAH
 *   time    := mm hh DD MM YY
 *   groups  := (group AAH) six times; a group that was not recorded is empty
 *   cs      := sum modulo 256 from the first mark through the last AAH
 *
 * No packed digit and no sign gives AAH, so it separates safely.
 */
import { byteAt, concatBytes } from '../../src/core/bytes.ts';
import { AmrError, type ErrorCode } from '../../src/core/errors.ts';
import { pack, show, type TimeFormat, widthOf } from './format.ts';
import { type Field, findItem } from './items.ts';
import type { FieldValue } from './values.ts';

export interface LoadRecord {
  /** The meter's wall time, `YYYY-MM-DD HH:mm`. */
  readonly time: string;
  /** The meter marked the record: its values are not to be relied on. */
  readonly isMarkedIncorrect: boolean;
  /** Of the groups that were recorded, in order. */
  readonly values: readonly FieldValue[];
}

export interface LoadRecords {
  readonly records: readonly LoadRecord[];
  /** What could not be read, each with the place `at` in its context; the rest stands. */
  readonly issues: readonly AmrError[];
  /** The order of the times; `null` where nothing tells it, and minute first was taken. */
  readonly timeOrder: TimeOrder | null;
}

/** The first and the last time that records may have, `YYYY-MM-DD HH:mm`. */
export interface TimeSpan {
  readonly from: string;
  readonly to: string;
}

/**
 * The standard sends times minute first, but no capture of a load record proves it. Left open,
 * one order is found for the whole content: the one in which all its times are times, and where
 * both are, the one that fits what was asked for.
 */
export const TIME_ORDERS = ['minute-first', 'year-first'] as const;
export type TimeOrder = (typeof TIME_ORDERS)[number];

/** One record found, its groups still to be shown. */
interface Raw {
  readonly at: number;
  /** Behind E5H. */
  readonly end: number;
  readonly mark: number;
  readonly time: Uint8Array;
  readonly groups: readonly Uint8Array[];
}

const SOUND = 0xa0;
const INCORRECT = 0xe0;
const SEPARATOR = 0xaa;
const END = 0xe5;
/** Mark twice and n. */
const HEAD = 3;
/** cs and E5H. */
const TAIL = 2;
const TIME_BYTES = 5;
/** One of these may stand behind a record and belongs to nothing, as behind any block. */
const SEPARATORS: readonly number[] = [SEPARATOR, 0xdd];

/** 9999 minutes. */
const LONGEST_INTERVAL_MS = 9999 * 60_000;

const TIME: TimeFormat = { kind: 'time', layout: 'YYMMDDhhmm' };

/** What each group holds: the present values of annex A, in their forms. */
const GROUPS: readonly (readonly Field[])[] = [
  ['0201FF00', '0202FF00', '02800002'],
  ['0203FF00', '0204FF00'],
  ['0206FF00'],
  ['00010000', '00020000', '00030000', '00040000'],
  ['00050000', '00060000', '00070000', '00080000'],
  ['02800004', '02800005'],
].map((identifiers) => identifiers.flatMap(fieldsAt));

function fieldsAt(di: string): readonly Field[] {
  const item = findItem(di);
  if (item === undefined) throw new Error(`load records need the identifier ${di}`);
  return item.fields;
}

/** The class, 1 to 6, whose records hold this register; `null` if none does. */
export function loadClassOf(registerId: string): number | null {
  const index = GROUPS.findIndex((fields) =>
    fields.some(({ register }) => register?.id === registerId),
  );
  return index < 0 ? null : index + 1;
}

/** Of two times `YYYY-MM-DD HH:mm`. */
export const msBetween = (from: string, to: string) =>
  Date.parse(`${to.replace(' ', 'T')}Z`) - Date.parse(`${from.replace(' ', 'T')}Z`);

const sumOf = (bytes: Uint8Array) => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

const issue = (code: ErrorCode, at: number, message: string) =>
  new AmrError(code, message, { context: { at } });

/** Where two marks stand, from `from` on; the end of the content where none do. */
function nextMark(content: Uint8Array, from: number): number {
  for (let at = from; at + 1 < content.length; at++) {
    const byte = content[at];
    if ((byte === SOUND || byte === INCORRECT) && byte === content[at + 1]) return at;
  }
  return content.length;
}

function splitGroups(bytes: Uint8Array): Uint8Array[] {
  const groups: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== SEPARATOR) continue;
    groups.push(bytes.subarray(start, at));
    start = at + 1;
  }
  return groups;
}

/** The record that begins at `at`, or why none does. */
function parseRecord(content: Uint8Array, at: number): Raw | AmrError {
  const size = content[at + 2];
  if (size === undefined || at + HEAD + size + TAIL > content.length) {
    return issue('FRAME_LENGTH', at, 'a load record goes on behind the end of the answer');
  }
  const sumAt = at + HEAD + size;
  const body = content.subarray(at + HEAD, sumAt);
  if (size <= TIME_BYTES || body[size - 1] !== SEPARATOR || content[sumAt + 1] !== END) {
    return issue('FRAME_MALFORMED', at, 'a load record does not end where its length says');
  }
  if (sumOf(content.subarray(at, sumAt)) !== content[sumAt]) {
    return issue('FRAME_CHECKSUM', at, 'the checksum of a load record does not match its bytes');
  }
  return {
    at,
    end: sumAt + TAIL,
    mark: byteAt(content, at),
    time: body.subarray(0, TIME_BYTES),
    groups: splitGroups(body.subarray(TIME_BYTES)),
  };
}

/** Bytes between records are told of, unless a broken record or one lone separator explains them. */
function explainGap(gap: Uint8Array, at: number, broken: readonly AmrError[]): readonly AmrError[] {
  const [first] = gap;
  if (broken.length > 0 || first === undefined) return broken;
  if (gap.length === 1 && SEPARATORS.includes(first)) return [];
  return [issue('FRAME_MALFORMED', at, `${gap.length} bytes belong to no load record`)];
}

function scanRecords(content: Uint8Array): { raws: Raw[]; issues: AmrError[] } {
  const raws: Raw[] = [];
  const issues: AmrError[] = [];
  let broken: AmrError[] = [];
  let told = 0;
  const closeGap = (to: number) => {
    issues.push(...explainGap(content.subarray(told, to), told, broken));
    broken = [];
  };
  for (let at = nextMark(content, 0); at < content.length; ) {
    const found = parseRecord(content, at);
    if (found instanceof AmrError) {
      broken.push(found);
      at = nextMark(content, at + 1);
      continue;
    }
    closeGap(at);
    raws.push(found);
    told = found.end;
    at = nextMark(content, told);
  }
  closeGap(content.length);
  return { raws, issues };
}

/** The time as shown, `null` where the bytes are none in this order. */
function timeOf(bytes: Uint8Array, order: TimeOrder): string | null {
  const { value } = show(order === 'minute-first' ? bytes : bytes.toReversed(), TIME);
  return typeof value === 'string' ? value : null;
}

/** The times in this order, `null` where one is none. */
function timesIn(raws: readonly Raw[], order: TimeOrder): string[] | null {
  const times = raws.map(({ time }) => timeOf(time, order));
  const shown = times.filter((time) => time !== null);
  return shown.length === times.length ? shown : null;
}

const isWithin = (times: readonly string[], { from, to }: TimeSpan) =>
  times.every((time) => time >= from && time <= to);

/** Records follow each other; the longest interval has four digits of minutes. */
function isRow(times: readonly string[]): boolean {
  return times.slice(1).every((time, index) => {
    const ms = msBetween(times[index] ?? '', time);
    return ms > 0 && ms <= LONGEST_INTERVAL_MS;
  });
}

/**
 * One order for all: taken record by record, a wrong time could pass for a right one. Of two that
 * give times the one is taken whose times lie in the span or, where both do or neither, follow
 * each other. `null` where none of it tells.
 */
function findOrder(raws: readonly Raw[], span: TimeSpan | undefined): TimeOrder | null {
  const shown = TIME_ORDERS.flatMap((order) => {
    const times = timesIn(raws, order);
    return times === null ? [] : [{ order, times }];
  });
  const [first, second] = shown;
  if (first === undefined) return 'minute-first';
  if (second === undefined || first.times.join() === second.times.join()) return first.order;
  const within = span === undefined ? [] : shown.filter(({ times }) => isWithin(times, span));
  const rows = raws.length < 2 ? [] : shown.filter(({ times }) => isRow(times));
  const fitting = [within, rows].find(({ length }) => length === 1);
  return fitting?.[0]?.order ?? null;
}

const ambiguity = () =>
  issue(
    'DATA_INVALID',
    0,
    'the times of load records are times minute first and year first; the setting loadRecordTimeOrder of the model says which',
  );

const widthOfAll = (fields: readonly Field[]) =>
  fields.reduce((sum, { format }) => sum + widthOf(format), 0);

function showGroup(bytes: Uint8Array, fields: readonly Field[]): FieldValue[] {
  let at = 0;
  return fields.map((field) => {
    const start = at;
    at += widthOf(field.format);
    return { field, ...show(bytes.subarray(start, at), field.format) };
  });
}

/** A group of another length cannot be shared out among its fields: an issue, and no values. */
function showGroups({ at, groups }: Raw, issues: AmrError[]): FieldValue[] {
  return groups.flatMap((bytes, index) => {
    if (bytes.length === 0) return [];
    const fields = GROUPS[index] ?? [];
    if (bytes.length === widthOfAll(fields)) return showGroup(bytes, fields);
    issues.push(
      issue('FRAME_LENGTH', at, `group ${index + 1} of a load record has ${bytes.length} bytes`),
    );
    return [];
  });
}

/**
 * The load records in the joined content of an answer, in the order sent; `span` is what was asked
 * for. A broken record is an issue, and the next one is still found. Never throws.
 */
export function parseLoadRecords(
  content: Uint8Array,
  timeOrder?: TimeOrder,
  span?: TimeSpan,
): LoadRecords {
  const { raws, issues } = scanRecords(content);
  const found = timeOrder ?? findOrder(raws, span);
  if (found === null) issues.push(ambiguity());
  const order = found ?? 'minute-first';
  const records = raws.flatMap((raw) => {
    const time = timeOf(raw.time, order);
    if (time === null) {
      issues.push(issue('DATA_INVALID', raw.at, 'the time of a load record is no time'));
      return [];
    }
    const values = showGroups(raw, issues);
    return [{ time, isMarkedIncorrect: raw.mark === INCORRECT, values }];
  });
  return { records, issues, timeOrder: raws.length === 0 ? (timeOrder ?? null) : found };
}

/**
 * The inverse of {@link parseLoadRecords} for one record, minute first. Groups of which `values`
 * has no field are left empty; a field that a recorded group lacks is sent as all FFH. Throws
 * DATA_INVALID for what does not fit.
 */
export function encodeLoadRecord({ time, isMarkedIncorrect, values }: LoadRecord): Uint8Array {
  const groups = GROUPS.map((fields) => {
    const shown = fields.map((field) => values.find((one) => one.field.name === field.name));
    if (shown.every((one) => one === undefined)) return new Uint8Array(0);
    const parts = fields.map(({ format }, index) => pack(shown[index]?.value ?? null, format));
    return concatBytes(...parts);
  });
  const separator = Uint8Array.of(SEPARATOR);
  const body = concatBytes(pack(time, TIME), ...groups.flatMap((group) => [group, separator]));
  const mark = isMarkedIncorrect ? INCORRECT : SOUND;
  const record = concatBytes(Uint8Array.of(mark, mark, body.length), body);
  return concatBytes(record, Uint8Array.of(sumOf(record), END));
}
