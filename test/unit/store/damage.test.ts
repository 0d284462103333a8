import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AmrEvent, eventSchema } from '../../../src/core/reading.ts';
import {
  numbered,
  openFixture,
  temporaryDirectory,
  withDatabase,
} from '../../support/store-fixture.ts';

function corruptRow(dataDir: string, seq: number): void {
  withDatabase(dataDir, (db) =>
    db.prepare(`UPDATE row_curve SET body = replace(body, 'row', 'rox') WHERE seq = ?`).run(seq),
  );
}

describe('a damaged row', () => {
  it('is never given out, ends the run before it and is reported once', async () => {
    const events: AmrEvent[] = [];
    const fixture = openFixture({ onEvent: (event) => events.push(event) });
    const { store, settle, dataDir, lines } = fixture;
    await settle(store.append('curve', numbered(8)));
    for (const seq of [3, 4, 8]) corruptRow(dataDir, seq);

    const seqs = async (from: number, limit = 100) =>
      (await store.range('curve', from, limit)).map(({ seq }) => seq);
    expect(await seqs(1)).toEqual([1, 2]);
    expect(await seqs(3)).toEqual([5, 6, 7]);
    expect(await seqs(3, 1)).toEqual([5]);
    expect(await seqs(8)).toEqual([]);
    expect(await seqs(1)).toEqual([1, 2]);

    const damaged = [3, 4, 8].map((seq) => ({ stream: 'curve', seq }));
    expect(events.map(({ detail }) => detail)).toEqual(damaged);
    expect(events.map((event) => eventSchema.parse(event).type)).toEqual(
      damaged.map(() => 'store.row-damaged'),
    );
    const errors = lines.filter(({ level }) => level === 50);
    expect(errors).toMatchObject(
      damaged.map((facts) => ({ ...facts, err: { code: 'STORE_CORRUPT' } })),
    );
  });

  it.each([
    ['its epoch', 'UPDATE row_curve SET epoch = epoch + 1 WHERE seq = 2'],
    ['its checksum', 'UPDATE row_curve SET crc = crc + 1 WHERE seq = 2'],
    ['its place', 'UPDATE row_curve SET body = (SELECT body FROM row_curve WHERE seq = 1)'],
  ])('is found by %s too', async (_, damage) => {
    const { store, settle, dataDir } = openFixture();
    await settle(store.append('curve', numbered(3)));
    withDatabase(dataDir, (db) => db.exec(damage));
    expect((await store.range('curve', 1, 9)).map(({ seq }) => seq)).toEqual([1]);
  });

  it('that vanished ends the run too, so that no row gets a number of another', async () => {
    const { store, settle, dataDir, lines } = openFixture();
    await settle(store.append('curve', numbered(5)));
    withDatabase(dataDir, (db) => db.exec('DELETE FROM row_curve WHERE seq = 3'));
    expect((await store.range('curve', 1, 9)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await store.range('curve', 3, 9)).map(({ seq }) => seq)).toEqual([4, 5]);
    expect(lines.filter(({ level }) => level === 50)).toMatchObject([{ stream: 'curve', seq: 3 }]);
  });
});

async function storeWithRows(dataDir: string) {
  const { store, settle } = openFixture({ dataDir });
  await settle(store.append('curve', numbered(2000)));
  await store.range('curve', 1, 10);
  await store.close();
  return store.epoch;
}

describe('a damaged database', () => {
  const overwrite = (dataDir: string, at: number, bytes: Buffer) => {
    const file = openSync(join(dataDir, 'amr.db'), 'r+');
    writeSync(file, bytes, 0, bytes.length, at);
    closeSync(file);
  };
  const damages: readonly [string, (dataDir: string) => void][] = [
    ['is no database', (dataDir) => writeFileSync(join(dataDir, 'amr.db'), 'x'.repeat(5000))],
    [
      'has a broken page after an unclean stop',
      (dataDir) => {
        withDatabase(dataDir, (db) => {
          db.exec('UPDATE store SET clean = 0');
          db.pragma('wal_checkpoint(TRUNCATE)');
        });
        overwrite(dataDir, 4096 * 12, Buffer.alloc(4096, 0xa5));
      },
    ],
    ['lacks a table', (dataDir) => withDatabase(dataDir, (db) => db.exec('DROP TABLE row_live'))],
    [
      'has a head below its newest row',
      (dataDir) =>
        withDatabase(dataDir, (db) =>
          db.exec(`UPDATE stream SET head = 1000 WHERE name = 'curve'`),
        ),
    ],
  ];

  it.each(damages)('that %s is set aside and a new epoch begins', async (_, damage) => {
    const dataDir = temporaryDirectory();
    const epoch = await storeWithRows(dataDir);
    damage(dataDir);
    const broken = readFileSync(join(dataDir, 'amr.db'));

    const { store, settle, events, lines } = openFixture({ dataDir });
    const aside = readdirSync(dataDir).filter((name) => name.includes('.corrupt-'));
    const file = aside.find((name) => /^amr\.db\.corrupt-\w+$/.test(name)) ?? '';
    expect(readFileSync(join(dataDir, file)).equals(broken)).toBe(true);
    expect(store.epoch).toBeGreaterThan(epoch);
    expect(await settle(store.append('curve', ['"fresh"']))).toBe(1);
    expect(events.map((event) => eventSchema.parse(event).type)).toEqual([
      'store.set-aside',
      'store.epoch-changed',
      'store.tail-lost',
    ]);
    expect(events[2]?.detail).toEqual({ epoch, stream: 'curve', from: 1, to: 2000 });
    expect(lines.filter(({ level }) => level === 50).map(({ msg }) => msg)).toEqual([
      'damaged database set aside',
      'store lost published rows',
    ]);
  });

  it('never overwrites one that was set aside before', async () => {
    const dataDir = temporaryDirectory();
    for (const content of ['first', 'second']) {
      writeFileSync(join(dataDir, 'amr.db'), content.repeat(1000));
      await openFixture({ dataDir }).store.close();
    }
    const aside = readdirSync(dataDir).filter((name) => name.includes('.corrupt-'));
    const contents = aside.map((name) => readFileSync(join(dataDir, name), 'utf8').slice(0, 5));
    expect(contents.sort()).toEqual(['first', 'secon']);
  });

  it('is not what a missing permission is taken for', () => {
    const dataDir = join(temporaryDirectory(), 'file');
    writeFileSync(dataDir, '');
    expect(() => openFixture({ dataDir })).toThrowError(
      expect.objectContaining({ code: 'STORE_FAILED' }),
    );
  });
});
