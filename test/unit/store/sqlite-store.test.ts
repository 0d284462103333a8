import { describe, expect, it } from 'vitest';
import { STREAMS } from '../../../src/core/reading.ts';
import {
  numbered,
  openFixture,
  temporaryDirectory,
  withDatabase,
} from '../../support/store-fixture.ts';

describe('append and range', () => {
  it('numbers every stream from 1 and gives the bodies back as they were', async () => {
    const { store, settle } = openFixture();
    const bodies = ['{"a":"1.10"}', '{ "电": "€ 😀" }', ''];
    for (const stream of STREAMS) {
      expect(await settle(store.append(stream, bodies))).toBe(1);
      expect(await settle(store.append(stream, ['{}']))).toBe(4);
      expect(await store.range(stream, 1, 3)).toEqual(
        bodies.map((body, index) => ({ seq: index + 1, body })),
      );
      expect(store.head(stream)).toBe(4);
    }
    expect(STREAMS).toHaveLength(4);
  });

  it('pages by number and limit', async () => {
    const { store, settle } = openFixture();
    await settle(store.append('curve', numbered(10)));
    expect((await store.range('curve', 4, 3)).map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect((await store.range('curve', 9, 100)).map(({ seq }) => seq)).toEqual([9, 10]);
    expect(await store.range('curve', 11, 100)).toEqual([]);
    expect(await store.range('curve', 1, 0)).toEqual([]);
  });

  it('keeps the numbers of concurrent appends contiguous, each append in one piece', async () => {
    const { store, settle } = openFixture({ commitRows: 7 });
    const sizes = Array.from({ length: 40 }, (_, index) => (index * 7) % 5);
    const firsts = await settle(
      Promise.all(sizes.map((size, index) => store.append('live', numbered(size, `a${index}`)))),
    );
    let next = 1;
    for (const [index, size] of sizes.entries()) {
      expect(firsts[index]).toBe(next);
      const rows = await store.range('live', next, size);
      expect(rows.map(({ body }) => body)).toEqual(numbered(size, `a${index}`));
      next += size;
    }
    expect(store.head('live')).toBe(next - 1);
    expect(next - 1).toBe(80);
  });

  it('goes on where it was after a reopen, in the same epoch', async () => {
    const dataDir = temporaryDirectory();
    const first = openFixture({ dataDir });
    await first.settle(first.store.append('billing', numbered(3)));
    await first.store.range('billing', 1, 3);
    await first.settle(first.store.ack('main', 'billing', 2));
    await first.store.close();

    const { store, settle, events } = openFixture({ dataDir });
    expect(events).toEqual([]);
    expect(store.epoch).toBe(first.store.epoch);
    expect(store.head('billing')).toBe(3);
    expect(store.acked('main', 'billing')).toBe(2);
    expect(await settle(store.append('billing', ['{}']))).toBe(4);
  });
});

describe('group commit', () => {
  it('makes one transaction of what arrives within the wait, acknowledgements too', async () => {
    const commits: number[] = [];
    const { store, settle, clock } = openFixture({ onCommit: (rows) => commits.push(rows) });
    await settle(store.append('live', ['{}']));
    commits.length = 0;
    const writes = [
      store.append('live', numbered(3)),
      store.append('event', numbered(2)),
      store.ack('main', 'live', 1),
    ];
    await clock.advance(19);
    expect(commits).toEqual([]);
    expect(store.head('live')).toBe(1);
    await clock.advance(1);
    await Promise.all(writes);
    expect(commits).toEqual([5]);
  });

  it('does not wait longer once enough rows are there', async () => {
    const commits: number[] = [];
    const { store, clock } = openFixture({ commitRows: 4, onCommit: (rows) => commits.push(rows) });
    await Promise.all([store.append('live', numbered(3)), store.append('live', ['{}'])]);
    expect(commits).toEqual([4]);
    expect(clock.waiting).toBe(0);
  });

  it('rejects the writes of a failed transaction only, and gives their numbers again', async () => {
    const { store, settle, dataDir } = openFixture();
    await settle(store.append('curve', ['"before"']));
    withDatabase(dataDir, (db) =>
      db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON row_curve WHEN new.body = '"bad"'
               BEGIN SELECT RAISE(ABORT, 'refused'); END`),
    );
    const failing = await settle(
      Promise.allSettled([
        store.append('live', ['{}']),
        store.append('curve', ['"good"', '"bad"']),
        store.ack('main', 'curve', 1),
      ]),
    );
    for (const outcome of failing) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'STORE_FAILED', cause: { code: 'SQLITE_CONSTRAINT_TRIGGER' } },
      });
    }
    expect([store.head('live'), store.head('curve'), store.acked('main', 'curve')]).toEqual([
      0, 1, 0,
    ]);
    expect(await settle(store.append('curve', ['"after"']))).toBe(2);
    expect(await settle(store.append('live', ['{}']))).toBe(1);
    expect((await store.range('curve', 1, 10)).map(({ body }) => body)).toEqual([
      '"before"',
      '"after"',
    ]);
  });
});

describe('acknowledgements', () => {
  it('keeps a cursor for each uplink and stream', async () => {
    const { store, settle } = openFixture({ uplinks: ['main', 'copy'] });
    await settle(store.append('curve', numbered(5)));
    await settle(store.append('live', numbered(5)));
    await settle(Promise.all([store.ack('main', 'curve', 4), store.ack('copy', 'curve', 2)]));
    expect(store.acked('main', 'curve')).toBe(4);
    expect(store.acked('copy', 'curve')).toBe(2);
    expect(store.acked('main', 'live')).toBe(0);
    expect(store.acked('nobody', 'curve')).toBe(0);
  });

  it('ignores a lower number than before', async () => {
    const dataDir = temporaryDirectory();
    const { store, settle } = openFixture({ dataDir });
    await settle(store.append('curve', numbered(5)));
    await settle(Promise.all([store.ack('main', 'curve', 4), store.ack('main', 'curve', 3)]));
    await settle(store.ack('main', 'curve', 1));
    expect(store.acked('main', 'curve')).toBe(4);
    await store.close();
    expect(openFixture({ dataDir }).store.acked('main', 'curve')).toBe(4);
  });

  it.each([6, -1, 1.5, Number.NaN])('rejects %s of 5 as a number never given', async (upTo) => {
    const { store, settle } = openFixture();
    await settle(store.append('curve', numbered(5)));
    await expect(store.ack('main', 'curve', upTo)).rejects.toMatchObject({
      code: 'UPLINK_BAD_MESSAGE',
    });
    expect(store.acked('main', 'curve')).toBe(0);
  });
});

describe('appended', () => {
  it('resolves at the next commit that added rows', async () => {
    const { store, settle } = openFixture();
    await settle(store.append('live', ['{}']));
    let isWoken = false;
    const waiting = store.appended(new AbortController().signal).then(() => {
      isWoken = true;
    });
    await settle(store.ack('main', 'live', 1));
    expect(isWoken).toBe(false);
    await settle(store.append('event', ['{}']));
    await waiting;
    expect(isWoken).toBe(true);
  });

  it('rejects with the reason of the signal', async () => {
    const { store } = openFixture();
    const abort = new AbortController();
    const waiting = store.appended(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(store.appended(abort.signal)).rejects.toThrow('enough');
  });
});

describe('close', () => {
  it('commits what is waiting and refuses what comes later', async () => {
    const dataDir = temporaryDirectory();
    const { store } = openFixture({ dataDir });
    const waiting = store.append('live', ['"last"']);
    const woken = store.appended(new AbortController().signal);
    await store.close();
    await store.close();
    expect(await waiting).toBe(1);
    await woken;
    await expect(store.append('live', ['{}'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.range('live', 1, 1)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await openFixture({ dataDir }).store.range('live', 1, 9)).toEqual([
      { seq: 1, body: '"last"' },
    ]);
  });
});
