/*
 * Durable readings a second through the store, single readings appended by many at a time, against
 * plain better-sqlite3 that inserts the same rows, checksum given, in transactions of the same size
 * on the same pragmas. Both are measured in turns, so that what else the machine does meets both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { systemClock } from '../../src/core/clock.ts';
import { applyPragmas } from '../../src/store/pragmas.ts';
import { migrate } from '../../src/store/schema.ts';
import { openThreadedStore } from '../../src/store/threaded-store.ts';
import { bodyOf } from './reading-body.ts';
import type { BenchOptions, Figures } from './run.ts';

const ROUNDS = 9;
const READINGS = 20_000;
/** The store's defaults. */
const COMMIT = { commitRows: 500, commitMs: 20 };
/**
 * As many appends wait as two commits take, so the store is busy all the time. With fewer, the
 * wait for company bounds the rate instead: 200 waiting give 200 rows every 20 ms at the most.
 */
const WAITING = 2 * COMMIT.commitRows;
/** Of the usual size, so that the plain rows are as long as the store's. */
const EPOCH = 1_795_000_000;
const CRC = 0xe3069283;

const bodies = Array.from({ length: READINGS }, (_, index) => bodyOf(index));

function perSecond(startedAt: number): number {
  return (READINGS * 1000) / (performance.now() - startedAt);
}

/** Runs `measure` in a directory of its own. */
async function inDirectory<T>(measure: (dataDir: string) => Promise<T> | T): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'amr-bench-'));
  try {
    return await measure(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function throughStore(dataDir: string) {
  const log = pino({ level: 'silent' });
  const { store } = await openThreadedStore({
    dataDir,
    clock: systemClock,
    log,
    uplinks: ['main'],
    ...COMMIT,
  });
  let next = 0;
  const appendInTurn = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      await store.append('curve', [body]);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: WAITING }, appendInTurn));
  const rate = perSecond(startedAt);
  await store.close();
  return rate;
}

function throughSqlite(dataDir: string): number {
  const batch = COMMIT.commitRows;
  const db = new Database(join(dataDir, 'plain.db'));
  applyPragmas(db);
  migrate(db);
  const insert = db.prepare<[number, number, number, string]>(
    'INSERT INTO row_curve (seq, epoch, crc, body) VALUES (?, ?, ?, ?)',
  );
  const insertBatch = db.transaction((from: number) => {
    for (const [index, body] of bodies.slice(from, from + batch).entries()) {
      insert.run(from + index + 1, EPOCH, CRC, body);
    }
  });
  const startedAt = performance.now();
  for (let from = 0; from < READINGS; from += batch) insertBatch.immediate(from);
  const rate = perSecond(startedAt);
  db.close();
  return rate;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

export async function run({ say }: BenchOptions): Promise<Figures> {
  const rounds: { measured: number; baseline: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const measured = await inDirectory(throughStore);
    const baseline = await inDirectory(throughSqlite);
    say(`round ${round}: store ${Math.round(measured)}/s, plain ${Math.round(baseline)}/s`);
    // The first round warms up code and disk.
    if (round > 0) rounds.push({ measured, baseline });
  }
  return {
    bench: 'store',
    ratio: Number(median(rounds.map(({ measured, baseline }) => measured / baseline)).toFixed(3)),
    measured: Math.round(median(rounds.map(({ measured }) => measured))),
    baseline: Math.round(median(rounds.map(({ baseline }) => baseline))),
    conditions: {
      unit: 'durable readings a second, median',
      rounds: ROUNDS,
      readings: READINGS,
      waiting: WAITING,
      commitRows: COMMIT.commitRows,
      commitMs: COMMIT.commitMs,
      bodyBytes: Math.round(bodies.join('').length / READINGS),
      synchronous: 'full',
      node: process.versions.node,
    },
  };
}
