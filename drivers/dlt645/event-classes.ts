/**
 * Which identifiers tell of which happenings, as the tables of identifiers have them. DL/T 645-2007
 * annex A (03), and the events that meters tell field by field alone.
 *
 *   counts := 03 class 00 00    for events of the phases: count and minutes of each in turn
 *           | 03 30 class 00    for what was done to the meter itself
 *           | class 00 00 01    field by field
 *   record := 03 class phase 01, 03 class 00 01 where phases play no part, 03 30 class 01,
 *             03 12 quantity 01, or class 00 FF 01
 *   month  := 03 10 phase 00    statistics of the voltage, which nothing counts
 */
import { TIMES } from './items.ts';
import { eventItemRows } from './tables/event-items.ts';
import { eventRows } from './tables/events.ts';
import { hexByte } from './tables/patterns.ts';
import { programmingRows } from './tables/programming.ts';
import type { Row } from './tables/row.ts';

/** One event of the whole meter or of one phase. */
export interface KindOfEvent {
  /** Such as `voltage_loss`. */
  readonly event: string;
  readonly phase: string | null;
  /** Identifiers of its latest record, of which the first that the meter has is read. */
  readonly records: readonly string[];
}

/** The events whose counts stand under one identifier. */
export interface EventClass {
  readonly word: string;
  /** `null` for what is not counted. */
  readonly counts: string | null;
  /** In the order of the counts. */
  readonly kinds: readonly KindOfEvent[];
}

const COUNT_NAME = /^x_(.+?)_count(?:_(l[123]))?$/;
const PHASES = [null, 'l1', 'l2', 'l3'] as const;

/** The identifier of the latest record, of this field of it where the pattern has a place for it. */
function latestOf(pattern: string, phase: string | null, field: number): string {
  const places: Readonly<Record<string, string>> = {
    L: `0${phase?.slice(1) ?? 0}`,
    F: hexByte(field),
    Q: '01',
    R: '01',
  };
  const words = pattern.split(' ');
  return words.map((word) => places[word] ?? word).join('');
}

/** The record of this event; meters that refuse all its fields at once may give its moment. */
function recordsOf(rows: readonly Row[], event: string, phase: string | null): string[] {
  const row = rows.find(
    ({ isRecord, fields }) =>
      isRecord && fields[0]?.name.replace('*', '').startsWith(`x_${event}_`),
  );
  if (row === undefined) return [];
  const fields = row.pattern.split(' ').includes('F') ? [0xff, 1] : [0xff];
  return fields.map((field) => latestOf(row.pattern, phase, field));
}

/** What the names begin with that stand for several events of one class. */
function commonWord(events: readonly string[]): string {
  const [first = '', ...others] = events;
  const same = [...first].findIndex((letter, at) => others.some((one) => one[at] !== letter));
  return (same < 0 ? first : first.slice(0, same)).replace(/_$/, '');
}

function countedClass({ pattern, fields }: Row, rows: readonly Row[]): EventClass | null {
  const names = fields.flatMap(({ name, unit }) =>
    unit === TIMES ? (COUNT_NAME.exec(name) ?? []).slice(1, 3).join(' ') : [],
  );
  const kinds = names.map((name) => {
    const [event = '', phase = null] = name.split(' ').filter((word) => word !== '');
    return { event, phase, records: recordsOf(rows, event, phase) };
  });
  const word = commonWord(kinds.map(({ event }) => event));
  return kinds.length === 0 ? null : { word, counts: pattern.replaceAll(' ', ''), kinds };
}

/** The running month, in total and of each phase. */
const MONTHS: EventClass = {
  word: 'voltage_quality',
  counts: null,
  kinds: PHASES.map((phase, place) => ({
    event: 'voltage_quality',
    phase,
    records: [`03100${place}00`],
  })),
};

let classes: readonly EventClass[] | undefined;

/** Every event of the tables once: field by field only those that table A.4 lacks. */
export function eventClasses(): readonly EventClass[] {
  if (classes !== undefined) return classes;
  const standard = [...eventRows(), ...programmingRows()];
  const itemised = eventItemRows();
  const classesIn = (rows: readonly Row[]) =>
    rows.flatMap((row) => (row.isRecord ? [] : (countedClass(row, rows) ?? [])));
  const known = classesIn(standard);
  const words = new Set(known.map(({ word }) => word));
  const further = classesIn(itemised).filter(
    ({ word, counts }) => !words.has(word) && counts?.endsWith('000001'),
  );
  classes = [...known, MONTHS, ...further];
  return classes;
}
