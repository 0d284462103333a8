/*
 * DL/T 645 and Modbus meters on one line, simulated at its far end. What the meters showed is in
 * their journal; every reading must be one of it, and no meter may have answered for another.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildSimLine } from '../../src/cli/sim.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import { createNotes } from '../../src/core/notes.ts';
import { findRegister } from '../../src/core/registers.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { buildBuses, loadMeters } from '../../src/field.ts';
import { serveSerial, serveTcp } from '../../src/sim/serve.ts';
import { readingsMessageSchema } from '../../src/uplink/contract.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { spawnDaemon } from '../support/daemon.ts';
import { subscribe } from '../support/mosquitto-sub.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { until } from '../support/uplink-fixture.ts';

/** Identifier in the configuration, address, model. */
const METERS = [
  ['water-tower', '000000000001', 'dlt645-2007'],
  ['pump', '17', 'eastron-sdm630'],
  ['office', '000000000002', 'dlt645-2007'],
  ['heating', '18', 'eastron-sdm630'],
  ['solar', '19', 'eastron-sdm630'],
] as const;
const WORDS = '[energy, voltage, current, power]';

/** Meters of both protocols on one line, and all that they answer. */
async function simulate() {
  const journal: JournalEntry[] = [];
  const line = await buildSimLine({
    model: 'dlt645-2007',
    meters: 2,
    firstAddress: '1',
    kind: 'three',
    beside: [{ model: 'eastron-sdm630', meters: 3, firstAddress: '17' }],
    baudRate: 9600,
    answerDelayMs: 10,
    onAnswer: (entry) => journal.push(entry),
  });
  onTestFinished(() => line.close());
  expect(line.addresses).toEqual(METERS.map(([, address]) => address).toSorted(byLength));
  return { line, journal };
}

const byLength = (a: string, b: string) => b.length - a.length || a.localeCompare(b);

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'amr-mixed-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** `own` is what the Modbus meters say of the line besides. */
function configText(bus: string, own: string, more: readonly string[] = []): string {
  const meters = METERS.map(
    ([id, address, model]) =>
      `  - { id: ${id}, address: "${address}", bus: b1, model: ${model}, plans: [fast]${model.startsWith('eastron') ? own : ''} }`,
  );
  return [
    'site: hz',
    'gateway: gw1',
    'timezone: Asia/Shanghai',
    `buses:\n  b1: { ${bus} }`,
    `plans:\n  fast: { every: 10s, read: ${WORDS} }`,
    'meters:',
    ...meters,
    ...more,
    '',
  ].join('\n');
}

const addressOf = (id: string) => METERS.find(([one]) => one === id)?.[1];

/** What the meter last showed of a register before this moment. */
function shownBefore(journal: readonly JournalEntry[], id: string, name: string, at: number) {
  const address = addressOf(id);
  const entry = journal.findLast(
    (one) => one.meter === address && one.at <= at && name in one.values,
  );
  return entry?.values[name];
}

describe('meters of DL/T 645 and of Modbus on one line', () => {
  it('are read in turn behind a serial server, and no frame is taken for another', async () => {
    const { line, journal } = await simulate();
    const served = await serveTcp(line);
    onTestFinished(() => served.close());
    const file = join(directory(), 'gateway.yaml');
    writeFileSync(
      file,
      configText(`tcp: { host: 127.0.0.1, port: ${served.port}, baudRate: 9600 }`, ''),
    );
    const loaded = await loadConfig(file);
    const log = pino({ level: 'silent' });
    const deps = { clock: systemClock, log, random: () => 0, notesOf: () => createNotes() };
    const [field] = buildBuses(loaded.config, await loadMeters(loaded), deps);
    if (field === undefined) throw new Error('no bus was built');
    const stop = new AbortController();
    const running = field.link.run(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
    await field.link.firstAttempt;

    let compared = 0;
    const read = async ({ meter, registers, session }: (typeof field.duties)[number]) => {
      const options = { priority: 'curve', signal: stop.signal } as const;
      const { values, failures } = await session.read(registers, options);
      expect(failures).toEqual([]);
      for (const { register, value } of values) {
        const shown = shownBefore(journal, meter, register.name, Date.now());
        expect([meter, register.name, value && formatDecimal(value)]).toEqual([
          meter,
          register.name,
          shown,
        ]);
        compared += 1;
      }
    };
    // All at the same time, so that the exchanges of both protocols alternate.
    for (let round = 0; round < 2; round++) await Promise.all(field.duties.map(read));
    expect(compared).toBeGreaterThan(100);
    const { counters } = field.bus;
    expect(counters).toMatchObject({
      answered: counters.exchanges,
      foreignFrames: 0,
      lateFrames: 0,
      strayBytes: 0,
      timeouts: 0,
    });
    expect(journal).toHaveLength(counters.answered);
  });

  it.skipIf(lacksMosquitto || lacksSocat)(
    'are read by the daemon over one serial port, each with its own settings',
    async () => {
      const { line, journal } = await simulate();
      const pair = await openPtyPair();
      onTestFinished(() => pair.stop());
      const served = await serveSerial(line, { path: pair.far, baudRate: 9600, parity: 'none' });
      onTestFinished(() => served.close());
      const broker = await startMosquitto();
      onTestFinished(() => broker.stop());
      const subscriber = subscribe(broker.url);
      onTestFinished(() => subscriber.stop());
      const path = directory();
      const config = join(path, 'gateway.yaml');
      const uplink = ['uplinks:', `  - mqtt: { url: "${broker.url}" }`];
      const bus = `serial: { path: ${pair.near}, baudRate: 2400, parity: even }`;
      writeFileSync(config, configText(bus, ', baudRate: 9600, parity: none', uplink));
      const daemon = spawnDaemon(config, join(path, 'data'));
      onTestFinished(async () => {
        await daemon.end('SIGKILL');
      });
      await daemon.started;

      const readings = () =>
        subscriber.messages
          .filter(({ topic }) => topic.includes('/data/'))
          .flatMap(({ body }) => readingsMessageSchema.parse(body).readings);
      const roundsOf = (id: string) => readings().filter(({ meter }) => meter === id).length;
      const fewest = () => Math.min(...METERS.map(([id]) => roundsOf(id)));
      await until('two readings of each meter', () => fewest() >= 2, 60_000);
      let compared = 0;
      for (const { meter, readAt, quality, values } of readings()) {
        expect([meter, quality]).toEqual([meter, 'good']);
        for (const [id, value] of Object.entries(values)) {
          const name = findRegister(id)?.name ?? '';
          const truth = shownBefore(journal, meter, name, Date.parse(readAt));
          expect({ meter, readAt, name, value }).toEqual({ meter, readAt, name, value: truth });
          compared += 1;
        }
      }
      expect(compared).toBeGreaterThan(100);
      expect(await daemon.end('SIGTERM')).toBe(0);
    },
    120_000,
  );
});
