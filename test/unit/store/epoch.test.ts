import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decideEpoch } from '../../../src/store/epoch.ts';
import { readWatermark, writeWatermark } from '../../../src/store/watermark.ts';
import { numbered, openFixture, temporaryDirectory } from '../../support/store-fixture.ts';

const heads = (curve: number) => ({ event: 0, billing: 0, curve, live: 0 });
const mark = (epoch: number, curve: number) => ({ epoch, heads: heads(curve) });

describe('the decision on the epoch', () => {
  const cases = [
    { name: 'agreement', stored: mark(50, 9), watermark: mark(50, 9), epoch: 50, reason: null },
    { name: 'unseen rows', stored: mark(50, 9), watermark: mark(50, 4), epoch: 50, reason: null },
    {
      name: 'a lost tail',
      stored: mark(50, 4),
      watermark: mark(50, 9),
      epoch: 51,
      reason: 'tail-lost',
    },
    {
      name: 'a lost file',
      stored: mark(0, 0),
      watermark: mark(50, 9),
      epoch: 51,
      reason: 'tail-lost',
    },
    {
      name: 'an unused one',
      stored: mark(0, 0),
      watermark: mark(50, 0),
      epoch: 51,
      reason: 'epoch-mismatch',
    },
    {
      name: 'an older file',
      stored: mark(49, 9),
      watermark: mark(50, 9),
      epoch: 51,
      reason: 'epoch-mismatch',
    },
    {
      name: 'a half begun epoch',
      stored: mark(51, 9),
      watermark: mark(50, 9),
      epoch: 52,
      reason: 'epoch-mismatch',
    },
    {
      name: 'no watermark',
      stored: mark(50, 9),
      watermark: null,
      epoch: 51,
      reason: 'watermark-missing',
    },
    { name: 'a first start', stored: mark(0, 0), watermark: null, epoch: 20, reason: 'first' },
  ];

  it.each(cases)('after $name is $epoch', ({ stored, watermark, epoch, reason }) => {
    expect(decideEpoch({ stored, watermark, now: 20_999 })).toMatchObject({ epoch, reason });
  });

  it('takes the seconds since 1970 where they are further on', () => {
    const witnesses = { stored: mark(50, 4), watermark: mark(50, 9), now: 77_000 };
    expect(decideEpoch(witnesses)).toEqual({
      epoch: 77,
      reason: 'tail-lost',
      lost: [{ stream: 'curve', from: 5, to: 9 }],
    });
  });
});

describe('the watermark file', () => {
  it('gives back what was written', () => {
    const path = join(temporaryDirectory(), 'watermark.json');
    writeWatermark(path, mark(50, 9));
    expect(readWatermark(path)).toEqual(mark(50, 9));
  });

  it('is not trusted with any one character changed', () => {
    const path = join(temporaryDirectory(), 'watermark.json');
    writeWatermark(path, mark(50, 9));
    const text = readFileSync(path, 'utf8').trimEnd();
    for (let at = 0; at < text.length; at++) {
      const changed = text[at] === '7' ? '8' : '7';
      writeFileSync(path, text.slice(0, at) + changed + text.slice(at + 1));
      expect(readWatermark(path), `character ${at}`).toBeNull();
    }
    expect(text.length).toBeGreaterThan(50);
  });
});

async function storeWithTail(dataDir: string) {
  const older = join(dataDir, 'older.db');
  const first = openFixture({ dataDir });
  await first.settle(first.store.append('curve', numbered(5, 'kept')));
  await first.store.close();
  copyFileSync(join(dataDir, 'amr.db'), older);
  const second = openFixture({ dataDir });
  await second.settle(second.store.append('curve', numbered(5, 'lost')));
  return { ...second, older };
}

describe('a store that lost its tail', () => {
  it('begins a new epoch and keeps what is left under its numbers', async () => {
    const dataDir = temporaryDirectory();
    const { store: before, older } = await storeWithTail(dataDir);
    before.range('curve', 1, 2);
    await before.close();
    copyFileSync(older, join(dataDir, 'amr.db'));

    const { store, settle, events } = openFixture({ dataDir });
    expect(store.epoch).toBeGreaterThan(before.epoch);
    expect(events.map(({ type, detail }) => [type, detail])).toEqual([
      ['store.epoch-changed', { epoch: store.epoch, previous: before.epoch, reason: 'tail-lost' }],
      ['store.tail-lost', { epoch: before.epoch, stream: 'curve', from: 6, to: 10 }],
    ]);
    expect(await settle(store.append('curve', ['"new"']))).toBe(6);
    expect((await store.range('curve', 1, 99)).map(({ body }) => body)).toEqual([
      ...numbered(5, 'kept'),
      '"new"',
    ]);
  });

  it('finds it after the WAL was cut or deleted', async () => {
    for (const damage of [(wal: string) => truncateSync(wal, 5000), (wal: string) => rmSync(wal)]) {
      const dataDir = temporaryDirectory();
      const crashed = temporaryDirectory();
      const { store: before } = await storeWithTail(dataDir);
      before.range('curve', 10, 1);
      for (const name of ['amr.db', 'amr.db-wal', 'watermark.json']) {
        copyFileSync(join(dataDir, name), join(crashed, name));
      }
      damage(join(crashed, 'amr.db-wal'));
      const { store, events } = openFixture({ dataDir: crashed });
      expect(store.epoch).toBeGreaterThan(before.epoch);
      expect(events.at(-1)).toMatchObject({ type: 'store.tail-lost', detail: { from: 6, to: 10 } });
    }
  });

  it('stays in its epoch where nobody had seen the tail', async () => {
    const dataDir = temporaryDirectory();
    const { store: before, older } = await storeWithTail(dataDir);
    before.range('curve', 1, 0);
    await before.close();
    copyFileSync(older, join(dataDir, 'amr.db'));
    const { store, events } = openFixture({ dataDir });
    expect([store.epoch, store.head('curve'), events]).toEqual([before.epoch, 5, []]);
  });

  it('puts the watermark on the disk before the rows leave, once for a whole backlog', async () => {
    const { store, settle, dataDir } = openFixture();
    const path = join(dataDir, 'watermark.json');
    await settle(store.append('curve', numbered(50)));
    expect(readWatermark(path)?.heads.curve).toBe(0);
    await store.range('curve', 1, 1);
    expect(readWatermark(path)?.heads.curve).toBe(50);
    rmSync(path);
    await store.range('curve', 1, 50);
    expect(readWatermark(path)).toBeNull();
  });
});
