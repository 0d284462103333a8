/** The stage of one fault: meters, broker, headend and gateway, and the books on all of them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mosquitto, startMosquitto } from '../support/broker.ts';
import { type Entry, numberOf } from './entry.ts';
import { type Gateway, type Surroundings, spawnGateway } from './gateway.ts';
import { type Headend, startHeadend } from './headend.ts';
import { type Meters, startMeters } from './meters.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { configText, type Settings } from './settings.ts';
import { positionOf, type StoreView, viewStore } from './store-view.ts';
import { until } from './until.ts';
import type { Bounds, Evidence, Life } from './verdict.ts';

/** So long the last life may take to deliver everything. */
const DRAIN_MS = 90_000;

export interface Rig {
  /** For files of the fault. */
  readonly dir: string;
  readonly dataDir: string;
  readonly settings: Settings;
  readonly meters: Meters;
  readonly broker: Mosquitto;
  readonly proxy: Proxy;
  readonly headend: Headend;
  /** Spawns the gateway; it lives until the fault or the rig ends it. */
  spawn(surroundings?: Surroundings): Gateway;
  /** The same, and waits until it has asked a meter and delivered something. */
  start(surroundings?: Surroundings): Promise<Gateway>;
  /** Waits until so many readings more have come from the meters to the headend. */
  flow(readings: number, ms?: number): Promise<void>;
  /** Waits until the meters have answered so often since now. */
  polled(answers: number, ms?: number): Promise<void>;
  /** Notes what the database holds. The gateway must be dead or stand still. */
  look(): StoreView | null;
  /** What was in flight may come again. */
  broke(): void;
  complain(complaint: string): void;
  /** Bounds that show only in the run. */
  readonly found: Partial<Bounds>;
  allow(bounds: Partial<Bounds>): void;
}

export interface RunningRig extends Rig {
  /** What the gateways have said, one life after another. */
  logs(): string;
  /** Delivers what is left and gives all evidence. */
  conclude(): Promise<Evidence>;
  /** Ends every process and removes every file. */
  close(): Promise<void>;
}

function lifeOf(gateway: Gateway, answers: readonly number[], { meters, everyS }: Settings): Life {
  const { spawnedAt, startedAt } = gateway;
  const endedAt = gateway.endedAt ?? Date.now();
  const own = answers.filter((at) => at >= spawnedAt && at <= endedAt);
  const [first] = own;
  const gaps = own.map((at, index) => (own[index + 1] ?? endedAt) - at);
  const periodMs = everyS * 1000;
  const slots =
    startedAt === null ? 0 : Math.floor(endedAt / periodMs) - Math.floor(startedAt / periodMs);
  return {
    firstPollMs: first === undefined ? null : Math.round(first - spawnedAt - gateway.starvedMs()),
    longestGapMs: Math.max(0, ...gaps),
    due: Math.max(0, slots) * meters,
  };
}

/** Rows seen in the database, each number and content once. */
function createRows() {
  const seen = new Map<string, Entry>();
  return {
    all: () => [...seen.values()],
    add(rows: readonly Entry[]) {
      for (const row of rows) seen.set(`${numberOf(row)} ${row.body}`, row);
    },
  };
}

function prepareDataDir(dir: string, { tmpfs }: Settings) {
  const mount = join(dir, 'disk');
  mkdirSync(mount);
  if (tmpfs !== null) execFileSync('mount', ['-t', 'tmpfs', '-o', tmpfs, 'tmpfs', mount]);
  return {
    dataDir: join(mount, 'data'),
    release() {
      if (tmpfs !== null) execFileSync('umount', [mount]);
    },
  };
}

/** Everything but the gateway runs when this resolves. */
export async function openRig(settings: Settings): Promise<RunningRig> {
  const dir = mkdtempSync(join(tmpdir(), 'amr-chaos-'));
  const { dataDir, release } = prepareDataDir(dir, settings);
  const meters = await startMeters(settings.meters, join(dir, 'journal.jsonl'));
  const { broker: lines, uplink } = await settings.prepare(dir);
  const broker = await startMosquitto(['user root', 'max_queued_messages 1000000', ...lines]);
  const proxy = await startProxy(Number(new URL(broker.url).port));
  const headend = await startHeadend({
    url: broker.url,
    acknowledges: settings.delivery === 'headend',
  });
  const config = join(dir, 'gateway.yaml');
  const gateways: Gateway[] = [];
  const rows = createRows();
  const complaints: string[] = [];
  const found: { -readonly [K in keyof Bounds]?: Bounds[K] } = {};
  let breaks = 0;

  const configure = (isLast: boolean) => {
    const brokerUrl = settings.isBehindProxy ? `mqtt://127.0.0.1:${proxy.port}` : broker.url;
    const ends = { meters: meters.port, ids: meters.ids, brokerUrl, uplink };
    writeFileSync(config, configText(settings, ends, isLast));
  };
  configure(false);

  const answersSince = (start: number) => meters.answers().length - start;

  const spawn = (surroundings?: Surroundings) => {
    const answered = meters.answers().length;
    const gateway = spawnGateway(config, dataDir, surroundings);
    gateways.push(gateway);
    const isOver = () => !gateway.isRunning || answersSince(answered) > 0;
    const polling = until('the first poll', isOver, Infinity);
    void polling.then(gateway.hasPolled);
    return gateway;
  };

  const rig: Rig = {
    dir,
    dataDir,
    settings,
    meters,
    broker,
    proxy,
    headend,
    found,
    spawn,
    async start(surroundings) {
      const answered = meters.answers().length;
      const arrived = headend.arrivals.length;
      const gateway = spawn(surroundings);
      const isUp = () =>
        !gateway.isRunning || (answersSince(answered) > 0 && headend.arrivals.length > arrived);
      await until('the gateway to poll and deliver', isUp);
      if (!gateway.isRunning) throw new Error(`the gateway ended: ${gateway.log.at(-1)}`);
      return gateway;
    },
    async flow(readings, ms) {
      const start = headend.arrivals.length;
      await until('readings to arrive', () => headend.arrivals.length - start >= readings, ms);
    },
    async polled(answers, ms) {
      const start = meters.answers().length;
      await until('meters to be asked', () => answersSince(start) >= answers, ms);
    },
    look() {
      const view = viewStore(dataDir);
      rows.add(view?.rows ?? []);
      return view;
    },
    broke() {
      breaks += 1;
    },
    complain: (complaint) => void complaints.push(complaint),
    allow: (bounds) => void Object.assign(found, bounds),
  };

  async function stop(gateway: Gateway): Promise<void> {
    const code = await gateway.end('SIGTERM');
    if (code !== 0) complaints.push(`exit code ${code} at SIGTERM`);
  }

  /** A last life in which nothing falls due. */
  async function drain(): Promise<void> {
    configure(true);
    rig.broke();
    const gateway = spawn();
    const isDone = () => {
      const { head = -1, acked = 0 } = positionOf(dataDir) ?? {};
      return head === acked;
    };
    await until('everything to be delivered', isDone, DRAIN_MS);
    await stop(gateway);
  }

  return {
    ...rig,
    logs: () => gateways.map(({ log }) => `${log.join('\n')}\n`).join('\n'),
    async conclude() {
      for (const gateway of gateways) if (gateway.isRunning) await stop(gateway);
      if ((rig.look()?.owed.length ?? 0) > 0) await drain();
      const view = rig.look();
      const answers = meters.answers();
      return {
        committed: rows.all(),
        arrivals: headend.arrivals,
        kept: view?.owed ?? [],
        check: view?.check ?? 'not there',
        heads: headend.heads,
        lives: gateways.map((gateway) => lifeOf(gateway, answers, settings)),
        meters: settings.meters,
        breaks,
        complaints: [...complaints, ...headend.violations],
        wasShown: meters.wasShown,
      };
    },
    async close() {
      for (const gateway of gateways) await gateway.end('SIGKILL');
      await headend.close();
      await proxy.close();
      await broker.stop();
      await meters.stop();
      release();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
