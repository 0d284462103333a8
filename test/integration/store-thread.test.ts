import { openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { AmrError } from '../../src/core/errors.ts';
import type { AmrEvent } from '../../src/core/reading.ts';
import type { Store } from '../../src/core/store.ts';
import { openThreadedStore, type ThreadedOptions } from '../../src/store/threaded-store.ts';
import { createLog, temporaryDirectory, withDatabase } from '../support/store-fixture.ts';

const bodies = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => `{"n":${from + index},"pad":"${'x'.repeat(300)}"}`);

async function open(dataDir: string, options: Partial<ThreadedOptions> = {}) {
  const { log } = createLog();
  const events: AmrEvent[] = [];
  const opened = await openThreadedStore({
    dataDir,
    clock: systemClock,
    log,
    uplinks: ['main'],
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => opened.store.close());
  return { ...opened, later: events };
}

const until = async (what: string, isSo: () => boolean) => {
  for (let left = 500; !isSo(); left--) {
    if (left === 0) throw new Error(`waited in vain: ${what}`);
    await systemClock.sleep(20);
  }
};

/** Overwrites whole pages of the database in the middle of its rows. */
function wreckPages(dataDir: string, first: number, count: number): void {
  const file = openSync(join(dataDir, 'amr.db'), 'r+');
  for (let page = first; page < first + count; page++) {
    writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, page * 4096);
  }
}

const numbersOf = async (store: Store) => {
  const found: number[] = [];
  for (let from = 1; ; ) {
    const rows = await store.range('billing', from, 1000);
    if (rows.length === 0) return found;
    found.push(...rows.map(({ body }) => Number(JSON.parse(body).n)));
    from = (rows.at(-1)?.seq ?? 0) + 1;
  }
};

describe('the store in its thread', () => {
  it('keeps rows, cursors and notes over a restart', async () => {
    const dataDir = temporaryDirectory();
    const { store } = await open(dataDir);
    const woken = store.appended(AbortSignal.timeout(5000));
    expect(await store.append('billing', bodies(3))).toBe(1);
    await woken;
    expect(store.head('billing')).toBe(3);
    await store.ack('main', 'billing', 2);
    expect(store.acked('main', 'billing')).toBe(2);
    store.notesOf('m1').note('holes', '17');
    expect(await store.stats()).toMatchObject({ depth: { billing: 1, live: 0 } });
    await store.close();
    await expect(store.append('billing', ['{}'])).rejects.toMatchObject({ code: 'STORE_FAILED' });

    const again = await open(dataDir);
    expect(again.events).toEqual([]);
    expect(again.store.epoch).toBe(store.epoch);
    expect(again.store.head('billing')).toBe(3);
    expect(again.store.acked('main', 'billing')).toBe(2);
    expect(again.store.notesOf('m1').recall('holes')).toBe('17');
    expect(await numbersOf(again.store)).toEqual([1, 2, 3]);
  });

  it('refuses with its own error codes', async () => {
    const dataDir = temporaryDirectory();
    const { store } = await open(dataDir);
    await expect(store.ack('main', 'billing', 9)).rejects.toMatchObject({
      code: 'UPLINK_BAD_MESSAGE',
      context: { upTo: 9, head: 0 },
    });
    await store.close();
    withDatabase(dataDir, (db) => db.pragma('user_version = 999'));
    await expect(open(dataDir)).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' });
  });

  it('replaces a database that breaks in use and salvages what nobody has yet', async () => {
    const dataDir = temporaryDirectory();
    const { store, later } = await open(dataDir);
    await store.append('billing', bodies(20_000));
    await store.ack('main', 'billing', 100);
    const before = store.epoch;
    await store.close();
    withDatabase(dataDir, (db) =>
      db.exec(`UPDATE row_billing SET body = '{"n":77777}' WHERE seq = 15000`),
    );
    const opened = await open(dataDir);
    // In the middle of 20,000 rows of some 330 bytes; the first rows are read before.
    wreckPages(dataDir, 800, 40);
    const renewed = opened.store.renewed(AbortSignal.timeout(10_000));
    await numbersOf(opened.store).catch(() => []);
    await renewed;
    expect(opened.store.epoch).toBeGreaterThan(before);
    const fresh = await opened.store.append('billing', ['{"n":-1}']);
    expect(fresh).toBeGreaterThan(0);
    const told = () => opened.later.find(({ type }) => type === 'store.salvaged');
    await until('salvage', () => told() !== undefined);
    expect([...later, ...opened.later].map(({ type }) => type)).toContain('store.set-aside');

    const found = await numbersOf(opened.store);
    const salvaged = found.filter((n) => n > 0);
    const { rows, lost } = told()?.detail ?? {};
    expect(found).toContain(-1);
    expect(found).not.toContain(77_777);
    expect(found).not.toContain(15_000);
    expect(new Set(salvaged).size).toBe(salvaged.length);
    expect(salvaged.length).toBe(rows);
    expect(salvaged.length + Number(lost)).toBe(19_900);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(1000);
    const named = String(told()?.detail['lostNumbers']).split(' ');
    const counted = named.map((range) => range.split('-').map(Number));
    expect(counted.reduce((sum, [from = 0, to = from]) => sum + to - from + 1, 0)).toBe(lost);
    expect(named).toContain('15000');
    expect(readdirSync(dataDir).some((name) => name.startsWith('amr.db.corrupt-'))).toBe(true);
  }, 60_000);

  it.each([
    ['its first 16 bytes', 0, 16],
    ['its whole header', 0, 100],
  ])(
    'salvages all of a database that has lost %s',
    async (_, from, bytes) => {
      const dataDir = temporaryDirectory();
      const { store } = await open(dataDir);
      await store.append('billing', bodies(3000));
      await store.ack('main', 'billing', 1000);
      await store.close();
      const file = openSync(join(dataDir, 'amr.db'), 'r+');
      writeSync(file, Buffer.alloc(bytes, 0x5a), 0, bytes, from);

      const opened = await open(dataDir);
      expect(opened.events.map(({ type }) => type)).toContain('store.set-aside');
      const told = () => opened.later.find(({ type }) => type === 'store.salvaged');
      await until('salvage', () => told() !== undefined);
      expect(told()?.detail).toMatchObject({ stream: 'billing', rows: 2000, lost: 0 });
      expect(await numbersOf(opened.store)).toEqual(
        Array.from({ length: 2000 }, (_one, index) => 1001 + index),
      );
    },
    60_000,
  );

  /** Overwrites the root page of a table, with the daemon away. */
  function wreckRoot(dataDir: string, table: string): void {
    const root = withDatabase(dataDir, (db) =>
      db
        .prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?')
        .pluck()
        .get(table),
    );
    wreckPages(dataDir, Number(root) - 1, 1);
  }

  /** A backlog that nobody has been given, so that the watermark does not cover it. */
  async function withBacklog(rows: number): Promise<string> {
    const dataDir = temporaryDirectory();
    const { store } = await open(dataDir);
    await store.append('billing', bodies(rows));
    await store.close();
    return dataDir;
  }

  it('names every row of a table whose root is gone', async () => {
    const dataDir = await withBacklog(3000);
    wreckRoot(dataDir, 'row_billing');
    const opened = await open(dataDir);
    const told = () => opened.later.find(({ type }) => type === 'store.salvaged');
    await until('salvage', () => told() !== undefined);
    const { lost, lostNumbers } = told()?.detail ?? {};
    expect([lost, lostNumbers]).toEqual([3000, '1-3000']);
  }, 60_000);

  it('salvages the rows where the table of the streams is gone', async () => {
    const dataDir = await withBacklog(3000);
    wreckRoot(dataDir, 'stream');
    const opened = await open(dataDir);
    const told = () => opened.later.find(({ type }) => type === 'store.salvaged');
    await until('salvage', () => told() !== undefined);
    expect(told()?.detail).toMatchObject({ stream: 'billing', rows: 3000, lost: 0 });
    expect(await numbersOf(opened.store)).toHaveLength(3000);
  }, 60_000);

  it('ends, rather than refuse for ever, where a damaged database cannot be replaced', async () => {
    const dataDir = await withBacklog(20_000);
    const lost = Promise.withResolvers<AmrError>();
    const { store } = await open(dataDir, { onLost: lost.resolve });
    wreckPages(dataDir, 800, 40);
    // The thread holds the file open; nothing new can be made where it was.
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, '');
    await expect(store.range('billing', 1, 20_000)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
    expect(await lost.promise).toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.append('billing', ['{}'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  }, 60_000);

  it('names what was committed and is gone, though nobody had seen it', async () => {
    const dataDir = temporaryDirectory();
    const { store } = await open(dataDir);
    await store.append('curve', bodies(50));
    await store.prune();
    await store.close();
    for (const name of ['amr.db', 'amr.db-wal', 'amr.db-shm']) {
      rmSync(join(dataDir, name), { force: true });
    }
    const { events } = await open(dataDir);
    const lost = events.filter(({ type }) => type === 'store.tail-lost');
    expect(lost.map(({ detail }) => detail)).toMatchObject([{ stream: 'curve', from: 1, to: 50 }]);
  });

  it('drops live readings before billing ones when it is full, and tells so', async () => {
    const dataDir = temporaryDirectory();
    const { store, later } = await open(dataDir, { maxBytes: 4 * 1024 * 1024 });
    await store.append('billing', bodies(1000));
    for (let from = 1; from <= 20_000; from += 1000) await store.append('live', bodies(1000, from));
    const { dropped, bytes, maxBytes } = await store.stats();
    expect(dropped.live).toBeGreaterThan(0);
    expect(dropped.billing).toBe(0);
    expect(await numbersOf(store)).toHaveLength(1000);
    expect(statSync(join(dataDir, 'amr.db')).size).toBeLessThanOrEqual(maxBytes);
    expect(bytes).toBeGreaterThan(0);
    const told = later.filter(({ type }) => type === 'store.dropped');
    const named = told.reduce((sum, { detail }) => sum + Number(detail['unsent']), 0);
    expect(named).toBe(dropped.live);
    expect(told.map(({ detail }) => detail['stream'])).not.toContain('billing');
  }, 60_000);
});
