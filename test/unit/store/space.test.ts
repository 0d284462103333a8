import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AmrEvent } from '../../../src/core/reading.ts';
import { setAside, storePaths } from '../../../src/store/files.ts';
import { BALLAST_BYTES } from '../../../src/store/space.ts';
import { openFixture, temporaryDirectory } from '../../support/store-fixture.ts';

const rows = (count: number) => Array.from({ length: count }, () => `"${'x'.repeat(500)}"`);
const CAP = 3 * 1024 * 1024;

describe('the cap of the database', () => {
  it('takes delivered rows first, then live, curve, events, and billing last', async () => {
    const told: AmrEvent[] = [];
    const { store, settle } = openFixture({
      maxBytes: CAP,
      keepRows: 1_000_000,
      onEvent: (event) => told.push(event),
    });
    for (const stream of ['billing', 'event', 'curve', 'live'] as const) {
      await settle(store.append(stream, rows(1000)));
    }
    await settle(store.ack('main', 'billing', 500));
    const order: string[] = [];
    let oldestBilling: number | undefined;
    for (let round = 0; round < 60; round++) {
      await settle(store.append('billing', rows(100)));
      for (const { detail } of told.splice(0)) order.push(String(detail['stream']));
      oldestBilling ??= order.length > 0 ? (await store.range('billing', 1, 1))[0]?.seq : undefined;
    }
    // What was delivered went before anything else, without a word.
    expect(oldestBilling).toBe(501);
    expect(order.slice(0, 3)).toEqual(['live', 'curve', 'event']);
    expect(order.length).toBeGreaterThan(3);
    expect(new Set(order.slice(3))).toEqual(new Set(['billing']));
    const { dropped } = await store.stats();
    expect(dropped).toMatchObject({ live: 1000, curve: 1000, event: 1000 });
    const [first] = await store.range('billing', 1, 1);
    expect((first?.seq ?? 0) - 501).toBe(dropped.billing);
  });

  it('refuses a batch that no drop makes room for', async () => {
    const { store, settle, dataDir } = openFixture({ maxBytes: CAP });
    await settle(store.append('billing', rows(10)));
    const huge = store.append('billing', [`"${'x'.repeat(2 * CAP)}"`]);
    await expect(settle(huge)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await settle(store.append('billing', rows(1)));
    expect(statSync(join(dataDir, 'amr.db')).size).toBeLessThanOrEqual(CAP);
  });
});

describe('the ballast', () => {
  it('is laid down with real blocks, and again when it is gone', async () => {
    const { store, dataDir } = openFixture();
    const ballast = join(dataDir, 'ballast');
    expect(existsSync(ballast)).toBe(false);
    await store.prune();
    const { size, blocks } = statSync(ballast);
    expect(size).toBe(BALLAST_BYTES);
    expect(blocks * 512).toBeGreaterThanOrEqual(BALLAST_BYTES);
    rmSync(ballast);
    await store.prune();
    expect(statSync(ballast).size).toBe(BALLAST_BYTES);
  });
});

describe('damaged databases set aside', () => {
  it('are kept, the newest three', () => {
    const dataDir = temporaryDirectory();
    const paths = storePaths(dataDir);
    for (let day = 1; day <= 5; day++) {
      for (const suffix of ['', '-wal']) writeFileSync(paths.database + suffix, `${day}`);
      setAside(paths, Date.UTC(2026, 10, day));
    }
    const days = readdirSync(dataDir).map((name) => /-(202611\d\d)T/.exec(name)?.[1]);
    expect(days.sort()).toEqual(['03', '03', '04', '04', '05', '05'].map((day) => `202611${day}`));
  });
});
