/**
 * Ranges read in as few requests as the meter lets. A block that it refuses is halved until it is
 * known what the meter lacks, and that is left out for a day:
 *
 * - a range that is refused alone is not asked;
 * - where both halves are answered, what lies between them is not read across (exception 02), or
 *   so many registers are not asked at once (exception 03).
 *
 * Where all that is wanted was refused before, one question finds out whether that still holds.
 */
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Holes } from './holes.ts';
import { exceptionIn, type Link } from './link.ts';
import {
  type Block,
  endOf,
  keyOf,
  type PlanRules,
  planReads,
  type Range,
  splitBlock,
} from './reading-plan.ts';
import type { Settings } from './source.ts';
import { createImage, type Image } from './value.ts';

const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
/** After this many silent requests and no answer at all, the meter counts as silent. */
const SILENCES = 2;

/** Registers that show whether the others are still what they were when they were found. */
export interface Proof {
  readonly range: Range;
  /** True for the content that it must have. */
  holds(bytes: Uint8Array): boolean;
}

/** What is to be read. */
export interface RangesWanted {
  readonly ranges: readonly Range[];
  /** As in {@link PlanRules}. */
  readonly bonds: readonly Range[];
  /** Asked before anything is made of a refusal; `null` where the addresses are certain. */
  readonly proof: Proof | null;
}

export interface RangesRead {
  readonly image: Image;
  /** The registers of the proof are refused or have other content: nothing here is what it was. */
  readonly isDisproved: boolean;
  /** By {@link keyOf} of the range. */
  readonly failures: ReadonlyMap<string, AmrError>;
}

export interface RangeReader {
  /** Never rejects but with BUS_ABORTED. */
  read(wanted: RangesWanted, options: ReadOptions): Promise<RangesRead>;
}

interface ReaderDeps {
  readonly link: Link;
  readonly holes: Holes;
  readonly settings: Settings;
  /** Several requests may be under way at the same time. */
  readonly isPipelined: boolean;
}

/** An abort is the caller's own doing and ends the read; all else is a failure of the request. */
export function failureOf(thrown: unknown): AmrError {
  if (thrown instanceof AmrError && thrown.code !== 'BUS_ABORTED') return thrown;
  throw thrown;
}

const isSilence = ({ code }: AmrError) => code.startsWith('BUS_') || code.startsWith('PORT_');

const refusedBefore = ({ table, address, registers }: Range) =>
  new AmrError(
    'METER_UNSUPPORTED',
    `the meter has refused ${registers} of ${table} from ${address} before, so it was not asked`,
    { context: { table, address, quantity: registers, parked: true } },
  );

const disproof = () =>
  new AmrError('METER_WRONG_ITEM', 'the meter has other registers where these were found');

/** Takes what every request brought, and tells when further asking is vain. */
function createOutcome() {
  const image = createImage();
  const failures = new Map<string, AmrError>();
  let isAlive = false;
  let hasAnswered = false;
  let isDisproved = false;
  let silences = 0;
  let hopelessBecause: AmrError | null = null;
  return {
    image,
    failures,
    get isAlive() {
      return isAlive;
    },
    /** Registers came. */
    get hasAnswered() {
      return hasAnswered;
    },
    get isDisproved() {
      return isDisproved;
    },
    get hopelessBecause() {
      return hopelessBecause;
    },
    answered(range: Range, bytes: Uint8Array): void {
      isAlive = true;
      hasAnswered = true;
      image.put(range, bytes);
    },
    /** What else would be read is not what it was. */
    disproved(): AmrError {
      isDisproved = true;
      hopelessBecause = disproof();
      return hopelessBecause;
    },
    /** The port is gone, or nothing answers at all: then the rest of the read is not asked. */
    heard(error: AmrError): void {
      isAlive ||= !isSilence(error);
      silences += 1;
      const isVain = error.code.startsWith('PORT_') || (!isAlive && silences >= SILENCES);
      if (isVain) hopelessBecause = error;
    },
    failed(ranges: readonly Range[], error: AmrError): void {
      for (const range of ranges) failures.set(keyOf(range), error);
    },
  };
}
type Outcome = ReturnType<typeof createOutcome>;

/** What a refused block has taught, when each of its halves was answered whole. */
function learn(
  holes: Holes,
  [left, right]: readonly [Range, Range],
  code: number,
  answered: number,
): void {
  const refused = endOf(right) - left.address;
  // Some meters say "illegal value" of addresses that they lack.
  if (code === ILLEGAL_VALUE && refused > answered) {
    holes.lower(Math.max(left.registers, right.registers, answered));
    return;
  }
  const from = endOf(left);
  holes.bar({ table: left.table, address: from, registers: Math.max(right.address - from, 0) });
}

const refusalIn = (error: AmrError) => {
  const code = error.code === 'METER_UNSUPPORTED' ? exceptionIn(error) : null;
  return code === ILLEGAL_ADDRESS || code === ILLEGAL_VALUE ? code : null;
};

/** What one read needs, and what it has brought so far. */
interface Reading {
  readonly deps: ReaderDeps;
  readonly outcome: Outcome;
  readonly bonds: readonly Range[];
  readonly proof: Proof | null;
  readonly options: ReadOptions;
  /** The most registers that the meter has given at once. */
  readonly most: { answered: number };
}

function plan({ deps: { settings, holes }, bonds }: Reading, ranges: readonly Range[]): Block[] {
  const rules: PlanRules = {
    maxRegisters: Math.min(settings.maxRegisters, holes.limit()),
    maxGap: settings.maxGap,
    bonds,
    isBarred: holes.isBarred,
  };
  return planReads(ranges, rules);
}

/** Gives the block where one request brought all of it. */
async function askBlock(reading: Reading, block: Block): Promise<Block | null> {
  const { deps, outcome, most, options } = reading;
  const { table, address, registers, ranges } = block;
  if (outcome.hopelessBecause !== null) {
    outcome.failed(ranges, outcome.hopelessBecause);
    return null;
  }
  try {
    const bytes = await deps.link.read({ table, address, quantity: registers }, options);
    outcome.answered(block, bytes);
    most.answered = Math.max(most.answered, registers);
    return block;
  } catch (thrown) {
    await takeFailure(reading, block, failureOf(thrown));
    return null;
  }
}

/** Why a refusal may be no word on these registers, `null` where it is one. */
async function doubtIn({ deps, outcome, proof, options }: Reading): Promise<AmrError | null> {
  if (proof === null) return null;
  const { table, address, registers } = proof.range;
  try {
    const known = outcome.image.bytesOf(proof.range);
    const bytes = known ?? (await deps.link.read({ table, address, quantity: registers }, options));
    outcome.answered(proof.range, bytes);
    return proof.holds(bytes) ? null : outcome.disproved();
  } catch (thrown) {
    const error = failureOf(thrown);
    if (refusalIn(error) !== null) return outcome.disproved();
    outcome.heard(error);
    return error;
  }
}

async function takeFailure(reading: Reading, block: Block, error: AmrError): Promise<void> {
  const { deps, outcome, most } = reading;
  outcome.heard(error);
  const refusal = refusalIn(error);
  const doubt = refusal === null ? null : await doubtIn(reading);
  if (doubt !== null) {
    outcome.failed(block.ranges, doubt);
    return;
  }
  const [first, second] = block.ranges;
  if (refusal !== null && second !== undefined) {
    const [left, right] = splitBlock(block);
    const halves = [await ask(reading, left), await ask(reading, right)];
    const [before, behind] = halves;
    if (before && behind) learn(deps.holes, [before, behind], refusal, most.answered);
    return;
  }
  if (refusal !== null && first !== undefined) deps.holes.refuse(first);
  outcome.failed(block.ranges, error);
}

/** What is known of the meter may have changed since the ranges were planned. */
async function ask(reading: Reading, ranges: readonly Range[]): Promise<Block | null> {
  const [block, ...more] = plan(reading, ranges);
  if (block === undefined) return null;
  if (more.length === 0) return askBlock(reading, block);
  for (const one of [block, ...more]) await ask(reading, one.ranges);
  return null;
}

async function askAll(reading: Reading, ranges: readonly Range[]): Promise<void> {
  const queue = plan(reading, ranges);
  for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
    await ask(reading, block.ranges);
    // Once the meter is known to answer, the others need not wait for one another.
    if (reading.deps.isPipelined && reading.outcome.isAlive) {
      await Promise.all(queue.splice(0).map((one) => ask(reading, one.ranges)));
    }
  }
}

/** Asks for one of the ranges that were all refused before; true where it is answered now. */
async function isAnsweredNow(
  { deps, outcome, options }: Reading,
  ranges: readonly Range[],
  one: Range,
): Promise<boolean> {
  const { table, address, registers } = one;
  try {
    await deps.link.read({ table, address, quantity: registers }, options);
    return true;
  } catch (thrown) {
    const error = failureOf(thrown);
    const isStill = refusalIn(error) !== null;
    for (const range of ranges) outcome.failed([range], isStill ? refusedBefore(range) : error);
    return false;
  }
}

export function createRangeReader(deps: ReaderDeps): RangeReader {
  const { holes } = deps;
  const most = { answered: 0 };
  let probes = 0;

  async function readAll(reading: Reading, ranges: readonly Range[]): Promise<void> {
    // Each in its turn, for the meter may truly lack one.
    const one = ranges.every(holes.isVain) ? ranges[probes++ % ranges.length] : undefined;
    if (one !== undefined) {
      if (!(await isAnsweredNow(reading, ranges, one))) return;
      holes.forget();
    }
    for (const range of ranges.filter(holes.isRefused)) {
      reading.outcome.failed([range], refusedBefore(range));
    }
    const wanted = ranges.filter((range) => !holes.isRefused(range));
    await askAll(reading, wanted);
  }

  return {
    async read({ ranges, bonds, proof }, options) {
      const outcome = createOutcome();
      try {
        await readAll({ deps, outcome, bonds, proof, options, most }, ranges);
      } finally {
        holes.settle(outcome.hasAnswered);
      }
      const shown = proof === null ? null : outcome.image.bytesOf(proof.range);
      if (shown !== null && !proof?.holds(shown)) outcome.disproved();
      return outcome;
    },
  };
}
