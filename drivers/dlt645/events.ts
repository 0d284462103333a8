/**
 * What a meter noted of happenings: how often, the latest record of each, and its status words.
 * DL/T 645-2007 annex A (03, and 04 00 05 01..07).
 */
import { formatDecimal } from '../../src/core/decimal.ts';
import type { EventsOptions, EventsResult, NotedEvent, StatusPart } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { failureOf, type ReadItem, remembering } from './ask.ts';
import { type EventClass, eventClasses, type KindOfEvent } from './event-classes.ts';
import { MINUTES, TIMES } from './items.ts';
import { FORGETFUL, type Refusals } from './refusals.ts';
import { readWord } from './tables/words.ts';
import { type FieldValue, toDecodedValues } from './values.ts';

const STATUS_WORDS = [1, 2, 3, 4, 5, 6, 7].map((number) => `0400050${number}`);

type Failure = EventsResult['failures'][number];

/** The numbers of this unit in order; `null` where the meter shows none. */
function numbersIn(values: readonly FieldValue[], unit: string): (number | null)[] {
  return values
    .filter(({ field }) => field.unit === unit)
    .map(({ value }) =>
      value === null || typeof value === 'string' ? null : Number(formatDecimal(value)),
    );
}

interface Counts {
  readonly count: number | null;
  /** How long in all, `null` where the meter keeps no such thing. */
  readonly minutes: number | null;
}

/** One of the whole meter, or one a phase. */
function countsIn(values: readonly FieldValue[]): Counts[] {
  const minutes = numbersIn(values, MINUTES);
  return numbersIn(values, TIMES).map((count, index) => ({
    count,
    minutes: minutes[index] ?? null,
  }));
}

/** The port is gone or nobody answers: no further question is worth its time. */
const isHopeless = ({ code }: AmrError, isAlive: boolean) =>
  code.startsWith('PORT_') || (code.startsWith('BUS_') && !isAlive);

/** The parts of status words. */
export function partsOf(values: readonly FieldValue[]): StatusPart[] {
  return values.flatMap(({ field, value }) =>
    field.word === undefined || typeof value !== 'string'
      ? []
      : readWord(field.word, value).map(({ part, number, state }) => ({
          word: field.name,
          name: part.en,
          number,
          state: state?.en ?? null,
        })),
  );
}

/** What a meter did not note has no values: then there is no record. */
const isNoted = (values: readonly FieldValue[]) => values.some(({ value }) => value !== null);

/** Reads one identifier after another and keeps account of what fails. */
export function createTrier(
  readItem: ReadItem,
  { only, ...options }: EventsOptions,
  refusals: Refusals,
) {
  const failures: Failure[] = [];
  const ask = remembering(readItem, refusals);
  // What failed before is asked again of a meter that answered.
  let isAlive = only !== undefined;
  let isOver = false;

  /** Gives the error where there are no values. */
  async function askOnce(di: string, what: string): Promise<readonly FieldValue[] | AmrError> {
    const wasRefused = refusals.has(di);
    try {
      const { values, cutShort } = await ask(di, options);
      isAlive = true;
      if (cutShort !== undefined) failures.push({ what, identifier: di, error: cutShort });
      return values;
    } catch (thrown) {
      const error = failureOf(thrown);
      isOver = isHopeless(error, isAlive);
      isAlive ||= !error.code.startsWith('BUS_') && !wasRefused;
      return error;
    }
  }

  /** What came of the first of these that the meter has; why the rest did not is noted. */
  async function tryItems(
    identifiers: readonly string[],
    what: string,
  ): Promise<readonly FieldValue[]> {
    for (const [index, di] of identifiers.entries()) {
      if (isOver) return [];
      const found = await askOnce(di, what);
      if (!(found instanceof AmrError)) return found;
      const isLast = index === identifiers.length - 1;
      if (found.code === 'METER_UNSUPPORTED' && !isLast) continue;
      failures.push({ what, identifier: di, error: found });
      return [];
    }
    return [];
  }

  return { failures, tryItems };
}

/**
 * Reads the counts of all events that the tables have, the latest record of each that ever
 * happened, and the status words. What the meter lacks or refuses is in `failures` and is not
 * asked for again within a day; a meter that is silent to the first question is asked no other.
 * Rejects with BUS_ABORTED alone.
 */
export async function readEvents(
  readItem: ReadItem,
  options: EventsOptions,
  refusals: Refusals = FORGETFUL,
): Promise<EventsResult> {
  const events: NotedEvent[] = [];
  const status: StatusPart[] = [];
  const { failures, tryItems } = createTrier(readItem, options, refusals);

  async function latestOf({ records }: KindOfEvent, what: string) {
    const values = await tryItems(records, what);
    return isNoted(values) ? values.flatMap(toDecodedValues) : [];
  }

  async function readCounted({ word, kinds }: EventClass, counts: string): Promise<void> {
    const counted = countsIn(await tryItems([counts], word));
    for (const [index, { count, minutes }] of counted.entries()) {
      const kind = kinds[index];
      if (kind === undefined) continue;
      const isNever = count === null || count === 0;
      const latest = isNever ? [] : await latestOf(kind, word);
      events.push({ event: kind.event, phase: kind.phase, count, minutes, latest });
    }
  }

  async function readUncounted({ word, kinds }: EventClass): Promise<void> {
    for (const kind of kinds) {
      const latest = await latestOf(kind, word);
      if (latest.length === 0) continue;
      events.push({ event: kind.event, phase: kind.phase, count: null, minutes: null, latest });
    }
  }

  const readClass = (kind: EventClass) =>
    kind.counts === null ? readUncounted(kind) : readCounted(kind, kind.counts);

  const { only } = options;
  const isWanted = (what: string) => only === undefined || only.includes(what);
  for (const kind of eventClasses()) if (isWanted(kind.word)) await readClass(kind);
  for (const di of STATUS_WORDS)
    if (isWanted(di)) status.push(...partsOf(await tryItems([di], di)));
  return { events, status, failures };
}
