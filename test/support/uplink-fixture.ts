import type { Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { mqttSchema } from '../../src/config/schema.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { AmrError } from '../../src/core/errors.ts';
import { type Reading, STREAMS, type Stream } from '../../src/core/reading.ts';
import type { Store } from '../../src/core/store.ts';
import { formatInstant } from '../../src/core/zoned-time.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { ReadNow } from '../../src/uplink/commands.ts';
import type { MqttSettings } from '../../src/uplink/mqtt-options.ts';
import { type Identity, runUplink } from '../../src/uplink/publisher.ts';
import { createLog, type LogLine, temporaryDirectory } from './store-fixture.ts';

export const SITE = 'hz-xihu';
export const GATEWAY = 'gw17';
export const ROOT = `amr/v1/${SITE}/${GATEWAY}/`;
const ZONE = 'Asia/Shanghai';
const BASE = Date.parse('2026-11-23T00:00:00+08:00');

/** A daily freeze whose meter id says which one it is. */
export function readingBody(index: number, extra: Partial<Reading> = {}): string {
  const reading: Reading = {
    meter: `m${index}`,
    kind: 'freeze-daily',
    slot: formatInstant(BASE, ZONE),
    readAt: formatInstant(BASE + index, ZONE),
    source: 'poll',
    quality: 'good',
    values: { '1-0:1.8.0': `${index}.50` },
    ...extra,
  };
  return JSON.stringify(reading);
}

export function readingBodies(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => readingBody(first + index));
}

const identity: Identity = {
  bootId: 'b6d0a2',
  since: formatInstant(BASE, ZONE),
  version: '0.1.0',
  configHash: 'c0ffee',
  buses: [{ name: 'rs485-1', transport: 'serial', meters: 2 }],
  metas: ['m1', 'm2'].map((meter) => ({
    v: 1,
    meter,
    address: '000012345678',
    protocol: 'dlt645-2007',
    model: 'dlt645-2007',
    ct: 40,
    pt: 1,
    registers: [
      { obis: '1-0:1.8.0', name: 'energy_active_import', unit: 'kWh', resolution: '0.01' },
    ],
  })),
};

export interface UplinkFixture {
  readonly store: Store;
  readonly log: Logger;
  readonly lines: readonly LogLine[];
  /** Cursor moves in the order they were told. */
  readonly delivered: readonly (readonly [Stream, number])[];
  append(stream: Stream, bodies: readonly string[]): Promise<number>;
  /** A second start in the same data directory is a new fixture. */
  stop(): Promise<void>;
}

export interface UplinkFixtureOptions {
  readonly url: string;
  readonly mqtt?: Record<string, unknown>;
  /** Of the uplink; the store always runs on the real one. */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly readNow?: ReadNow;
  /** Of the cursor; `main`. */
  readonly name?: string;
  /** Where the store lives; a new directory. */
  readonly dataDir?: string;
  /** Of the store; 100,000. */
  readonly keepRows?: number;
  /** The uplink of this fixture has the same store. */
  readonly beside?: UplinkFixture;
}

const noMeters: ReadNow = (meter) =>
  Promise.reject(new AmrError('CONFIG_INVALID', `no meter ${meter}`));

export function mqttSettings(url: string, settings: Record<string, unknown> = {}): MqttSettings {
  return mqttSchema.parse({ url, ...settings });
}

/** A store on real files, closed with the test. */
function openUplinkStore({ dataDir = temporaryDirectory(), keepRows = 100_000 }) {
  const { log, lines } = createLog();
  const { store } = openStore({
    dataDir,
    clock: systemClock,
    log,
    uplinks: ['main'],
    commitMs: 1,
    keepRows,
  });
  onTestFinished(() => store.close());
  return { store, log, lines };
}

/** A store and an uplink that runs until the test ends. Retries come quickly. */
export function startUplink(options: UplinkFixtureOptions): UplinkFixture {
  const { url, mqtt = {}, clock = systemClock, random = () => 0.002, readNow = noMeters } = options;
  const { name = 'main' } = options;
  const { store, log, lines } = options.beside ?? openUplinkStore(options);
  const stop = new AbortController();
  const delivered: (readonly [Stream, number])[] = [];
  const running = runUplink(
    {
      name,
      site: SITE,
      gateway: GATEWAY,
      zone: ZONE,
      mqtt: mqttSettings(url, mqtt),
      store,
      clock,
      log,
      random,
      clockState: () => 'synced',
      identity: () => identity,
      readNow,
      onDelivered: (stream, upTo) => delivered.push([stream, upTo]),
    },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await running;
  };
  onTestFinished(end);
  return { store, log, lines, delivered, append: store.append, stop: end };
}

/** Waits in real time until the condition holds; says what it waited for when it does not. */
export async function until(what: string, condition: () => boolean, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Rows of all streams that the uplink's cursor has not passed. */
export function backlog(store: Store, uplink = 'main'): number {
  return STREAMS.reduce((sum, name) => sum + store.head(name) - store.acked(uplink, name), 0);
}
