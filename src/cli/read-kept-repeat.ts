/** Reads again what broke off of a load profile or failed of the events; what came before stands. */
import type {
  DecodedValue,
  EventsOptions,
  EventsResult,
  NotedEvent,
  ProfileRecord,
  ProfileResult,
  ProfileSpan,
  ReadOptions,
  StatusPart,
} from '../core/driver.ts';
import type { AmrError } from '../core/errors.ts';

export interface KeptRepetition extends ReadOptions {
  /** Further tries of what got no answer. */
  readonly retries: number;
}

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

type EventFailure = EventsResult['failures'][number];

/** What one try was asked for, and what came of it. */
interface Try extends EventsResult {
  readonly only: EventsOptions['only'];
}

/**
 * The driver asked no further, so that what it did not come to is not among the failures. Told
 * what to read, it asks all of that.
 */
function endedEarly({ only, events, status, failures }: Try): boolean {
  const isSilent = only === undefined && events.length === 0 && status.length === 0;
  return isSilent || failures.some(({ error }) => error.code.startsWith('PORT_'));
}

const isSame = (one: NotedEvent, other: NotedEvent) =>
  one.event === other.event && one.phase === other.phase;

/** A record may have come in parts, each of which is complete in itself. */
function withFields(before: NotedEvent, again: NotedEvent): NotedEvent {
  const isNew = ({ name }: DecodedValue) => !again.latest.some((one) => one.name === name);
  return { ...again, latest: [...before.latest.filter(isNew), ...again.latest] };
}

/** Each event once, as it was told last, in the order in which they came. */
function eventsOf(tries: readonly Try[]): NotedEvent[] {
  const found: NotedEvent[] = [];
  for (const one of tries.flatMap(({ events }) => events)) {
    const at = found.findIndex((other) => isSame(one, other));
    const before = found[at];
    if (before === undefined) found.push(one);
    else found[at] = withFields(before, one);
  }
  return found;
}

function statusOf(tries: readonly Try[]): StatusPart[] {
  const words = new Map<string, readonly StatusPart[]>();
  for (const { status } of tries) {
    const told = Map.groupBy(status, ({ word }) => word);
    for (const [word, parts] of told) words.set(word, parts);
  }
  return [...words.values()].flat();
}

/** Whether the try asked for all of this: records are asked for where their counts came. */
function askedAll(one: Try, what: string, events: readonly NotedEvent[]): boolean {
  if (endedEarly(one) || !(one.only?.includes(what) ?? true)) return false;
  const ofClass = events.filter(({ event }) => event.startsWith(what));
  return ofClass.every((each) => one.events.some((other) => isSame(each, other)));
}

/** What failed in every try that asked for it, as it failed last. */
function failuresOf(tries: readonly Try[], events: readonly NotedEvent[]): EventFailure[] {
  const keyOf = ({ what, identifier = '' }: EventFailure) => `${what} ${identifier}`;
  const last = new Map(
    tries.flatMap(({ failures }) => failures).map((failure) => [keyOf(failure), failure]),
  );
  return [...last].flatMap(([key, failure]) => {
    const isRead = tries.some(
      (one) =>
        askedAll(one, failure.what, events) && !one.failures.some((each) => keyOf(each) === key),
    );
    return isRead ? [] : [failure];
  });
}

function joined(tries: readonly Try[]): EventsResult {
  const events = eventsOf(tries);
  return { events, status: statusOf(tries), failures: failuresOf(tries, events) };
}

/** Asks for everything, then for the events and status words whose failure may pass. */
export async function repeatEvents(
  { retries, ...options }: KeptRepetition,
  read: (options: EventsOptions) => Promise<EventsResult>,
): Promise<EventsResult> {
  const tries: Try[] = [{ ...(await read(options)), only: undefined }];
  let result = joined(tries);
  for (let left = retries; left > 0 && !options.signal.aborted; left--) {
    const failed = new Set(result.failures.filter(isTransient).map(({ what }) => what));
    if (failed.size === 0) break;
    const only = tries.slice(-1).some(endedEarly) ? undefined : [...failed];
    tries.push({ ...(await read({ ...options, ...(only && { only }) })), only });
    result = joined(tries);
  }
  return result;
}
