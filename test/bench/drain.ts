/*
 * A week's backlog of 500 meters with quarter-hour curves, drained into a real mosquitto while live
 * readings go on, against a bare mqtt.js client that publishes as many messages of the same size
 * with as many in flight. Both send to the same broker, one after the other.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { mqttSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Store } from '../../src/core/store.ts';
import { openThreadedStore } from '../../src/store/threaded-store.ts';
import { runUplink } from '../../src/uplink/publisher.ts';
import { startMosquitto } from '../support/broker.ts';
import { bodyOf } from './reading-body.ts';
import type { BenchOptions, Figures } from './run.ts';

const READINGS = 7 * 500 * 96;
const APPEND_ROWS = 500;
const LIVE_EVERY_MS = 200;
const MIB = 1024 * 1024;
/** The bounds that this benchmark fails beyond. */
const LONGEST_S = 300;
const LONGEST_LIVE_MS = 5000;
const LEAST_RATIO = 0.9;

const silent = pino({ level: 'silent' });
const at = (share: number, sorted: readonly number[]) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < READINGS; from += APPEND_ROWS) {
    const rows = Math.min(APPEND_ROWS, READINGS - from);
    await store.append(
      'curve',
      Array.from({ length: rows }, (_, index) => bodyOf(from + index)),
    );
  }
}

interface Watch {
  readonly latencies: number[];
  peakRss: number;
}

/** Appends a live reading now and then and takes the time until the broker has it. */
async function goOnLiving(store: Store, watch: Watch, signal: AbortSignal): Promise<void> {
  for (let index = 0; !signal.aborted; index++) {
    const startedAt = performance.now();
    const seq = await store.append('live', [bodyOf(index)]);
    while (store.acked('main', 'live') < seq) await systemClock.sleep(1);
    watch.latencies.push(performance.now() - startedAt);
    watch.peakRss = Math.max(watch.peakRss, process.memoryUsage().rss);
    await systemClock.sleep(LIVE_EVERY_MS, signal).catch(() => undefined);
  }
}

async function drain(store: Store, url: string) {
  const stop = new AbortController();
  const watch: Watch = { latencies: [], peakRss: 0 };
  const mqtt = mqttSchema.parse({ url });
  const drained = Promise.withResolvers<void>();
  const identity = {
    bootId: 'bench',
    since: new Date().toISOString(),
    version: '0',
    configHash: '0',
    buses: [],
    metas: [],
  };
  const startedAt = performance.now();
  const uplink = runUplink(
    {
      name: 'main',
      site: 'bench',
      gateway: 'bench',
      zone: 'UTC',
      mqtt,
      store,
      clock: systemClock,
      log: silent,
      random: Math.random,
      clockState: () => 'synced',
      identity: () => identity,
      readNow: () => Promise.reject(new Error('no meters here')),
      onDelivered: (stream, upTo) => {
        if (stream === 'curve' && upTo >= READINGS) drained.resolve();
      },
    },
    stop.signal,
  );
  const live = goOnLiving(store, watch, stop.signal);
  await drained.promise;
  const seconds = (performance.now() - startedAt) / 1000;
  stop.abort();
  await Promise.all([uplink, live]);
  return { seconds, watch, mqtt };
}

/** Messages a second of a bare client with `window` of them in flight. */
async function bare(
  url: string,
  { messages, bytes, window }: { messages: number; bytes: number; window: number },
): Promise<number> {
  const client = await connectAsync(url, { protocolVersion: 5 });
  const payload = Buffer.alloc(bytes, 'x');
  let left = messages;
  const publish = async () => {
    for (; left > 0; ) {
      left -= 1;
      await client.publishAsync('bench/bare', payload, { qos: 1 });
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: window }, publish));
  const rate = (messages * 1000) / (performance.now() - startedAt);
  await client.endAsync();
  return rate;
}

export async function run({ say }: BenchOptions): Promise<Figures> {
  const dataDir = mkdtempSync(join(tmpdir(), 'amr-bench-'));
  const broker = await startMosquitto();
  const options = { dataDir, clock: systemClock, log: silent, uplinks: ['main'] };
  const { store } = await openThreadedStore(options);
  try {
    await fill(store);
    const { bytes: stored } = await store.stats();
    const rssBefore = process.memoryUsage().rss;
    say(`${READINGS} readings in ${Math.round(stored / MIB)} MiB`);
    const { seconds, watch, mqtt } = await drain(store, broker.url);
    const messages = Math.ceil(READINGS / mqtt.batch);
    const bytes = bodyOf(READINGS).length * mqtt.batch;
    const baseline = await bare(broker.url, { messages, bytes, window: mqtt.window });
    const measured = messages / seconds;
    const latencies = watch.latencies.toSorted((a, b) => a - b);
    const ratio = Number((measured / baseline).toFixed(3));
    const liveP99Ms = Math.round(at(0.99, latencies));
    if (seconds > LONGEST_S || liveP99Ms > LONGEST_LIVE_MS || ratio < LEAST_RATIO) {
      process.exitCode = 1;
    }
    return {
      bench: 'drain',
      ratio,
      measured: Math.round(measured),
      baseline: Math.round(baseline),
      conditions: {
        unit: 'messages a second',
        readings: READINGS,
        batch: mqtt.batch,
        window: mqtt.window,
        messageBytes: bytes,
        seconds: Number(seconds.toFixed(1)),
        liveReadings: latencies.length,
        liveP99Ms,
        rssGrowthMiB: Math.round((watch.peakRss - rssBefore) / MIB),
        storedMiB: Math.round(stored / MIB),
        // The database of 35 days is five times that of a week.
        fiveWeeksMiB: Math.round((stored * 5) / MIB),
      },
    };
  } finally {
    await store.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
