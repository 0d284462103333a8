import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createPipelinedBus } from '../../src/bus/pipelined.ts';
import { AmrError } from '../../src/core/errors.ts';
import { createFakeLine } from '../support/fake-line.ts';
import { answerOf, numberedExchange } from '../support/numbered.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const FIRST_MS = 500;

/** What the far end does with a request; late answers and unknown numbers are nobody's. */
const stepOf = fc.record({
  startMs: fc.nat(3000),
  answer: fc.oneof(
    { weight: 6, arbitrary: fc.constant('good' as const) },
    fc.constant('silence' as const),
    fc.constant('unknown' as const),
    fc.constant('twice' as const),
  ),
  delayMs: fc.oneof(
    { weight: 3, arbitrary: fc.nat(FIRST_MS - 1) },
    fc.integer({ min: 500, max: 900 }),
  ),
  abortMs: fc.option(fc.nat(600), { freq: 8 }),
});
type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never;

const runOf = fc.record({
  inFlight: fc.integer({ min: 1, max: 16 }),
  steps: fc.array(stepOf, { minLength: 30, maxLength: 30 }),
  /** When the connection goes; it is back 20 ms later. */
  lossesMs: fc.array(fc.nat(3000), { maxLength: 3 }),
});

/** The connection that an answer was given on, to be lost with it. */
function createFarEnd(steps: readonly Step[]) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, { kind: 'modbus-tcp' });
  let connection = 0;
  const sayAfter = (ms: number, bytes: Uint8Array) => {
    const own = connection;
    void clock.sleep(ms).then(() => {
      if (own === connection && line.fault === null) line.hear(bytes);
    });
  };
  line.onRequest((request) => {
    const number = request[1] ?? 0;
    const step = steps[number];
    if (step === undefined || step.answer === 'silence') return;
    if (step.answer === 'unknown') sayAfter(step.delayMs, answerOf(200 + (number % 50), 255));
    else sayAfter(step.delayMs, answerOf(number, number));
    if (step.answer === 'twice') sayAfter(step.delayMs + 1, answerOf(number, 254));
  });
  const lose = () => {
    connection += 1;
    line.setFault(new AmrError('PORT_LOST', 'reset'));
    void clock.sleep(20).then(() => line.setFault(null));
  };
  return { clock, line, lose };
}

async function run({
  inFlight,
  steps,
  lossesMs,
}: typeof runOf extends fc.Arbitrary<infer T> ? T : never) {
  const { clock, line, lose } = createFarEnd(steps);
  const bus = createPipelinedBus(
    { name: 'tcp', latencyMs: 0, inFlight },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  const ends: string[][] = steps.map(() => []);
  const count = { underWay: 0, most: 0 };
  steps.forEach(({ startMs, abortMs }, number) => {
    const abort = new AbortController();
    const exchange = {
      ...numberedExchange(number),
      signal: abort.signal,
      onSent() {
        count.underWay += 1;
        count.most = Math.max(count.most, count.underWay);
      },
    };
    const end = (what: string) => {
      ends[number]?.push(what);
      if (line.sent.some(({ bytes }) => bytes[1] === number)) count.underWay -= 1;
    };
    void clock.sleep(startMs).then(() => {
      void bus.exchange(exchange).then(
        ({ number: of, value }) => end(`${of}=${value}`),
        (thrown: unknown) => end(thrown instanceof AmrError ? thrown.code : String(thrown)),
      );
      if (abortMs !== null) void clock.sleep(abortMs).then(() => abort.abort());
    });
  });
  for (const ms of lossesMs) void clock.sleep(ms).then(lose);
  await clock.advance(30 * FIRST_MS + 5000);
  return { ends, most: count.most, sent: line.sent, counters: bus.counters };
}

describe('a Modbus TCP bus', () => {
  it('ends every exchange once, with its own answer or an error', async () => {
    let exchanges = 0;
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(runOf, async (settings) => {
        const { ends, most, sent } = await run(settings);
        expect(most).toBeLessThanOrEqual(settings.inFlight);
        expect(new Set(sent.map(({ bytes }) => bytes[1])).size).toBe(sent.length);
        ends.forEach((own, number) => {
          exchanges += 1;
          expect(own).toHaveLength(1);
          const [end = ''] = own;
          if (end.includes('=')) expect(end).toBe(`${number}=${number}`);
          else expect(end).toMatch(/^(BUS_NO_REPLY|BUS_ABORTED|PORT_LOST)$/);
          const kind = end.includes('=') ? 'answered' : end;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        });
      }),
      { numRuns: 60 },
    );
    expect(exchanges).toBe(1800);
    expect(seen.get('answered')).toBeGreaterThan(400);
    for (const code of ['BUS_NO_REPLY', 'BUS_ABORTED', 'PORT_LOST']) {
      expect(seen.get(code)).toBeGreaterThan(20);
    }
  });

  it('takes every answer that comes in time while the connection lasts', async () => {
    let answered = 0;
    const inTime = runOf.map(({ inFlight, steps }) => ({
      inFlight,
      lossesMs: [],
      steps: steps.map((step) => ({
        ...step,
        answer: 'good' as const,
        delayMs: step.delayMs % FIRST_MS,
        abortMs: null,
      })),
    }));
    await fc.assert(
      fc.asyncProperty(inTime, async (settings) => {
        const { ends, counters } = await run(settings);
        expect(ends).toEqual(ends.map((_, number) => [`${number}=${number}`]));
        expect(counters).toMatchObject({ answered: 30, foreignFrames: 0, lateFrames: 0 });
        answered += counters.answered;
      }),
      { numRuns: 20 },
    );
    expect(answered).toBe(600);
  });
});
