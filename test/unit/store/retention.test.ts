import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  numbered,
  openFixture,
  temporaryDirectory,
  withDatabase,
} from '../../support/store-fixture.ts';

describe('prune', () => {
  it('deletes what every configured uplink has, except the newest rows', async () => {
    const { store, settle } = openFixture({ uplinks: ['main', 'copy'], keepRows: 3 });
    await settle(store.append('curve', numbered(20)));
    await settle(Promise.all([store.ack('main', 'curve', 20), store.ack('copy', 'curve', 8)]));
    expect(await store.prune()).toBe(8);
    expect((await store.range('curve', 1, 1))[0]?.seq).toBe(9);
    await settle(store.ack('copy', 'curve', 20));
    expect(await store.prune()).toBe(9);
    expect((await store.range('curve', 1, 99)).map(({ seq }) => seq)).toEqual([18, 19, 20]);
    expect(await store.prune()).toBe(0);
  });

  it('is not held back by the cursor of an uplink that is configured no more', async () => {
    const dataDir = temporaryDirectory();
    const first = openFixture({ dataDir, uplinks: ['main', 'old'] });
    await first.settle(first.store.append('curve', numbered(10)));
    await first.settle(first.store.ack('old', 'curve', 2));
    await first.settle(first.store.ack('main', 'curve', 10));
    await first.store.close();

    const { store } = openFixture({ dataDir, uplinks: ['main'], keepRows: 1 });
    expect(await store.prune()).toBe(9);
    expect(store.acked('old', 'curve')).toBe(2);
  });

  it('leaves everything where no uplink is configured', async () => {
    const { store, settle } = openFixture({ uplinks: [], keepRows: 0 });
    await settle(store.append('curve', numbered(10)));
    await settle(store.ack('main', 'curve', 10));
    expect(await store.prune()).toBe(0);
    expect((await store.stats()).depth.curve).toBe(10);
  });

  it('goes on with the old numbers when a stream was emptied', async () => {
    const dataDir = temporaryDirectory();
    const first = openFixture({ dataDir, keepRows: 0 });
    await first.settle(first.store.append('curve', numbered(10)));
    await first.settle(first.store.ack('main', 'curve', 10));
    expect(await first.store.prune()).toBe(10);
    await first.store.close();

    const { store, settle, events } = openFixture({ dataDir });
    expect(events).toEqual([]);
    expect(store.head('curve')).toBe(10);
    expect(await settle(store.append('curve', ['{}']))).toBe(11);
  });

  it('bounds one call and gives the pages back to the file system', async () => {
    const { store, settle, dataDir } = openFixture({ keepRows: 0 });
    await settle(store.append('curve', numbered(10_500)));
    await settle(store.ack('main', 'curve', 10_500));
    const free = () =>
      withDatabase(dataDir, (db) => Number(db.pragma('freelist_count', { simple: true })));
    const pages = (await store.stats()).bytes;
    expect([await store.prune(), await store.prune(), await store.prune()]).toEqual([
      10_000, 500, 0,
    ]);
    for (let calls = 0; calls < 20; calls++) await store.prune();
    expect(free()).toBe(0);
    await store.close();
    expect(statSync(join(dataDir, 'amr.db')).size).toBeLessThan(pages / 2);
  });
});

describe('stats', () => {
  it('counts what the slowest configured uplink lacks, as far as it is still there', async () => {
    const dataDir = temporaryDirectory();
    const first = openFixture({ dataDir, uplinks: ['main', 'copy'], keepRows: 0 });
    await first.settle(first.store.append('curve', numbered(20)));
    await first.settle(first.store.append('live', numbered(4)));
    await first.settle(first.store.ack('main', 'curve', 20));
    await first.settle(first.store.ack('copy', 'curve', 5));
    expect((await first.store.stats()).depth).toEqual({ event: 0, billing: 0, curve: 15, live: 4 });
    await first.store.prune();
    await first.store.close();

    const { store } = openFixture({ dataDir, uplinks: ['main', 'copy', 'new'] });
    expect((await store.stats()).depth.curve).toBe(15);
  });

  it('counts the bytes of the database and its WAL', async () => {
    const { store, settle, dataDir } = openFixture();
    const before = (await store.stats()).bytes;
    await settle(store.append('live', ['x'.repeat(100_000)]));
    expect((await store.stats()).bytes).toBeGreaterThan(before + 100_000);
    const wal = statSync(join(dataDir, 'amr.db-wal')).size;
    const pages = withDatabase(dataDir, (db) => Number(db.pragma('page_count', { simple: true })));
    expect((await store.stats()).bytes).toBe(pages * 4096 + wal);
  });
});
