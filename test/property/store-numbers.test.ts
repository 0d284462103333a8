import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { createLog, temporaryDirectory } from '../support/store-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/*
 * Random histories of a store with crashes, each crash followed by damage to the database: the
 * WAL cut or deleted, an older copy put back, everything or only the watermark wiped.
 */

/** Two are enough, and meet each other more often. */
const streamOf = fc.constantFrom<Stream>('billing', 'live');
/** Integers, because a random double is nearly always next to nothing. */
const percent = fc.integer({ min: 0, max: 100 });
const always = <const Word>(word: Word) => fc.constant(word);
/** What leaves most of the database weighs most: there the numbers can meet again. */
const damageOf = fc.oneof(
  { weight: 3, arbitrary: fc.record({ damage: always('none') }) },
  { weight: 6, arbitrary: fc.record({ damage: always('cut-wal'), keep: percent }) },
  { weight: 6, arbitrary: fc.record({ damage: always('restore'), back: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ damage: always('delete-wal') }) },
  { weight: 1, arbitrary: fc.record({ damage: always('delete-database') }) },
  { weight: 2, arbitrary: fc.record({ damage: always('delete-watermark') }) },
  { weight: 1, arbitrary: fc.record({ damage: always('delete-all') }) },
);
type Damage = typeof damageOf extends fc.Arbitrary<infer T> ? T : never;

const stepOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: always('append'),
      stream: streamOf,
      rows: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: always('range'),
      stream: streamOf,
      from: percent,
      limit: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: always('ack'), stream: streamOf }) },
  { weight: 1, arbitrary: fc.record({ op: always('prune') }) },
  { weight: 2, arbitrary: fc.record({ op: always('copy') }) },
  { weight: 2, arbitrary: fc.record({ op: always('crash'), damage: damageOf }) },
);
type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never;

const FILES = ['amr.db', 'amr.db-wal', 'watermark.json'];

function copyFiles(from: string, to: string, names: readonly string[]): void {
  mkdirSync(to, { recursive: true });
  for (const name of names) {
    rmSync(join(to, name), { force: true });
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}

function wreck(directory: string, damage: Damage, copies: readonly string[]): void {
  const path = (name: string) => join(directory, name);
  const wipe = (...names: string[]) => {
    for (const name of names) rmSync(path(name), { force: true });
  };
  switch (damage.damage) {
    case 'none':
      return;
    case 'cut-wal':
      if (!existsSync(path('amr.db-wal'))) return;
      truncateSync(
        path('amr.db-wal'),
        Math.floor((statSync(path('amr.db-wal')).size * damage.keep) / 100),
      );
      return;
    case 'delete-wal':
      wipe('amr.db-wal');
      return;
    case 'delete-database':
      wipe('amr.db');
      return;
    case 'delete-watermark':
      wipe('watermark.json');
      return;
    case 'delete-all':
      wipe(...FILES);
      return;
    case 'restore': {
      const copy = copies.at(-1 - damage.back);
      if (copy !== undefined) copyFiles(copy, directory, ['amr.db', 'amr.db-wal']);
    }
  }
}

function createHistory(root: string) {
  const clock = createVirtualClock();
  const { log } = createLog();
  /** Every (epoch, stream, seq) that was ever handed out. */
  const seen = new Map<string, string>();
  const copies: string[] = [];
  let generation = 0;
  let appended = 0;
  let newEpochs = 0;
  const directory = () => join(root, `life-${generation}`);
  const open = () =>
    openStore({ dataDir: directory(), clock, log, uplinks: ['main'], commitRows: 1, keepRows: 2 });
  let { store } = open();

  const look = async (stream: Stream, from: number, limit: number) => {
    const rows = await store.range(stream, from, limit);
    for (const [index, { seq, body }] of rows.entries()) {
      expect(seq).toBe((rows[0]?.seq ?? 0) + index);
      const key = `${store.epoch} ${stream} ${seq}`;
      expect(seen.get(key) ?? body, key).toBe(body);
      seen.set(key, body);
    }
  };

  const crash = async (damage: Damage) => {
    const before: Store = store;
    const dead = directory();
    generation += 1;
    copyFiles(dead, directory(), FILES);
    await before.close();
    wreck(directory(), damage, copies);
    clock.step(1000);
    ({ store } = open());
    if (store.epoch !== before.epoch) newEpochs += 1;
  };

  const step = async (taken: Step) => {
    if (taken.op === 'append') {
      const bodies = Array.from({ length: taken.rows }, () => `"${++appended}"`);
      const first = store.head(taken.stream) + 1;
      expect(await store.append(taken.stream, bodies)).toBe(first);
    } else if (taken.op === 'range') {
      await look(
        taken.stream,
        Math.ceil((store.head(taken.stream) * taken.from) / 100),
        taken.limit,
      );
    } else if (taken.op === 'ack') {
      const done = store.ack('main', taken.stream, store.head(taken.stream));
      await clock.advance(20);
      await done;
    } else if (taken.op === 'prune') {
      await store.prune();
    } else if (taken.op === 'copy') {
      const copy = join(root, `copy-${copies.length}`);
      copyFiles(directory(), copy, ['amr.db', 'amr.db-wal']);
      copies.push(copy);
    } else {
      await crash(taken.damage);
    }
  };

  return {
    step,
    async end() {
      for (const stream of STREAMS) await look(stream, 1, 10_000);
      await store.close();
      return { newEpochs, seen: seen.size };
    },
  };
}

describe('the numbers of the store', () => {
  it('never name other content in the same epoch, whatever happens to the files', async () => {
    const root = temporaryDirectory();
    let histories = 0;
    let newEpochs = 0;
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepOf, { minLength: 5, maxLength: 50, size: 'max' }),
        async (steps) => {
          const history = createHistory(join(root, String(histories++)));
          for (const taken of steps) await history.step(taken);
          const outcome = await history.end();
          newEpochs += outcome.newEpochs;
          seen += outcome.seen;
        },
      ),
      { numRuns: 50, interruptAfterTimeLimit: 60_000 },
    );
    expect(newEpochs).toBeGreaterThan(30);
    expect(seen).toBeGreaterThan(200);
  }, 120_000);
});
