/**
 * Who answers under one pattern, and the addresses found by it. An address counts once it has
 * been answered to in full.
 *
 * An answer that looks clean may hide another: what stands on the line is the AND of what is
 * sent. So a pattern counts as one meter's only when two questions with different answers were
 * both answered by it.
 */
import type { Bus } from '../../src/core/bus.ts';
import type { DiscoverOptions, FoundMeter } from '../../src/core/driver.ts';
import {
  ANYBODY,
  addressIn,
  BROADCAST,
  call,
  type Heard,
  isWhole,
  type Question,
  type RollCall,
} from './roll-call.ts';

/** How often an address that was heard is asked for before it counts as never heard. */
const VERIFY_TRIES = 3;

/** Who answers under a pattern. */
export type Crowd = 'nobody' | 'one' | 'several';

/** What the searches on one line share. */
export interface Progress {
  readonly meters: FoundMeter[];
  readonly unresolved: string[];
  asked: number;
}

export interface CensusDeps {
  readonly bus: Bus;
  readonly rollCall: RollCall;
  readonly options: DiscoverOptions;
  readonly progress: Progress;
  /** Patterns still to ask for, as far as is known. */
  readonly left: () => number;
}

/** All reject with PORT_ errors, BUS_ABORTED and BUS_JAMMED. */
export interface Census {
  /** Asks all under the pattern; a meter alone there is added to those found. */
  crowdUnder(pattern: string): Promise<Crowd>;
  /** Asks for the address alone; true where it is found, or was before. */
  verify(address: string): Promise<boolean>;
  /** Verifies every address seen in some answer and not looked into yet. */
  verifyHeard(): Promise<void>;
  /** True where nobody answers the broadcast address, or one who is found by it. */
  callBroadcast(): Promise<boolean>;
}

/** Addresses seen in some answer and not looked into yet, or looked into already. */
type HeardAddresses = Map<string, 'new' | 'done'>;

interface Asking {
  ask(pattern: string, question: Question): Promise<Heard>;
  askTwice(pattern: string, question: Question): Promise<Heard>;
}

interface Roll extends Pick<Census, 'verify' | 'verifyHeard'> {
  add(address: string): void;
}

function createAsking(deps: CensusDeps, heard: HeardAddresses): Asking {
  const { bus, rollCall, options, progress, left } = deps;
  const { priority, signal, onProgress } = options;
  const { protocol } = rollCall;
  const { meters } = progress;

  const note = (address: string) => {
    if (isWhole(address) && !heard.has(address)) heard.set(address, 'new');
  };

  async function ask(pattern: string, question: Question): Promise<Heard> {
    const answer = await call(bus, { pattern, question }, { priority, signal, note });
    progress.asked += 1;
    onProgress?.({ protocol, pattern, asked: progress.asked, left: left(), meters });
    return answer;
  }

  /** Noise may garble an answer or be taken for one; several meters garble each other every time. */
  async function askTwice(pattern: string, question: Question): Promise<Heard> {
    const first = await ask(pattern, question);
    if (first !== 'garble') return first;
    const second = await ask(pattern, question);
    return second === 'silence' ? ask(pattern, question) : second;
  }

  return { ask, askTwice };
}

function createRoll(deps: CensusDeps, heard: HeardAddresses, { ask }: Asking): Roll {
  const { protocol, toSome } = deps.rollCall;
  const { meters } = deps.progress;
  const isFound = (address: string) => meters.some((meter) => meter.address === address);

  function add(address: string): void {
    heard.set(address, 'done');
    if (!isFound(address)) meters.push({ address, protocol });
  }

  async function verify(address: string): Promise<boolean> {
    if (isFound(address)) return true;
    heard.set(address, 'done');
    for (let left = VERIFY_TRIES; left > 0; left--) {
      const answer = await ask(address, toSome[0]);
      if (typeof answer === 'string') continue;
      add(address);
      return true;
    }
    return false;
  }

  async function verifyHeard(): Promise<void> {
    for (const [address, state] of heard) if (state === 'new') await verify(address);
  }

  return { add, verify, verifyHeard };
}

function createCrowds({ toAll, toSome }: RollCall, { askTwice }: Asking, { add, verify }: Roll) {
  /** One answered the first question under this name, if any: is it the second's only answer? */
  async function isAlone(pattern: string, named: string | null, second: Question) {
    const again = await askTwice(pattern, second);
    if (again === 'garble') return false;
    // There are meters that are silent where they should refuse.
    const renamed = again === 'silence' ? null : addressIn(again, second);
    const name = named ?? renamed;
    return name !== null && (renamed ?? name) === name && (await verify(name));
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

  return async function crowdUnder(pattern: string): Promise<Crowd> {
    const [first, second] = pattern === ANYBODY ? toAll : toSome;
    const crowd = await crowdAnswering(pattern, first, second);
    // Much hangs on the silence of all, and there are meters that know one of the two alone.
    return crowd === 'nobody' && pattern === ANYBODY
      ? await crowdAnswering(pattern, second, first)
      : crowd;
  };
}

/** Nothing is asked before the first call. What is found goes to `progress.meters`. */
export function createCensus(deps: CensusDeps): Census {
  const [question] = deps.rollCall.toSome;
  const heard: HeardAddresses = new Map();
  const asking = createAsking(deps, heard);
  const roll = createRoll(deps, heard, asking);
  const { verify, verifyHeard } = roll;

  async function callBroadcast(): Promise<boolean> {
    const answer = await asking.askTwice(BROADCAST, question);
    if (answer === 'silence') return true;
    const name = answer === 'garble' ? null : addressIn(answer, question);
    return name !== null && (await verify(name));
  }

  const crowdUnder = createCrowds(deps.rollCall, asking, roll);
  return { crowdUnder, verify, verifyHeard, callBroadcast };
}
