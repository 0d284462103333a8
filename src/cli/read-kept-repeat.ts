/** Reads again what broke off of a load profile or failed of the events; what came before stands. */
import type {
  EventsOptions,
  EventsResult,
  NotedEvent,
  ProfileRecord,
  ProfileResult,
  ProfileSpan,
  ReadOptions,
} from '../core/driver.ts';
import type { AmrError } from '../core/errors.ts';

export interface KeptRepetition extends ReadOptions {
  /** Further tries of what got no answer. */
  readonly retries: number;
}

/** Everything where absent. */
type Wanted = EventsOptions['only'];

const isTransient = ({ error }: { readonly error: AmrError }) => error.transient;

/**
 * Goes on from the last record that came, which is asked for once more so that two records still
 * tell their interval. Tries are counted from each record on: a long profile is many answers.
 */
export async function repeatProfile(
  span: ProfileSpan,
  { retries, ...options }: KeptRepetition,
  read: (span: ProfileSpan, options: ReadOptions) => Promise<ProfileResult>,
): Promise<ProfileResult> {
  const records: ProfileRecord[] = [];
  const issues: AmrError[] = [];
  for (let left = retries; ; left--) {
    const { meterTime: last } = records.at(-1) ?? {};
    const result = await read({ ...span, from: last ?? span.from }, options);
    const further = result.records.filter(
      ({ meterTime }) => last === undefined || meterTime > last,
    );
    records.push(...further);
    issues.push(...result.issues);
    if (further.length > 0) left = retries;
    const isOver = !result.failures.some(isTransient) || options.signal.aborted;
    if (isOver || left === 0) return { records, failures: result.failures, issues };
  }
}

/**
 * The driver asked no further, so that what it did not come to is not among the failures. Told
 * what to read, it asks all of that.
 */
function endedEarly({ events, status, failures }: EventsResult, only: Wanted): boolean {
  const isSilent = only === undefined && events.length === 0 && status.length === 0;
  return isSilent || failures.some(({ error }) => error.code.startsWith('PORT_'));
}

const sameIn = ({ events }: EventsResult, { event, phase }: NotedEvent) =>
  events.find((one) => one.event === event && one.phase === phase);

/** A record that came once is not lost because it did not come again. */
function fuller(again: NotedEvent, before: NotedEvent | undefined): NotedEvent {
  return before !== undefined && before.latest.length > again.latest.length ? before : again;
}

type EventFailure = EventsResult['failures'][number];

/** Something came, and not all of it. */
const isOfPart = ({ error }: EventFailure) => error.context['partial'] !== undefined;

/** All that were counted, with the record of each that happened. */
function isComplete(events: readonly NotedEvent[]): boolean {
  const isWhole = ({ count, latest }: NotedEvent) =>
    count === 0 || (count !== null && latest.length > 0);
  return events.length > 0 && events.every(isWhole);
}

/** `again` was asked for `only`. Of one kind of event, each try may bring what another lacks. */
function joined(before: EventsResult, again: EventsResult, only: Wanted): EventsResult {
  const events = [
    ...before.events.filter((one) => sameIn(again, one) === undefined),
    ...again.events.map((one) => fuller(one, sameIn(before, one))),
  ];
  const words = new Set(again.status.map(({ word }) => word));
  const isLeft = (what: string) =>
    endedEarly(again, only) || (only !== undefined && !only.includes(what));
  const isTold = (what: string) => again.failures.some((one) => one.what === what);
  const worse = (failure: EventFailure) =>
    before.failures.find((one) => one.what === failure.what && isOfPart(one)) ?? failure;
  const failures = [
    ...before.failures.filter(({ what }) => isLeft(what) && !isTold(what)),
    ...again.failures.map(worse),
  ];
  return {
    events,
    status: [...before.status.filter(({ word }) => !words.has(word)), ...again.status],
    failures: failures.filter(
      (one) => isOfPart(one) || !isComplete(events.filter(({ event }) => event === one.what)),
    ),
  };
}

/** Asks for everything, then for the events and status words whose failure may pass. */
export async function repeatEvents(
  { retries, ...options }: KeptRepetition,
  read: (options: EventsOptions) => Promise<EventsResult>,
): Promise<EventsResult> {
  let result = await read(options);
  let isCut = endedEarly(result, undefined);
  for (let left = retries; left > 0 && !options.signal.aborted; left--) {
    const again = result.failures.filter(isTransient).map(({ what }) => what);
    if (again.length === 0) break;
    const only = isCut ? undefined : again;
    const further = await read({ ...options, ...(only && { only }) });
    isCut = endedEarly(further, only);
    result = joined(result, further, only);
  }
  return result;
}
