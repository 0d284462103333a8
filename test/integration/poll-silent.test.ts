/*
 * Modbus RTU meters on one line, most of them absent, in virtual time: the driver, the bus and the
 * poller together, with the deadlines and quiet times that they really keep.
 */
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { encodeRtu } from '../../drivers/modbus/rtu.ts';
import { createBus } from '../../src/bus/bus.ts';
import { transmitMs } from '../../src/core/transport.ts';
import { loadMeters } from '../../src/field.ts';
import type { Duty } from '../../src/poll/duty.ts';
import { compilePlan, registersOf } from '../../src/poll/plan.ts';
import { runPoller } from '../../src/poll/poller.ts';
import { createFakeLine } from '../support/fake-line.ts';
import { createReadings, loadModbusConfig, zerosFor } from '../support/polled.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const HOUR = 3_600_000;
const ANSWER_MS = 20;
const UNITS = { live: 1, absent1: 2, absent2: 3, absent3: 4, absent4: 5 };
const log = pino({ level: 'silent' });

async function rig() {
  const clock = createVirtualClock(Date.parse('2026-11-23T10:00:10+08:00'));
  const line = createFakeLine(clock, { baudRate: 9600 });
  const present = new Set([UNITS.live]);
  line.onRequest((request) => {
    const unit = request[0] ?? 0;
    if (!present.has(unit)) return;
    const answer = encodeRtu(unit, zerosFor(request.subarray(1)));
    const onLineMs = transmitMs(request.length + answer.length, line.info);
    line.hearAfter(onLineMs + ANSWER_MS, answer);
  });
  const bus = createBus({ name: 'b1', latencyMs: 100, turnaroundMs: 2 }, { line, clock, log });
  const loaded = await loadModbusConfig({
    bus: 'serial: { path: /dev/ttyFAKE, baudRate: 9600 }',
    every: '30s',
    units: UNITS,
  });
  const settings = loaded.config.plans['p'];
  if (settings === undefined) throw new Error('no plan');
  const plan = compilePlan('p', settings);
  const { readings, store } = createReadings();
  const duties = (await loadMeters(loaded)).map(({ config, address, model, driver }): Duty => {
    const session = driver.open(bus, { address, model }, { clock, notes: store.notesOf('') });
    return { meter: config.id, plan, registers: registersOf(plan, model), session };
  });
  const stop = new AbortController();
  const signals = { finish: stop.signal, stop: stop.signal, abort: stop.signal };
  const counters = { due: 0, read: 0, missing: 0, turns: 0, waiting: 0 };
  const zone = 'Asia/Shanghai';
  const ended = runPoller(
    { bus: 'b1', duties, line, store, clock, clockState: () => 'synced', zone, log, counters },
    signals,
  );
  const end = async () => {
    stop.abort();
    await clock.advance(60_000);
    await ended;
  };
  const of = (meter: string) => readings.filter((reading) => reading.meter === meter);
  return { clock, line, bus, present, of, end };
}

describe('a line on which four of five meters are absent', () => {
  it('loses no slot of the fifth, and little of its time', async () => {
    const { clock, line, bus, of, end } = await rig();
    await clock.advance(2 * HOUR);
    expect(of('live').map(({ quality }) => quality)).toEqual(Array(240).fill('good'));
    for (const absent of ['absent1', 'absent2', 'absent3', 'absent4']) {
      expect(of(absent).map(({ cause }) => cause)).toEqual(Array(240).fill('BUS_NO_REPLY'));
    }
    const before = bus.counters.timeouts;
    const sentBefore = line.sent.length;
    await clock.advance(HOUR);
    expect(bus.counters.timeouts - before).toBe(4 * 4);
    expect(line.sent.slice(sentBefore).filter(({ bytes }) => bytes[0] !== UNITS.live)).toHaveLength(
      16,
    );
    await end();
  });

  it('reads one that comes within 15 minutes, and then all of its slots', async () => {
    const { clock, present, of, end } = await rig();
    await clock.advance(2 * HOUR);
    present.add(UNITS.absent2);
    await clock.advance(HOUR);
    const later = of('absent2').slice(240);
    const first = later.findIndex(({ quality }) => quality === 'good');
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThanOrEqual(30);
    expect(later.slice(first).every(({ quality }) => quality === 'good')).toBe(true);
    expect(Object.keys(later[first]?.values ?? {})).toEqual(
      Object.keys(of('live')[0]?.values ?? {}),
    );
    await end();
  });
});
