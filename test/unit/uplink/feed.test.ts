import { describe, expect, it } from 'vitest';
import { buildBatch } from '../../../src/uplink/batch.ts';
import { createCaution } from '../../../src/uplink/caution.ts';
import { createFeed, type FeedDeps, type Outgoing } from '../../../src/uplink/feed.ts';

const MINUTE = 60_000;

/** A feed over rows of one body, two a message; numbers in `gone` have no row. */
function setUp(options: Partial<FeedDeps> & { rows: number; gone?: readonly number[] }) {
  const { rows, gone = [], ...deps } = options;
  const state = {
    head: rows,
    acked: 0,
    tooLarge: [] as number[],
    delivered: [] as number[],
    gaps: [] as (readonly [number, number])[],
    reads: 0,
  };
  const envelope = {
    gateway: 'g',
    epoch: 1,
    stream: 'billing',
    sent: '',
    clock: 'synced',
  } as const;
  const feed = createFeed({
    topic: 'data/billing',
    delivery: 'broker',
    most: 16,
    gather: 0,
    resendAfter: 10 * MINUTE,
    caution: createCaution(() => 1),
    head: () => state.head,
    acked: () => state.acked,
    async range(from, limit) {
      state.reads += 1;
      const numbers = Array.from({ length: state.head - from + 1 }, (_, index) => from + index);
      const stored = numbers.filter((seq) => !gone.includes(seq)).slice(0, limit);
      // As the store does it: a hole ends the run.
      const run = stored.filter((seq, index) => seq === (stored[0] ?? 0) + index);
      return run.map((seq) => ({ seq, body: '{}' }));
    },
    batch: (stored) => buildBatch(envelope, stored, { rows: 2, bytes: 1_000 }),
    payloadOf: (text) => text,
    onDelivered: (upTo) => {
      state.acked = upTo;
      state.delivered.push(upTo);
    },
    onTooLarge: async (seq) => {
      state.tooLarge.push(seq);
    },
    onTaken: () => undefined,
    onGap: (from, to) => state.gaps.push([from, to]),
    onReady: () => undefined,
    ...deps,
    rows: 2,
  });
  /** What the feed gives when all reading is done. */
  const tryTake = async (now = 0): Promise<Outgoing | null> => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const outgoing = feed.take(now);
      if (outgoing !== null) return outgoing;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return null;
  };
  const take = async (now = 0): Promise<Outgoing> => {
    const outgoing = await tryTake(now);
    if (outgoing === null) throw new Error('nothing to send');
    return outgoing;
  };
  return { feed, state, take, tryTake };
}

const span = ({ from, to }: Outgoing) => [from, to];

describe('a feed', () => {
  it('moves the cursor over the contiguous acknowledged messages only', async () => {
    const { feed, state, take, tryTake } = setUp({ rows: 6 });
    const [first, second, third] = [await take(), await take(), await take()];
    expect([first, second, third].map(span)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(await tryTake(0)).toBeNull();
    feed.delivered(third);
    feed.delivered(second);
    expect(state.delivered).toEqual([]);
    feed.delivered(first);
    expect(state.delivered).toEqual([6]);
  });

  it('starts behind the cursor', async () => {
    const { take } = setUp({ rows: 6, acked: () => 4 });
    expect(span(await take())).toEqual([5, 6]);
  });

  it('counts numbers without a row as sent, so that the cursor gets past them', async () => {
    const { feed, state, take, tryTake } = setUp({ rows: 6, gone: [1, 2, 4, 6] });
    const first = await take();
    expect([first.from, first.to]).toEqual([1, 3]);
    expect(JSON.parse(String(first.payload))).toMatchObject({ seq: 3, readings: [{}] });
    const second = await take();
    feed.delivered(first);
    feed.delivered(second);
    expect(state.delivered.at(-1)).toBe(5);
    expect(await tryTake(0)).toBeNull();
    expect(state.delivered.at(-1)).toBe(6);
    expect(state.gaps).toEqual([
      [1, 2],
      [4, 4],
      [6, 6],
    ]);
  });

  it('goes back to a refused message after a pause and sends it alone until it is through', async () => {
    const { feed, take, tryTake } = setUp({ rows: 8 });
    const [first, second] = [await take(), await take()];
    feed.refused(first, 0x97, 0);
    feed.delivered(second);
    expect(await tryTake(999)).toBeNull();
    expect(feed.wakeAt(0)).toBe(1_000);
    const again = await take(1_000);
    expect(span(again)).toEqual([1, 2]);
    expect(await tryTake(1_000)).toBeNull();
    expect(feed.wakeAt(1_000)).toBeNull();
    feed.delivered(again);
    expect(span(await take(1_000))).toEqual([5, 6]);
    expect(span(await take(1_000))).toEqual([7, 8]);
  });

  it('waits longer each time the same message is refused, and counts a whole window once', async () => {
    const { feed, take } = setUp({ rows: 8 });
    const window = [await take(), await take(), await take()];
    for (const outgoing of window) feed.refused(outgoing, 0x97, 0);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const now = feed.wakeAt(0) ?? 0;
      feed.refused(await take(now), 0x97, now);
      waits.push((feed.wakeAt(now) ?? 0) - now);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000]);
  });

  it('rests for five minutes where the broker forbids the topic', async () => {
    const { feed, take, tryTake } = setUp({ rows: 2 });
    feed.refused(await take(), 0x87, 0);
    expect(await tryTake(5 * MINUTE - 1)).toBeNull();
    expect(span(await take(5 * MINUTE))).toEqual([1, 2]);
  });

  /** Row 2 is too large for any message. */
  const largeSecond: FeedDeps['batch'] = (stored) => {
    const [first] = stored;
    if (first === undefined) return null;
    if (first.seq === 2) return { kind: 'too-large', seq: 2, bytes: 70_000 };
    const end = first.seq === 1 ? 1 : first.seq + 1;
    return {
      kind: 'message',
      text: '',
      from: first.seq,
      to: Math.min(end, stored.at(-1)?.seq ?? 0),
    };
  };

  it('leaves out a row that is too large once it is told of, and passes it', async () => {
    let told: () => void = () => undefined;
    const { feed, state, take } = setUp({
      rows: 4,
      batch: largeSecond,
      onTooLarge: () =>
        new Promise((resolve) => {
          told = resolve;
        }),
    });
    const [first, second] = [await take(), await take()];
    expect([first, second].map(span)).toEqual([
      [1, 1],
      [3, 4],
    ]);
    feed.delivered(first);
    feed.delivered(second);
    expect(state.delivered).toEqual([1]);
    told();
    await new Promise((resolve) => setImmediate(resolve));
    expect(state).toMatchObject({ delivered: [1, 4], gaps: [[2, 2]] });
  });

  it('keeps a row that is too large while that cannot be told', async () => {
    const full = new Error('disk full');
    const { feed, state, take, tryTake } = setUp({
      rows: 4,
      batch: largeSecond,
      onTooLarge: () => Promise.reject(full),
    });
    feed.delivered(await take());
    expect(() => feed.take(0)).not.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => feed.take(0)).toThrow(full);
    feed.refused(null, null, 0);
    expect(await tryTake(999)).toBeNull();
    expect(state).toMatchObject({ delivered: [1], gaps: [] });
  });

  it('passes a row that the headend never gets when it has acknowledged all before', async () => {
    const { feed, state, take } = setUp({ rows: 4, batch: largeSecond, delivery: 'headend' });
    for (const outgoing of [await take(), await take()]) feed.delivered(outgoing);
    expect(state).toMatchObject({ tooLarge: [2], delivered: [], acked: 0 });
    state.acked = 1;
    feed.heard(MINUTE);
    expect(state).toMatchObject({ delivered: [2], acked: 2 });
  });

  it('tells what the store could not read, then reads again after a pause', async () => {
    const broken = new Error('disk away');
    let isBroken = true;
    const { feed, take } = setUp({
      rows: 2,
      range: (from) =>
        isBroken ? Promise.reject(broken) : Promise.resolve([{ seq: from, body: '{}' }]),
    });
    expect(feed.take(0)).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => feed.take(0)).toThrow(broken);
    feed.refused(null, null, 0);
    isBroken = false;
    expect(feed.take(999)).toBeNull();
    expect(span(await take(1_000))).toEqual([1, 2]);
  });

  it('lets rows wait for others, and a full message not', async () => {
    const { feed, state, take, tryTake } = setUp({ rows: 3, gather: 5_000 });
    expect(span(await take())).toEqual([1, 2]);
    expect(await tryTake(100)).toBeNull();
    expect(feed.wakeAt(100)).toBe(5_100);
    state.head = 4;
    expect(span(await take(200))).toEqual([3, 4]);
    state.head = 5;
    expect(await tryTake(300)).toBeNull();
    expect(await tryTake(5_299)).toBeNull();
    expect(span(await take(5_300))).toEqual([5, 5]);
    expect(feed.wakeAt(5_300)).toBeNull();
  });

  it('has no more in flight than it may', async () => {
    const { feed, take, tryTake } = setUp({ rows: 8, most: 2 });
    const [first] = [await take(), await take()];
    expect(await tryTake()).toBeNull();
    feed.delivered(first);
    expect(span(await take())).toEqual([5, 6]);
  });

  it('sends again though a message is still in flight when the time is over', async () => {
    const { feed, state, take } = setUp({ rows: 4, delivery: 'headend' });
    const [first, second] = [await take(), await take()];
    feed.delivered(first);
    const again = await take(10 * MINUTE);
    expect(span(again)).toEqual([1, 2]);
    feed.delivered(second);
    expect(span(await take(10 * MINUTE))).toEqual([3, 4]);
    expect(state.delivered).toEqual([]);
  });

  it('sends again and again though what was in flight arrives while it begins', async () => {
    const { feed, take, tryTake } = setUp({ rows: 4, delivery: 'headend' });
    const [first, second] = [await take(), await take()];
    expect(feed.take(10 * MINUTE)).toBeNull();
    feed.delivered(first);
    feed.delivered(second);
    expect(await tryTake(10 * MINUTE)).toBeNull();
    expect(feed.wakeAt(10 * MINUTE)).toBe(20 * MINUTE);
    expect(span(await take(20 * MINUTE))).toEqual([1, 2]);
  });

  it('leaves the cursor to the headend and sends again what it does not acknowledge in time', async () => {
    const { feed, state, take, tryTake } = setUp({ rows: 4, delivery: 'headend' });
    for (const outgoing of [await take(), await take()]) feed.delivered(outgoing);
    expect(state.delivered).toEqual([]);
    expect(feed.wakeAt(0)).toBe(10 * MINUTE);
    state.acked = 2;
    feed.heard(MINUTE);
    expect(await tryTake(11 * MINUTE - 1)).toBeNull();
    expect(span(await take(11 * MINUTE))).toEqual([3, 4]);
    expect(await tryTake(11 * MINUTE)).toBeNull();
  });

  it('is at rest once the headend has everything', async () => {
    const { feed, state, take, tryTake } = setUp({ rows: 2, delivery: 'headend' });
    feed.delivered(await take());
    state.acked = 2;
    feed.heard(MINUTE);
    expect(feed.wakeAt(MINUTE)).toBeNull();
    expect(await tryTake(60 * MINUTE)).toBeNull();
  });
});
