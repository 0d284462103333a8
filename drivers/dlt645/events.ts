/**
 * What a meter noted of happenings: how often, the latest record of each, and its status words.
 * DL/T 645-2007 annex A (03, and 04 00 05 01..07).
 *
 *   counts := 03 class 00 00    for events of the phases: count and minutes of each in turn
 *           | 03 30 class 00    for what was done to the meter itself
 *   record := 03 class phase 01, 03 class 00 01 where phases play no part, or 03 30 class 01
 */
import { formatDecimal } from '../../src/core/decimal.ts';
import type { EventsResult, NotedEvent, ReadOptions, StatusPart } from '../../src/core/driver.ts';
import type { AmrError } from '../../src/core/errors.ts';
import { type Edition, failureOf } from './ask.ts';
import { MINUTES, TIMES } from './items.ts';
import { readWord } from './tables/words.ts';
import { type FieldValue, toDecodedValues } from './values.ts';

interface EventClass {
  /** The word that the names of its fields have in them. */
  readonly event: string;
  /** The identifier of its counts. */
  readonly counts: string;
  /** Counts and records are of one phase each. */
  readonly isByPhase?: boolean;
}

/** What most meters keep. */
const USUAL: readonly EventClass[] = [
  { event: 'voltage_loss', counts: '03010000', isByPhase: true },
  { event: 'undervoltage', counts: '03020000', isByPhase: true },
  { event: 'overvoltage', counts: '03030000', isByPhase: true },
  { event: 'phase_cut', counts: '03040000', isByPhase: true },
  { event: 'all_phase_loss', counts: '03050000' },
  { event: 'voltage_sequence', counts: '03070000' },
  { event: 'current_sequence', counts: '03080000' },
  { event: 'current_loss', counts: '030B0000', isByPhase: true },
  { event: 'power_reversal', counts: '030E0000', isByPhase: true },
  { event: 'overload', counts: '030F0000', isByPhase: true },
  { event: 'power_off', counts: '03110000' },
  { event: 'programming', counts: '03300000' },
  { event: 'meter_clear', counts: '03300100' },
  { event: 'demand_clear', counts: '03300200' },
  { event: 'event_clear', counts: '03300300' },
  { event: 'clock_set', counts: '03300400' },
  { event: 'cover_open', counts: '03300D00' },
  { event: 'terminal_cover_open', counts: '03300E00' },
];

const STATUS_WORDS = [1, 2, 3, 4, 5, 6, 7].map((number) => `0400050${number}`);
const PHASES = ['l1', 'l2', 'l3'];

type Failure = EventsResult['failures'][number];

/** `number` is the phase, 1 to 3, for events of the phases. */
function recordDi({ counts, isByPhase }: EventClass, number: number): string {
  return isByPhase ? `${counts.slice(0, 4)}0${number}01` : `${counts.slice(0, 6)}01`;
}

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

/**
 * Reads the counts of the usual events, the latest record of each that ever happened, and the
 * status words. What the meter lacks or refuses is in `failures`; a meter that is silent to the
 * first question is asked no other. Rejects with BUS_ABORTED alone.
 */
export async function readEvents(
  readItem: Edition['readItem'],
  options: ReadOptions,
): Promise<EventsResult> {
  const events: NotedEvent[] = [];
  const status: StatusPart[] = [];
  const failures: Failure[] = [];
  let isAlive = false;
  let isOver = false;

  /** What came of the values under `di`; why the rest did not is noted. */
  async function tryItem(di: string, what: string): Promise<readonly FieldValue[]> {
    if (isOver) return [];
    try {
      const { values, cutShort } = await readItem(di, options);
      isAlive = true;
      if (cutShort !== undefined) failures.push({ what, error: cutShort });
      return values;
    } catch (thrown) {
      const error = failureOf(thrown);
      failures.push({ what, error });
      isOver = isHopeless(error, isAlive);
      isAlive ||= !error.code.startsWith('BUS_');
      return [];
    }
  }

  async function readClass(kind: EventClass): Promise<void> {
    const counts = countsIn(await tryItem(kind.counts, kind.event));
    for (const [index, { count, minutes }] of counts.entries()) {
      const phase = kind.isByPhase ? (PHASES[index] ?? null) : null;
      const di = recordDi(kind, index + 1);
      const isNever = count === null || count === 0;
      const latest = isNever ? [] : (await tryItem(di, kind.event)).flatMap(toDecodedValues);
      events.push({ event: kind.event, phase, count, minutes, latest });
    }
  }

  async function readStatus(di: string): Promise<void> {
    for (const { field, value } of await tryItem(di, di)) {
      if (field.word === undefined || typeof value !== 'string') continue;
      for (const { part, number, state } of readWord(field.word, value)) {
        status.push({ word: field.name, name: part.en, number, state: state?.en ?? null });
      }
    }
  }

  for (const kind of USUAL) await readClass(kind);
  for (const di of STATUS_WORDS) await readStatus(di);
  return { events, status, failures };
}
