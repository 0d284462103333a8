import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { dlt645 } from '../../drivers/dlt645/driver.ts';
import { createDlt645Slave } from '../../drivers/dlt645/sim.ts';
import { createBus } from '../../src/bus/bus.ts';
import { loadModels } from '../../src/config/models.ts';
import { configSchema } from '../../src/config/schema.ts';
import { createNotes } from '../../src/core/notes.ts';
import type { AmrEvent } from '../../src/core/reading.ts';
import { buildBuses, loadMeters } from '../../src/field.ts';
import { runClockRounds } from '../../src/poll/clock-round.ts';
import { createSimLine } from '../../src/sim/line.ts';
import { createDisplay } from '../../src/sim/load.ts';
import { createFakeLine } from '../support/fake-line.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const zone = 'Asia/Shanghai';
const START = Date.parse('2026-11-23T03:19:30+08:00');
const MINUTE = 60_000;
const log = pino({ level: 'silent' });

describe('the clocks of simulated meters', () => {
  it('are right to the second after one broadcast', async () => {
    const clock = createVirtualClock(START);
    const displays = [90_000, -200_000].map((driftMs, seed) =>
      createDisplay({ clock, kind: 'three', seed, zone, driftMs }),
    );
    const addresses = ['000000000001', '000000000002'];
    const simLine = createSimLine({
      clock,
      createSlave: createDlt645Slave,
      baudRate: 2400,
      meters: displays.map((display, index) => ({ address: addresses[index] ?? '', display })),
      onAnswer: () => undefined,
    });
    const line = createFakeLine(clock);
    simLine.attach({ write: (bytes) => line.hear(bytes) });
    line.onRequest((bytes) => simLine.receive(bytes));
    const bus = createBus({ name: 'b1', latencyMs: 50, turnaroundMs: 2 }, { line, clock, log });
    const model = (await loadModels()).get('dlt645-2007');
    if (model === undefined) throw new Error('no model');
    const sessions = addresses.map((address) =>
      dlt645.open(bus, { address, model }, { clock, notes: createNotes() }),
    );
    const events: AmrEvent[] = [];
    const stop = new AbortController();
    const ended = runClockRounds(
      {
        at: '03:20',
        thresholdMs: MINUTE,
        schedules: [],
        meters: new Map(
          sessions.map(({ readClock }, index) => {
            if (readClock === undefined) throw new Error('no clock');
            return [`m${index + 1}`, { readClock }];
          }),
        ),
        broadcast: async (options) => await dlt645.broadcastTime?.(bus, options),
      },
      {
        bus: 'b1',
        line,
        notes: createNotes(),
        clock,
        clockState: () => 'synced',
        zone,
        log,
        onEvent: (event) => events.push(event),
      },
      stop.signal,
    );
    await clock.advance(2 * MINUTE);
    stop.abort();
    await clock.advance(0);
    await ended;
    expect(events.map(({ type }) => type)).toEqual(['clock.broadcast']);
    const [{ detail = {} } = {}] = events;
    expect(Math.abs(Number(detail['m1']) - 90)).toBeLessThanOrEqual(1);
    expect(Math.abs(Number(detail['m2']) + 200)).toBeLessThanOrEqual(1);
    for (const { memory } of displays) {
      const shown = Date.parse(`${memory?.wallTime()}+08:00`);
      expect(Math.abs(shown - clock.now())).toBeLessThanOrEqual(1000);
    }
  });
});

describe('a bus of the configuration', () => {
  const meter = (id: string, more = {}) => ({
    id,
    bus: 'b1',
    model: 'dlt645-2007',
    plans: ['curve', 'daily'],
    ...more,
  });
  async function built(clockBroadcast?: object) {
    const serial = { path: '/dev/null', baudRate: 2400 };
    const config = configSchema.parse({
      site: 's',
      gateway: 'g',
      buses: { b1: { serial, ...(clockBroadcast === undefined ? {} : { clockBroadcast }) } },
      plans: {
        curve: { every: '15m', read: 'energy' },
        daily: { at: '00:05', read: 'freeze-daily' },
      },
      meters: [
        meter('1'),
        meter('2', { model: 'dlt645-1997', plans: ['curve'] }),
        meter('3', { baudRate: 9600 }),
      ],
    });
    const models = await loadModels();
    const meters = await loadMeters({ config, models, hash: '', warnings: [] });
    const clock = createVirtualClock(START);
    const deps = { clock, log, random: Math.random, notesOf: createNotes };
    return buildBuses(config, meters, deps)[0]?.clockRound;
  }

  it('has its clocks set only where it says so', async () => {
    expect(await built()).toBeNull();
  });

  it('looks at the meters that hear what is told to all, and away from their slots', async () => {
    const round = await built({ at: '03:20' });
    expect(round).toMatchObject({ at: '03:20', thresholdMs: MINUTE });
    expect([...(round?.meters.keys() ?? [])]).toEqual(['1', '2']);
    expect(new Set(round?.schedules.map(({ kind }) => kind))).toEqual(
      new Set(['interval', 'daily']),
    );
  });
});
