/**
 * The judge: compares what the gateway committed with what arrived, by the identity of each
 * reading and by its number. It knows nothing of processes; all it is told is in the evidence.
 */
import { type Entry, identityOf, namedIn, numberOf, readingIn, type Span } from './entry.ts';

/** An entry as it came to the headend. */
export interface Arrival extends Entry {
  /** Wall time, milliseconds. */
  readonly at: number;
}

/** A number that the gateway says it has committed. */
export type Head = Omit<Entry, 'body'>;

/** One life of the gateway. */
export interface Life {
  /** From its spawning to its first request to a meter; `null` where it did not live to that. */
  readonly firstPollMs: number | null;
  /** The longest time between two answers of meters, milliseconds. */
  readonly longestGapMs: number;
  /** Slots that came due in it, for all meters. */
  readonly due: number;
}

/** What the headend knows. */
export interface Heard {
  /** In the order in which they came. */
  readonly arrivals: readonly Arrival[];
  /** From the births. */
  readonly heads: readonly Head[];
}

/** All that is known of a run when it is over. */
export interface Evidence extends Heard {
  /** Every row that was ever seen in the database. */
  readonly committed: readonly Entry[];
  /** Rows that are in the database at the end and that the headend has not acknowledged. */
  readonly kept: readonly Entry[];
  /** What SQLite says of the database at the end. */
  readonly check: string;
  readonly lives: readonly Life[];
  readonly meters: number;
  /** Breaks of a connection or a process, after each of which what was in flight may come again. */
  readonly breaks: number;
  /** What the runner and the fault have found wrong themselves. */
  readonly complaints: readonly string[];
  /** True where the meter showed these values before the reading says it was read. */
  readonly wasShown: (arrival: Arrival) => boolean;
  /** True where the meter has shown them at any time. */
  readonly wasEverShown: (arrival: Arrival) => boolean;
}

/** What a fault may cost. */
export interface Bounds {
  /** Readings that may be lost at the most; each of them must be named. */
  readonly lost: number;
  /** Keys of numbers that may go without a word: nobody was ever told of them. */
  readonly untold: readonly string[];
  /** Arrivals of what was there already, for each break. */
  readonly duplicates: number;
  readonly firstPollMs: number;
  /** The longest that no meter was asked. */
  readonly gapMs: number;
  /** True where the numbers that are missing must be those of the lost readings and no others. */
  readonly isGapExact: boolean;
  /** False where the database itself is broken, which may go unseen where nobody reads it. */
  readonly isSound: boolean;
  /** False where the wall clock is part of the fault and says nothing of delays. */
  readonly hasTrueTime: boolean;
}

export interface Outcome {
  /** Slots that came due while the gateway lived. */
  readonly due: number;
  /** Readings committed with values. */
  readonly read: number;
  /** Readings that arrived, each counted once. */
  readonly delivered: number;
  /** Committed readings and events that neither arrived nor are still there. */
  readonly lost: number;
  /** Of them, those whose numbers the headend knows to be missing. */
  readonly named: number;
  /** Arrivals of what had arrived before. */
  readonly duplicated: number;
  /** From the reading of the meter to the first arrival, milliseconds. */
  readonly lateP99Ms: number | null;
  /** The longest of all lives. */
  readonly firstPollMs: number | null;
  /** Why the verdict is not `ok`. */
  readonly complaints: readonly string[];
}

/** The value below which this part of the values lie. */
export function quantile(values: readonly number[], part: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? null;
}

const some = (all: readonly string[]) =>
  all.length <= 3 ? all.join(', ') : `${all.slice(0, 3).join(', ')} and ${all.length - 3} more`;

/** What arrived, by identity and by number. */
function createBook(arrivals: readonly Arrival[]) {
  const byIdentity = new Map<string, Arrival>();
  const byNumber = new Map<string, string>();
  const reused: string[] = [];
  const ambiguous: string[] = [];
  let duplicated = 0;
  for (const arrival of arrivals) {
    const identity = identityOf(arrival);
    const known = byIdentity.get(identity);
    if (known === undefined) byIdentity.set(identity, arrival);
    else if (known.body === arrival.body) duplicated += 1;
    else ambiguous.push(identity);
    const number = numberOf(arrival);
    const content = byNumber.get(number);
    if (content === undefined) byNumber.set(number, arrival.body);
    else if (content !== arrival.body) reused.push(number);
  }
  return { byIdentity, reused, ambiguous, duplicated };
}

type Book = ReturnType<typeof createBook>;

/** Each entry once; later ones of the same identity are the same or stand beside it. */
function byIdentity(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [identityOf(entry), entry]));
}

const isIn = ({ epoch, stream, seq }: Entry, spans: readonly Span[]) =>
  spans.some(
    (span) => span.stream === stream && epoch <= span.epoch && seq >= span.from && seq <= span.to,
  );

/** The highest number of which the headend has heard, by epoch and stream. */
function knownHeads({ arrivals, heads }: Heard): Map<string, Head> {
  const known = new Map<string, Head>();
  for (const head of [...arrivals, ...heads]) {
    const key = `${head.epoch} ${head.stream}`;
    if (head.seq >= (known.get(key)?.seq ?? 0)) known.set(key, head);
  }
  return known;
}

/** Numbers up to the highest known one that never came, in epochs that began at number 1. */
export function gapsIn(heard: Heard): Head[] {
  const come = new Set(heard.arrivals.map(numberOf));
  return [...knownHeads(heard).values()].flatMap(({ epoch, stream, seq: head }) =>
    Array.from({ length: head }, (_, index) => ({ epoch, stream, seq: index + 1 })).filter(
      (number) => !come.has(numberOf(number)),
    ),
  );
}

function findLost(evidence: Evidence, book: Book, bounds: Bounds) {
  const kept = byIdentity(evidence.kept);
  const lost = [...byIdentity(evidence.committed)]
    .filter(([identity]) => !book.byIdentity.has(identity) && !kept.has(identity))
    .map(([, entry]) => entry);
  const events = [...evidence.arrivals, ...evidence.kept];
  const told = events.map(namedIn).filter((span) => span !== null);
  const heads = knownHeads(evidence);
  const isNamed = (entry: Entry) =>
    isIn(entry, told) || entry.seq <= (heads.get(`${entry.epoch} ${entry.stream}`)?.seq ?? 0);
  const named = lost.filter(isNamed);
  const silent = lost.filter(
    (entry) => !isNamed(entry) && !bounds.untold.includes(numberOf(entry)),
  );
  return { lost, named, silent };
}

function judgeLives({ lives, arrivals, committed, meters }: Evidence, bounds: Bounds): string[] {
  const complaints: string[] = [];
  const firstPollMs = Math.max(0, ...lives.map((life) => life.firstPollMs ?? 0));
  if (firstPollMs > bounds.firstPollMs) complaints.push(`first poll after ${firstPollMs} ms`);
  const gapMs = Math.max(0, ...lives.map((life) => life.longestGapMs));
  if (gapMs > bounds.gapMs) complaints.push(`no meter was asked for ${gapMs} ms`);
  const due = lives.reduce((sum, life) => sum + life.due, 0);
  const accounted = [...byIdentity([...arrivals, ...committed]).values()].filter(
    ({ stream }) => stream !== 'event',
  ).length;
  // The slots at both ends of a life are in it or not by a hair.
  const open = due - accounted - 2 * meters * lives.length;
  if (bounds.hasTrueTime && open > 0) complaints.push(`${open} slots are not accounted for`);
  return complaints;
}

function judgeGaps(evidence: Evidence, lost: readonly Entry[]): string[] {
  const numbers = new Set(lost.map(numberOf));
  const gaps = gapsIn(evidence).map(numberOf);
  const groundless = gaps.filter((number) => !numbers.has(number));
  const hidden = [...numbers].filter((number) => !gaps.includes(number));
  return [
    ...(groundless.length > 0 ? [`gaps of numbers without a loss: ${some(groundless)}`] : []),
    ...(hidden.length > 0 ? [`losses without a gap: ${some(hidden)}`] : []),
  ];
}

function latenessOf({ byIdentity: first }: Book): number[] {
  return [...first.values()].flatMap((arrival) => {
    const reading = readingIn(arrival);
    return reading === null ? [] : [arrival.at - Date.parse(reading.readAt)];
  });
}

/** What the run comes to under these bounds. */
export function judge(evidence: Evidence, bounds: Bounds): Outcome {
  const { committed, arrivals, lives, breaks } = evidence;
  const book = createBook(arrivals);
  const { lost, named, silent } = findLost(evidence, book, bounds);
  const rows = byIdentity(committed);
  const altered = [...book.byIdentity].filter(
    ([identity, { body }]) => (rows.get(identity)?.body ?? body) !== body,
  );
  const isReading = ({ stream }: Entry) => stream !== 'event';
  const readings = [...rows.values()].filter(isReading);
  const wasShown = bounds.hasTrueTime ? evidence.wasShown : evidence.wasEverShown;
  const invented = arrivals.filter((one) => isReading(one) && !wasShown(one));
  const mostDuplicates = bounds.duplicates * breaks;

  const complaints = [
    ...evidence.complaints,
    ...(bounds.isSound && evidence.check !== 'ok' ? [`the database is ${evidence.check}`] : []),
    ...(silent.length > 0 ? [`lost without a word: ${some(silent.map(numberOf))}`] : []),
    ...(lost.length > bounds.lost ? [`${lost.length} lost, ${bounds.lost} allowed`] : []),
    ...(book.reused.length > 0 ? [`numbers used twice: ${some(book.reused)}`] : []),
    ...(book.ambiguous.length > 0 ? [`two contents of ${some(book.ambiguous)}`] : []),
    ...(altered.length > 0 ? [`altered: ${some(altered.map(([identity]) => identity))}`] : []),
    ...(invented.length > 0 ? [`never shown: ${some(invented.map(identityOf))}`] : []),
    ...(book.duplicated > mostDuplicates
      ? [`${book.duplicated} duplicates, ${mostDuplicates} allowed`]
      : []),
    ...(readings.length === 0 ? ['nothing was read'] : []),
    ...(bounds.isGapExact ? judgeGaps(evidence, lost) : []),
    ...judgeLives(evidence, bounds),
  ];
  const firstPolls = lives.flatMap(({ firstPollMs }) => firstPollMs ?? []);
  return {
    due: lives.reduce((sum, life) => sum + life.due, 0),
    read: readings.filter((row) => readingIn(row)?.quality !== 'missing').length,
    delivered: [...book.byIdentity.values()].filter(isReading).length,
    lost: lost.length,
    named: named.length,
    duplicated: book.duplicated,
    lateP99Ms: bounds.hasTrueTime ? quantile(latenessOf(book), 0.99) : null,
    firstPollMs: firstPolls.length === 0 ? null : Math.max(...firstPolls),
    complaints,
  };
}
