import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { STREAMS } from '../../src/core/reading.ts';
import { createRandom } from '../../src/sim/random.ts';
import { lacksMosquitto, type Mosquitto, startMosquitto } from '../support/broker.ts';
import { spawnDaemon } from '../support/daemon.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { startSim } from '../support/sim-process.ts';
import { numberKey, type SlowHeadend, startSlowHeadend } from '../support/slow-headend.ts';
import { until } from '../support/uplink-fixture.ts';

const KILLS = 20;
/** In these lives of the gateway the broker is killed too. */
const BROKER_KILLS = [4, 9, 13, 17];
const METERS = 8;
const BAUD = 2400;
const SEED = 20261123;
const AT = { site: 'hz-xihu', gateway: 'gw17' };

const moments = createRandom(SEED);
const pause = (low: number, high: number) => systemClock.sleep(moments.between(low, high));

/** What the test found in the database and did on the way. */
interface Evidence {
  readonly dataDir: string;
  readonly config: string;
  /** Every row ever seen committed: number -> body. */
  readonly committed: Map<string, string>;
  /** Numbers that had other content at an earlier look. */
  readonly reused: string[];
}

/** `schedule` makes the plan: one that is always due, or one that is not due for hours. */
function writeConfig(file: string, { meters: ids, port, broker }: Parts, schedule: string): void {
  const meters = ids.map(
    (id) => `  - { id: "${id}", bus: rs485-1, model: dlt645-2007, plans: [fast] }`,
  );
  const lines = [
    `site: ${AT.site}`,
    `gateway: ${AT.gateway}`,
    'buses:',
    `  rs485-1: { serial: { path: ${port}, baudRate: ${BAUD}, parity: even } }`,
    'plans:',
    `  fast: { ${schedule}, read: energy_active_import }`,
    'meters:',
    ...meters,
    'uplinks:',
    `  - mqtt: { url: "${broker.url}", delivery: headend, resendAfter: 2s, batch: 7 }`,
    '',
  ];
  writeFileSync(file, lines.join('\n'));
}

interface Parts {
  readonly meters: readonly string[];
  /** The end of the line at which the gateway is. */
  readonly port: string;
  readonly broker: Mosquitto;
}

async function startParts(): Promise<Parts> {
  const pair = await openPtyPair();
  onTestFinished(() => pair.stop());
  const line = await startSim(['--serial', pair.far, '--meters', `${METERS}`, '--baud', `${BAUD}`]);
  onTestFinished(() => line.stop());
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  return { meters: line.meters, port: pair.near, broker };
}

function newEvidence(): Evidence {
  const directory = mkdtempSync(join(tmpdir(), 'amr-kill-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  const config = join(directory, 'gateway.yaml');
  return { dataDir, config, committed: new Map(), reused: [] };
}

function withDatabase<T>({ dataDir }: Evidence, look: (db: Database.Database) => T): T {
  const db = new Database(join(dataDir, 'amr.db'), { readonly: true, fileMustExist: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}

interface Row {
  readonly epoch: number;
  readonly seq: number;
  readonly body: string;
}

/** Looks at all rows; what was committed once must stay what it was. */
function collect(evidence: Evidence): void {
  const { committed, reused } = evidence;
  if (!existsSync(join(evidence.dataDir, 'amr.db'))) return;
  withDatabase(evidence, (db) => {
    // The first life may end before there are tables.
    if (db.pragma('user_version', { simple: true }) === 0) return;
    for (const stream of STREAMS) {
      const rows = db.prepare<[], Row>(`SELECT epoch, seq, body FROM row_${stream}`).all();
      for (const { epoch, seq, body } of rows) {
        const key = numberKey(epoch, stream, seq);
        const known = committed.get(key);
        if (known !== undefined && known !== body) reused.push(key);
        committed.set(key, body);
      }
    }
  });
}

/** Rows that the cursor of the uplink has not passed. */
function unacknowledged(evidence: Evidence): number {
  const sum = `SELECT sum(head - coalesce(acked, 0)) FROM stream
    LEFT JOIN cursor ON stream = name AND uplink = 'main'`;
  return withDatabase(evidence, (db) => db.prepare<[], number>(sum).pluck().get() ?? -1);
}

async function liveAndDie(evidence: Evidence, broker: Mosquitto | null): Promise<void> {
  const daemon = spawnDaemon(evidence.config, evidence.dataDir);
  await pause(300, 4000);
  if (broker !== null) {
    await broker.kill();
    await pause(0, 800);
    await broker.restart();
    await pause(300, 2500);
  }
  const isRunning = (await Promise.race([daemon.ended, null])) === null;
  expect(isRunning, daemon.log.join('\n')).toBe(true);
  await daemon.end('SIGKILL');
}

/** A last life in which nothing falls due: it has only to deliver what is there. */
async function drain(evidence: Evidence, parts: Parts): Promise<void> {
  const far = new Date(Date.now() + 12 * 3_600_000).toISOString().slice(11, 16);
  writeConfig(evidence.config, parts, `at: "${far}"`);
  const daemon = spawnDaemon(evidence.config, evidence.dataDir);
  onTestFinished(async () => {
    await daemon.end('SIGKILL');
  });
  await daemon.started;
  await until('all acknowledged', () => unacknowledged(evidence) === 0, 30_000);
  expect(await daemon.end('SIGTERM')).toBe(0);
}

function lostFrom({ committed }: Evidence, { received }: SlowHeadend): string[] {
  return [...committed].filter(([key, body]) => received.get(key) !== body).map(([key]) => key);
}

describe.skipIf(lacksMosquitto || lacksSocat)('a gateway that is killed again and again', () => {
  it('delivers every committed row, and none with two contents', async () => {
    const evidence = newEvidence();
    const parts = await startParts();
    const { broker } = parts;
    writeConfig(evidence.config, parts, 'every: 1s');
    const leisure = createRandom(SEED + 1);
    const headend = await startSlowHeadend(broker.url, AT, () => leisure.between(0, 400));
    onTestFinished(() => headend.close());

    for (let kill = 0; kill < KILLS; kill++) {
      await liveAndDie(evidence, BROKER_KILLS.includes(kill) ? broker : null);
      collect(evidence);
    }
    await drain(evidence, parts);
    collect(evidence);

    const { committed, reused } = evidence;
    const { received, duplicates, contradictions } = headend;
    process.stdout.write(
      `${KILLS} kills of the gateway, ${BROKER_KILLS.length} of the broker, seed ${SEED}: ` +
        `${committed.size} rows, ${received.size} received, ${duplicates} duplicates\n`,
    );
    expect(committed.size).toBeGreaterThan(2 * KILLS);
    expect(lostFrom(evidence, headend)).toEqual([]);
    expect({ contradictions, reused }).toEqual({ contradictions: [], reused: [] });
    expect([...received.keys()].filter((key) => !committed.has(key))).toEqual([]);
    expect(new Set([...committed.keys()].map((key) => key.split(' ')[0])).size).toBe(1);
    const check = withDatabase(evidence, (db) => db.pragma('quick_check', { simple: true }));
    expect(check).toBe('ok');
  }, 150_000);
});
