/** The search for Modbus meters over a simulated line, in the line's own time. */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { discover } from '../../drivers/modbus/discover.ts';
import { createBus } from '../../src/bus/bus.ts';
import { buildSimLine, type SimLineSettings } from '../../src/cli/sim.ts';
import { loadModels } from '../../src/config/models.ts';
import type { Discovery } from '../../src/core/driver.ts';
import type { Line } from '../../src/core/line.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const models = [...(await loadModels()).values()].filter(({ protocol }) => protocol === 'modbus');
const STEP_MS = 1000;

async function search(settings: SimLineSettings) {
  const clock = createVirtualClock();
  const sim = await buildSimLine({ clock, baudRate: 9600, ...settings });
  onTestFinished(() => sim.close());
  let restarts = 0;
  const line: Line = {
    info: { kind: 'serial', address: '/dev/sim', baudRate: 9600, bitsPerByte: 10 },
    fault: null,
    onData: (listener) => void sim.attach({ write: listener }),
    write: async (bytes) => sim.receive(bytes),
    restart: () => {
      restarts += 1;
    },
    onFault: () => undefined,
    configure: async () => false,
    whenUp: async () => undefined,
  };
  const log = pino({ level: 'silent' });
  const bus = createBus({ name: 'sim', latencyMs: 100, turnaroundMs: 2 }, { line, clock, log });
  const { signal } = new AbortController();
  const done: { outcome?: Discovery; tookMs?: number } = {};
  const running = discover(bus, { priority: 'on-demand', signal, models }, { clock }).then(
    (found) => {
      done.outcome = found;
      done.tookMs = clock.monotonic();
    },
  );
  while (done.outcome === undefined) await clock.advance(STEP_MS);
  await running;
  const { meters, unresolved, endedBy } = done.outcome;
  const found = meters.map(({ address, models: fitting }) => [address, fitting?.join(' ')]);
  return { found, meters, unresolved, endedBy, restarts, tookMs: done.tookMs ?? 0 };
}

const CLEAN = { unresolved: [], endedBy: null, restarts: 0 };

describe('the search over a line of Modbus meters at 9600 baud', () => {
  it('goes through all units of an empty part of it in under 90 s', async () => {
    const { tookMs, ...outcome } = await search({ model: 'eastron-sdm630', meters: 1 });
    expect(outcome).toMatchObject({ ...CLEAN, found: [['1', 'eastron-sdm630']] });
    expect(tookMs).toBeGreaterThan(247 * 200);
    expect(tookMs).toBeLessThan(90_000);
  });

  it('finds meters of several models among those of DL/T 645', async () => {
    const outcome = await search({
      meters: 3,
      beside: [
        { model: 'eastron-sdm630', meters: 2, firstAddress: '17' },
        { model: 'abb-b23', meters: 1, firstAddress: '30' },
        { model: 'orno-we516', meters: 1, firstAddress: '247' },
      ],
    });
    expect(outcome).toMatchObject({
      ...CLEAN,
      found: [
        ['17', 'eastron-sdm630'],
        ['18', 'eastron-sdm630'],
        ['30', 'abb-b23'],
        ['247', ''],
      ],
    });
    expect(outcome.meters.at(-1)?.says).toMatch(/^ORNO /i);
  });

  it.each([
    ['are slow to answer', { answerDelayMs: 260 }],
    ['are slower than it waits', { answerDelayMs: 380 }],
    ['take most of a second', { answerDelayMs: 900 }],
  ])('finds meters that %s', async (_, more) => {
    const model = 'eastron-sdm630';
    const outcome = await search({ model, meters: 3, firstAddress: '5', ...more });
    expect(outcome.meters.map(({ address }) => address)).toEqual(['5', '6', '7']);
  });

  it('finds meters on a noisy, echoing line', async () => {
    const faults = [
      { meter: '6', fault: { name: 'echo' } },
      { meter: '5', fault: { name: 'noise-before', probability: 0.5 } },
      { meter: '7', fault: { name: 'noise-after', probability: 0.5 } },
    ] as const;
    const outcome = await search({ model: 'abb-b23', meters: 3, firstAddress: '5', faults });
    expect(outcome.meters.map(({ address }) => address)).toEqual(['5', '6', '7']);
    expect(outcome.endedBy).toBeNull();
  });
});
