/**
 * Finds the meters on a line of which nothing is known, by asking all, then ever smaller parts:
 * the low byte of the address, which differs most, with wildcards before it, then the next byte
 * wherever several answered at once. An address counts once it has been answered to in full.
 *
 * An answer that looks clean may hide another: what stands on the line is the AND of what is
 * sent. So a part counts as one meter's only when two questions with different answers were both
 * answered by it.
 */
import type { Bus } from '../../src/core/bus.ts';
import type { DiscoverOptions, Discovery, FoundMeter } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import {
  ANYBODY,
  addressIn,
  BROADCAST,
  call,
  type Heard,
  isWhole,
  type Question,
  ROLL_CALLS,
  type RollCall,
} from './roll-call.ts';

/** Bytes of an address are two decimal digits. */
const BYTES = Array.from({ length: 100 }, (_, byte) => String(byte).padStart(2, '0'));
/** How often an address that was heard is asked for before it counts as never heard. */
const VERIFY_TRIES = 3;

/** Who answers under a pattern. */
type Crowd = 'nobody' | 'one' | 'several';

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

/** What the searches on one line share. */
interface Progress {
  readonly meters: FoundMeter[];
  readonly unresolved: string[];
  asked: number;
}

function createSearch(
  bus: Bus,
  { toAll, toSome, answersBroadcast, protocol }: RollCall,
  { options, progress }: { options: DiscoverOptions; progress: Progress },
) {
  const { priority, signal, isThorough = false, onProgress } = options;
  const { meters, unresolved } = progress;
  /** Seen in some answer and not looked into yet, or looked into already. */
  const heard = new Map<string, 'new' | 'done'>();
  /** Patterns to go through; the first is being gone through. */
  const queue: string[] = [ANYBODY];
  let parts: string[] = [];

  const note = (address: string) => {
    if (isWhole(address) && !heard.has(address)) heard.set(address, 'new');
  };

  async function ask(pattern: string, question: Question): Promise<Heard> {
    const answer = await call(bus, { pattern, question }, { priority, signal, note });
    progress.asked += 1;
    const left = parts.length + Math.max(queue.length - 1, 0) * BYTES.length;
    onProgress?.({ protocol, pattern, asked: progress.asked, left, meters });
    return answer;
  }

  /** Noise may garble an answer or be taken for one; several meters garble each other every time. */
  async function askTwice(pattern: string, question: Question): Promise<Heard> {
    const first = await ask(pattern, question);
    if (first !== 'garble') return first;
    const second = await ask(pattern, question);
    return second === 'silence' ? ask(pattern, question) : second;
  }

  function add(address: string): void {
    heard.set(address, 'done');
    if (meters.some((meter) => meter.address === address)) return;
    meters.push({ address, protocol });
  }

  async function verify(address: string): Promise<boolean> {
    if (meters.some((meter) => meter.address === address)) return true;
    heard.set(address, 'done');
    for (let left = VERIFY_TRIES; left > 0; left--) {
      const answer = await ask(address, toSome[0]);
      if (typeof answer === 'string') continue;
      add(address);
      return true;
    }
    return false;
  }

  /** One answered the first question under this name, if any: is it the second's only answer? */
  async function isAlone(pattern: string, named: string | null, second: Question) {
    const again = await askTwice(pattern, second);
    if (again === 'garble') return false;
    // There are meters that are silent where they should refuse.
    const renamed = again === 'silence' ? null : addressIn(again, second);
    const name = named ?? renamed;
    return name !== null && (renamed ?? name) === name && (await verify(name));
  }

  async function crowdUnder(pattern: string): Promise<Crowd> {
    const [first, second] = pattern === ANYBODY ? toAll : toSome;
    const crowd = await crowdAnswering(pattern, first, second);
    // Much hangs on the silence of all, and there are meters that know one of the two alone.
    return crowd === 'nobody' && pattern === ANYBODY
      ? await crowdAnswering(pattern, second, first)
      : crowd;
  }

  async function crowdAnswering(pattern: string, first: Question, second: Question) {
    const answer = await askTwice(pattern, first);
    if (answer === 'silence') return 'nobody';
    if (answer === 'garble') return 'several';
    if (isWhole(pattern)) {
      add(pattern);
      return 'one';
    }
    return (await isAlone(pattern, addressIn(answer, first), second)) ? 'one' : 'several';
  }

  async function verifyHeard(): Promise<void> {
    for (const [address, state] of heard) if (state === 'new') await verify(address);
  }

  /** Asks for each part; what is too much for one answer is queued. True where anybody answered. */
  async function divide(pattern: string): Promise<boolean> {
    let isAnswered = false;
    const found = meters.map(({ address }) => address);
    parts = partsOf(pattern, found).filter((part) => part !== BROADCAST);
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const crowd = await crowdUnder(part);
      await verifyHeard();
      isAnswered ||= crowd !== 'nobody';
      if (crowd !== 'several') continue;
      if (!isWhole(part)) queue.push(part);
      else if (!(await verify(part))) unresolved.push(part);
    }
    return isAnswered;
  }

  /** The broadcast address on a line where nobody knows wildcards: it can name one meter. */
  async function callBroadcast(): Promise<void> {
    const answer = await askTwice(BROADCAST, toSome[0]);
    if (answer === 'silence') return;
    const name = answer === 'garble' ? null : addressIn(answer, toSome[0]);
    if (name === null || !(await verify(name))) unresolved.push(BROADCAST);
  }

  /** Breadth first: what is found early tells where to look next. */
  async function run(): Promise<void> {
    let crowd = await crowdUnder(ANYBODY);
    await verifyHeard();
    if (crowd === 'nobody' && answersBroadcast) await callBroadcast();
    if (crowd === 'one' || (crowd === 'nobody' && !isThorough)) queue.length = 0;
    for (let [pattern] = queue; pattern !== undefined; [pattern] = queue) {
      const isAnswered = await divide(pattern);
      if (crowd === 'several' && !isAnswered) unresolved.push(pattern);
      queue.shift();
      crowd = 'several';
    }
  }

  return { run, pending: queue as readonly string[] };
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
  const { protocols } = options;
  for (const rollCall of ROLL_CALLS) {
    if (protocols?.includes(rollCall.protocol) === false) continue;
    const search = createSearch(bus, rollCall, { options, progress });
    try {
      await search.run();
    } catch (thrown) {
      if (!(thrown instanceof AmrError)) throw thrown;
      return { meters, unresolved: [...unresolved, ...search.pending], endedBy: thrown };
    }
  }
  return { meters, unresolved, endedBy: null };
}
