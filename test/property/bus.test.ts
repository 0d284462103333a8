import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { readItem } from '../../drivers/dlt645/exchange.ts';
import { createBus } from '../../src/bus/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import { AmrError } from '../../src/core/errors.ts';
import { createFakeLine, type FakeLine } from '../support/fake-line.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';
import { readAnswer, refusal, shownNumber } from '../unit/dlt645/wire.ts';

/*
 * Two meters and three registers, so that an answer that comes too late often fits the next
 * request to the letter. Every answer carries the number of the request that it was given to.
 */
const METERS = ['000000000001', '000000000002'];
const ITEMS = ['00010000', '00010100', '00020000'];

const answerOf = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('good' as const) }) },
  fc.record({ kind: fc.constant('refusal' as const) }),
  fc.record({ kind: fc.constant('silence' as const) }),
  fc.record({ kind: fc.constant('garbled' as const), place: fc.nat(19), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('foreign' as const), alone: fc.boolean() }),
  fc.record({ kind: fc.constant('twice' as const) }),
);
type Answer = typeof answerOf extends fc.Arbitrary<infer T> ? T : never;

const stepOf = fc.record({
  meter: fc.nat(METERS.length - 1),
  item: fc.nat(ITEMS.length - 1),
  answer: answerOf,
  /** Beyond about 500 ms the master has given up; a meter stops within its quiet time. */
  delayMs: fc.oneof(fc.integer({ min: 20, max: 500 }), fc.integer({ min: 500, max: 900 })),
  /** The answer arrives in two pieces with a pause of this between them. */
  cut: fc.option(fc.record({ at: fc.nat(19), pauseMs: fc.integer({ min: 1, max: 480 }) })),
  noise: fc.uint8Array({ maxLength: 6 }),
  hasEcho: fc.boolean(),
  abortMs: fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 400 }) },
  ),
});
type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never;

const numberOf = (sequence: number) => shownNumber(`${sequence}.00`, 4);
const good = ({ meter, item }: Step, sequence: number) =>
  readAnswer(METERS[meter] ?? '', ITEMS[item] ?? '', numberOf(sequence));

/** What comes back for this step; the foreign values can be told from all true ones. */
function bytesFor(step: Step, sequence: number): Uint8Array {
  const { answer, meter, item } = step;
  const own = good(step, sequence);
  const foreign = concatBytes(
    readAnswer(METERS[1 - meter] ?? '', ITEMS[item] ?? '', numberOf(900_000)),
    readAnswer(METERS[meter] ?? '', ITEMS[(item + 1) % ITEMS.length] ?? '', numberOf(900_000)),
  );
  const made: Record<Answer['kind'], () => Uint8Array> = {
    good: () => own,
    refusal: () => refusal(METERS[meter] ?? '', 0x02),
    silence: () => new Uint8Array(0),
    garbled: () =>
      answer.kind === 'garbled'
        ? own.with(answer.place, (own[answer.place] ?? 0) ^ (1 << answer.bit))
        : own,
    foreign: () =>
      answer.kind === 'foreign' && answer.alone ? foreign : concatBytes(foreign, own),
    twice: () => concatBytes(own, own),
  };
  return concatBytes(step.noise, made[answer.kind]());
}

/** The far end of the line: sends what the step says, as late as it says. */
function play(line: FakeLine, step: Step, sequence: number, request: Uint8Array): void {
  if (step.hasEcho) line.hearAfter(10, request);
  if (step.answer.kind === 'silence') return;
  const bytes = bytesFor(step, sequence);
  // The request is 20 bytes: 92 ms at 2400 baud.
  const at = 92 + step.delayMs;
  const end = step.cut === null ? bytes.length : step.cut.at;
  line.hearAfter(at, bytes.slice(0, end));
  if (step.cut !== null) line.hearAfter(at + step.cut.pauseMs, bytes.slice(end));
}

interface Outcome {
  readonly value: string | null;
  readonly code: string | null;
}

function abortAfter(ms: number | null, clock: VirtualClock): AbortSignal {
  const abort = new AbortController();
  if (ms !== null) void clock.sleep(ms).then(() => abort.abort());
  return abort.signal;
}

async function runSteps(steps: readonly Step[]) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, { baudRate: 2400, bitsPerByte: 11 });
  const bus = createBus(
    { name: 'line', latencyMs: 0, turnaroundMs: 2 },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  const outcomes: Outcome[] = [];

  async function readStep(step: Step, sequence: number): Promise<Outcome> {
    line.onRequest((request) => play(line, step, sequence, request));
    const signal = abortAfter(step.abortMs, clock);
    try {
      const { values } = await readItem(bus, METERS[step.meter] ?? '', ITEMS[step.item] ?? '', {
        priority: 'curve',
        signal,
      });
      const number = values[0]?.value ?? null;
      if (typeof number === 'string') throw new Error(`text where a number was asked: ${number}`);
      return { value: number === null ? null : formatDecimal(number), code: null };
    } catch (thrown) {
      return { value: null, code: thrown instanceof AmrError ? thrown.code : String(thrown) };
    }
  }

  async function readAll() {
    for (const [index, step] of steps.entries()) outcomes.push(await readStep(step, index + 1));
  }

  const done = readAll();
  await clock.advance(steps.length * 10_000);
  await done;
  return { outcomes, counters: bus.counters, sent: line.sent };
}

describe('a bus', () => {
  it('never gives a value to another request than the one it answers', async () => {
    let exchanges = 0;
    let values = 0;
    let late = 0;
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 50, maxLength: 50 }), async (steps) => {
        const { outcomes, counters } = await runSteps(steps);
        expect(outcomes).toHaveLength(steps.length);
        outcomes.forEach(({ value, code }, index) => {
          exchanges += 1;
          if (value !== null) {
            values += 1;
            expect(value).toBe(`${index + 1}.00`);
          }
          if (code === null) return;
          codes.add(code);
          // A refusal bears no identifier: only its time says whose it is.
          if (code === 'METER_UNSUPPORTED') expect(steps[index]?.answer.kind).toBe('refusal');
          else expect(code).toMatch(/^BUS_/);
        });
        late += counters.lateFrames;
      }),
      { numRuns: 40 },
    );
    expect(exchanges).toBe(2000);
    expect(values).toBeGreaterThan(300);
    expect(late).toBeGreaterThan(50);
    expect([...codes]).toEqual(
      expect.arrayContaining(['METER_UNSUPPORTED', 'BUS_NO_REPLY', 'BUS_FOREIGN_REPLY']),
    );
    expect([...codes]).toEqual(expect.arrayContaining(['BUS_PARTIAL_REPLY', 'BUS_ABORTED']));
  });

  it('takes every good answer that comes in time, noise and echo notwithstanding', async () => {
    let covered = 0;
    const inTime = stepOf.map((step) => ({
      ...step,
      answer: { kind: 'good' } as const,
      delayMs: step.delayMs % 480,
      abortMs: null,
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(inTime, { minLength: 20, maxLength: 20 }), async (steps) => {
        const { outcomes, sent } = await runSteps(steps);
        const wanted = steps.map((_, index) => ({ value: `${index + 1}.00`, code: null }));
        expect(outcomes).toEqual(wanted);
        expect(sent).toHaveLength(steps.length);
        covered += steps.length;
      }),
      { numRuns: 15 },
    );
    expect(covered).toBe(300);
  });
});
