/**
 * Ranges read in as few requests as the meter lets. A block that it refuses is halved until it is
 * known what the meter lacks, and that is left out for a day:
 *
 * - a range that is refused alone is not asked;
 * - where both halves are answered, what lies between them is not read across (exception 02), or
 *   so many registers are not asked at once (exception 03).
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

export interface RangesRead {
  readonly image: Image;
  /** By {@link keyOf} of the range. */
  readonly failures: ReadonlyMap<string, AmrError>;
}

export interface RangeReader {
  /** Never rejects but with BUS_ABORTED. `bonds` as in {@link PlanRules}. */
  read(
    ranges: readonly Range[],
    bonds: readonly Range[],
    options: ReadOptions,
  ): Promise<RangesRead>;
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
    `the meter has refused ${registers} of ${table} from ${address}; it is asked again a day later`,
    { context: { table, address, quantity: registers } },
  );

/** Takes what every request brought, and tells when further asking is vain. */
function createOutcome() {
  const image = createImage();
  const failures = new Map<string, AmrError>();
  let isAlive = false;
  let silences = 0;
  let hopelessBecause: AmrError | null = null;
  return {
    image,
    failures,
    get isAlive() {
      return isAlive;
    },
    get hopelessBecause() {
      return hopelessBecause;
    },
    answered(block: Block, bytes: Uint8Array): void {
      isAlive = true;
      image.put(block, bytes);
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

async function takeFailure(reading: Reading, block: Block, error: AmrError): Promise<void> {
  const { deps, outcome, most } = reading;
  outcome.heard(error);
  const refusal = refusalIn(error);
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

export function createRangeReader(deps: ReaderDeps): RangeReader {
  const { holes } = deps;
  const most = { answered: 0 };
  return {
    async read(ranges, bonds, options) {
      const outcome = createOutcome();
      for (const range of ranges.filter(holes.isRefused)) {
        outcome.failed([range], refusedBefore(range));
      }
      const wanted = ranges.filter((range) => !holes.isRefused(range));
      await askAll({ deps, outcome, bonds, options, most }, wanted);
      return outcome;
    },
  };
}
