import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createBus } from '../../src/bus/bus.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { LineSettings } from '../../src/core/transport.ts';
import { createFakeLine } from '../support/fake-line.ts';
import { answerOf, numberedExchange } from '../support/numbered.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const FORMS: readonly (LineSettings | null)[] = [
  null,
  { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 2 },
  { baudRate: 1200, dataBits: 8, parity: 'even', stopBits: 1 },
];

const stepOf = fc.record({
  form: fc.nat(FORMS.length - 1),
  startMs: fc.nat(15_000),
  answerMs: fc.option(fc.integer({ min: 10, max: 900 }), { freq: 4 }),
  gapMs: fc.nat(40),
  abortMs: fc.option(fc.nat(600), { freq: 8 }),
});

const runOf = fc.record({
  steps: fc.array(stepOf, { minLength: 30, maxLength: 30 }),
  /** The port goes then and is back so much later, with its own settings. */
  losses: fc.array(fc.record({ at: fc.nat(15_000), forMs: fc.nat(30) }), { maxLength: 4 }),
  noiseMs: fc.array(fc.nat(15_000), { maxLength: 10 }),
});
type Run = typeof runOf extends fc.Arbitrary<infer T> ? T : never;

async function run({ steps, losses, noiseMs }: Run) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, { baudRate: 2400, bitsPerByte: 11 });
  const heardAt: number[] = [];
  const hear = (bytes: Uint8Array) => {
    if (line.fault !== null) return;
    heardAt.push(clock.monotonic());
    line.hear(bytes);
  };
  line.onRequest((request) => {
    const number = request[1] ?? 0;
    const answerMs = steps[number]?.answerMs ?? null;
    if (answerMs !== null) void clock.sleep(answerMs).then(() => hear(answerOf(number, number)));
  });
  const bus = createBus(
    { name: 'line', latencyMs: 0, turnaroundMs: 2 },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  steps.forEach(({ form, startMs, gapMs, abortMs }, number) => {
    const abort = new AbortController();
    const wanted = FORMS[form] ?? null;
    const exchange = {
      ...numberedExchange(number),
      quietMs: 100,
      gapMs: () => gapMs,
      signal: abort.signal,
      ...(wanted === null ? {} : { line: wanted }),
    };
    void clock.sleep(startMs).then(() => {
      void bus.exchange(exchange).catch(() => undefined);
      if (abortMs !== null) void clock.sleep(abortMs).then(() => abort.abort());
    });
  });
  for (const { at, forMs } of losses) {
    void clock.sleep(at).then(() => {
      line.setFault(new AmrError('PORT_LOST', 'unplugged'));
      void clock.sleep(forMs).then(() => line.setFault(null));
    });
  }
  for (const at of noiseMs) void clock.sleep(at).then(() => hear(Uint8Array.of(0)));
  await clock.advance(60_000);
  return { sent: line.sent, heardAt, counters: bus.counters };
}

describe('a line with meters that talk differently', () => {
  it('writes bytes only under the settings of their exchange, in the silence they want', async () => {
    let written = 0;
    let switches = 0;
    await fc.assert(
      fc.asyncProperty(runOf, async (settings) => {
        const { sent, heardAt, counters } = await run(settings);
        for (const { at, bytes, settings: inForce } of sent) {
          const step = settings.steps[bytes[1] ?? 0];
          expect(inForce).toEqual(FORMS[step?.form ?? 0]);
          const gapMs = Math.max(2, step?.gapMs ?? 0);
          expect(heardAt.filter((heard) => heard < at && heard > at - gapMs)).toEqual([]);
        }
        written += sent.length;
        switches += counters.switches;
      }),
      { numRuns: 100 },
    );
    expect(written).toBeGreaterThan(1000);
    expect(switches).toBeGreaterThan(700);
  });
});
