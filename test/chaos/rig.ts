/** The stage of one fault: the gateway with everything around it, and the books on all of them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, numberOf } from './entry.ts';
import { type Gateway, type Surroundings, spawnGateway } from './gateway.ts';
import { type Parts, startParts } from './parts.ts';
import { configText, type Settings } from './settings.ts';
import { positionOf, type StoreView, viewStore } from './store-view.ts';
import { until } from './until.ts';
import type { Bounds, Evidence, Life } from './verdict.ts';

/** So long the last life may take to deliver everything. */
const DRAIN_MS = 90_000;
/** Characters of what went wrong; the rest is in the log. */
const MOST_WORDS = 300;

export interface Rig extends Omit<Parts, 'close' | 'ends'> {
  readonly settings: Settings;
  /** Spawns the gateway; it lives until the fault or the rig ends it. */
  spawn(surroundings?: Surroundings): Gateway;
  /** The same, and waits until it has asked a meter and delivered something. */
  start(surroundings?: Surroundings): Promise<Gateway>;
  /** Waits until so many entries more have come to the headend. */
  flow(entries: number, ms?: number): Promise<void>;
  /** Waits until the meters have answered so often since now. */
  polled(answers: number, ms?: number): Promise<void>;
  /** Notes what the database holds. The gateway must be dead or stand still. */
  look(): StoreView | null;
  /** What was in flight may come again. */
  broke(): void;
  complain(complaint: string): void;
  /** What was waited for did not come, or the like. */
  failed(thrown: unknown): void;
  /** Sets bounds that show only in the run. */
  allow(bounds: Partial<Bounds>): void;
}

export interface RunningRig extends Rig {
  /** The bounds that the fault has set. */
  readonly allowed: Partial<Bounds>;
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

/** What is noted in the course of the run. */
function createBooks({ dataDir, headend }: Parts) {
  /** Rows seen in the database, each number and content once. */
  const rows = new Map<string, Entry>();
  const complaints: string[] = [];
  const allowed: Partial<Bounds> = {};
  let breaks = 0;
  return {
    allowed,
    look() {
      const view = viewStore(dataDir);
      for (const row of view?.rows ?? []) rows.set(`${numberOf(row)} ${row.body}`, row);
      return view;
    },
    broke() {
      breaks += 1;
    },
    complain: (complaint: string) => void complaints.push(complaint),
    failed: (thrown: unknown) => void complaints.push(String(thrown).slice(0, MOST_WORDS)),
    allow: (bounds: Partial<Bounds>) => void Object.assign(allowed, bounds),
    noted: () => ({
      committed: [...rows.values()],
      breaks,
      complaints: [...complaints, ...headend.violations],
    }),
  };
}

/** The lives of the gateway, one configuration for all but the last. */
function createLives({ dir, dataDir, meters, ends }: Parts, settings: Settings) {
  const config = join(dir, 'gateway.yaml');
  const gateways: Gateway[] = [];
  const retired = new Set<Gateway>();
  let isLast = false;
  writeFileSync(config, configText(settings, ends, isLast));
  return {
    gateways,
    /** Nothing falls due any more in lives that begin from now on. */
    retire() {
      isLast = true;
      writeFileSync(config, configText(settings, ends, isLast));
    },
    all: (answers: readonly number[]): Life[] =>
      gateways.map((gateway) => {
        const life = lifeOf(gateway, answers, settings);
        return retired.has(gateway) ? { ...life, due: 0 } : life;
      }),
    spawn(surroundings?: Surroundings): Gateway {
      const answered = meters.answers().length;
      const gateway = spawnGateway(config, dataDir, surroundings);
      gateways.push(gateway);
      if (isLast) retired.add(gateway);
      const isOver = () => !gateway.isRunning || meters.answers().length > answered;
      void until('the first poll', isOver, Infinity).then(gateway.hasPolled);
      return gateway;
    },
  };
}

type Lives = ReturnType<typeof createLives>;

function createWaits({ meters, headend }: Parts, { spawn }: Lives) {
  return {
    async start(surroundings?: Surroundings): Promise<Gateway> {
      const answered = meters.answers().length;
      const arrived = headend.arrivals.length;
      const gateway = spawn(surroundings);
      const isUp = () => meters.answers().length > answered && headend.arrivals.length > arrived;
      await until('the gateway to poll and deliver', () => !gateway.isRunning || isUp());
      if (gateway.isRunning) return gateway;
      throw new Error(`the gateway ended: ${gateway.log.at(-1)}`);
    },
    async flow(entries: number, ms?: number) {
      const end = headend.arrivals.length + entries;
      await until('entries to arrive', () => headend.arrivals.length >= end, ms);
    },
    async polled(answers: number, ms?: number) {
      const end = meters.answers().length + answers;
      await until('meters to be asked', () => meters.answers().length >= end, ms);
    },
  };
}

/** Everything but the gateway runs when this resolves. */
export async function openRig(settings: Settings): Promise<RunningRig> {
  const parts = await startParts(settings);
  const { dataDir, meters, headend } = parts;
  const books = createBooks(parts);
  const lives = createLives(parts, settings);

  async function stop(gateway: Gateway): Promise<void> {
    const code = await gateway.end('SIGTERM');
    if (code !== 0) books.complain(`exit code ${code} at SIGTERM`);
  }

  /** A last life that has only to deliver. */
  async function drain(): Promise<void> {
    lives.retire();
    books.broke();
    const gateway = lives.spawn();
    const isDone = () => {
      const { head = -1, acked = 0 } = positionOf(dataDir) ?? {};
      return head === acked;
    };
    await until('everything to be delivered', isDone, DRAIN_MS).catch(books.failed);
    await stop(gateway);
  }

  return {
    ...parts,
    ...books,
    ...createWaits(parts, lives),
    settings,
    spawn: lives.spawn,
    logs: () => lives.gateways.map(({ log }) => `${log.join('\n')}\n`).join('\n'),
    async conclude() {
      for (const gateway of lives.gateways) if (gateway.isRunning) await stop(gateway);
      if ((books.look()?.owed.length ?? 0) > 0) await drain();
      const view = books.look();
      return {
        ...books.noted(),
        arrivals: headend.arrivals,
        heads: headend.heads,
        kept: view?.owed ?? [],
        check: view?.check ?? 'not there',
        lives: lives.all(meters.answers()),
        meters: settings.meters,
        wasShown: meters.wasShown,
        wasEverShown: meters.wasEverShown,
      };
    },
    async close() {
      for (const gateway of lives.gateways) await gateway.end('SIGKILL');
      await parts.close();
    },
  };
}
