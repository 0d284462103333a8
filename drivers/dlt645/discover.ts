/**
 * Finds the meters on a line of which nothing is known, by asking all, then ever smaller parts:
 * the low byte of the address, which differs most, with wildcards before it, then the next byte
 * wherever several answered at once.
 */
import type { Bus } from '../../src/core/bus.ts';
import type { DiscoverOptions, Discovery } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { type Census, createCensus, type Progress } from './census.ts';
import { ANYBODY, BROADCAST, isWhole, ROLL_CALLS } from './roll-call.ts';

/** Bytes of an address are two decimal digits. */
const BYTES = Array.from({ length: 100 }, (_, byte) => String(byte).padStart(2, '0'));

/** Where the lowest wildcard byte of the pattern stands. */
const openByteAt = (pattern: string) => pattern.lastIndexOf('AA');

/**
 * The hundred parts of a pattern. Meters of one delivery share their high digits, so bytes that
 * found meters have in this place come first, the commonest before all.
 */
export function partsOf(pattern: string, found: readonly string[]): string[] {
  const at = openByteAt(pattern);
  const counts = new Map<string, number>();
  for (const address of found) {
    const byte = address.slice(at, at + 2);
    counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
  const countOf = (byte: string) => counts.get(byte) ?? 0;
  return BYTES.toSorted((a, b) => countOf(b) - countOf(a)).map(
    (byte) => pattern.slice(0, at) + byte + pattern.slice(at + 2),
  );
}

/** Where a search stands. */
interface Plan {
  /** Patterns to go through; the first is being gone through. */
  readonly queue: string[];
  /** What is left of the first. */
  parts: string[];
}

interface Search {
  readonly plan: Plan;
  readonly census: Census;
  readonly progress: Progress;
}

const leftIn = ({ queue, parts }: Plan) =>
  parts.length + Math.max(queue.length - 1, 0) * BYTES.length;

/** Asks for each part; what is too much for one answer is queued. True where anybody answered. */
async function divide({ plan, census, progress }: Search, pattern: string): Promise<boolean> {
  let isAnswered = false;
  const found = progress.meters.map(({ address }) => address);
  const parts = partsOf(pattern, found).filter((part) => part !== BROADCAST);
  plan.parts = parts;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const crowd = await census.crowdUnder(part);
    await census.verifyHeard();
    isAnswered ||= crowd !== 'nobody';
    if (crowd !== 'several') continue;
    if (!isWhole(part)) plan.queue.push(part);
    else if (!(await census.verify(part))) progress.unresolved.push(part);
  }
  return isAnswered;
}

/** Breadth first: what is found early tells where to look next. */
async function walk(
  search: Search,
  { answersBroadcast, isThorough }: { answersBroadcast: boolean; isThorough: boolean },
): Promise<void> {
  const { plan, census, progress } = search;
  const { queue } = plan;
  const { unresolved } = progress;
  let crowd = await census.crowdUnder(ANYBODY);
  await census.verifyHeard();
  // On a line where nobody knows wildcards the broadcast address can name one meter.
  if (crowd === 'nobody' && answersBroadcast && !(await census.callBroadcast())) {
    unresolved.push(BROADCAST);
  }
  if (crowd === 'one' || (crowd === 'nobody' && !isThorough)) queue.length = 0;
  for (let [pattern] = queue; pattern !== undefined; [pattern] = queue) {
    const isAnswered = await divide(search, pattern);
    if (crowd === 'several' && !isAnswered) unresolved.push(pattern);
    queue.shift();
    crowd = 'several';
  }
}

/**
 * All meters on the line that answer to a wildcard, or to the broadcast address where they are
 * alone. A level of the search is a hundred questions of some 0.6 s; 32 meters with scattered
 * addresses take some hundred more for each low byte that two of them share. Hex digits in an
 * address are found only where the meter answers alone for the rest of it.
 */
export async function discover(bus: Bus, options: DiscoverOptions): Promise<Discovery> {
  const progress: Progress = { meters: [], unresolved: [], asked: 0 };
  const { meters, unresolved } = progress;
  const { protocols, isThorough = false } = options;
  for (const rollCall of ROLL_CALLS) {
    if (protocols?.includes(rollCall.protocol) === false) continue;
    const { answersBroadcast } = rollCall;
    const plan: Plan = { queue: [ANYBODY], parts: [] };
    const left = () => leftIn(plan);
    const census = createCensus({ bus, rollCall, options, progress, left });
    try {
      await walk({ plan, census, progress }, { answersBroadcast, isThorough });
    } catch (thrown) {
      if (!(thrown instanceof AmrError)) throw thrown;
      return { meters, unresolved: [...unresolved, ...plan.queue], endedBy: thrown };
    }
  }
  return { meters, unresolved, endedBy: null };
}
