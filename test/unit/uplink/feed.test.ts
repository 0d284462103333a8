import { describe, expect, it } from 'vitest';
import { buildBatch } from '../../../src/uplink/batch.ts';
import { createFeed, type FeedDeps, type Outgoing } from '../../../src/uplink/feed.ts';

const MINUTE = 60_000;

/** A feed over rows of one body, two a message; numbers in `gone` have no row. */
function setUp(options: Partial<FeedDeps> & { rows: number; gone?: readonly number[] }) {
  const { rows, gone = [], ...deps } = options;
  const state = { head: rows, acked: 0, tooLarge: [] as number[], delivered: [] as number[] };
  const envelope = {
    gateway: 'g',
    epoch: 1,
    stream: 'billing',
    sent: '',
    clock: 'synced',
  } as const;
  const feed = createFeed({
    delivery: 'broker',
    resendAfter: 10 * MINUTE,
    random: () => 1,
    head: () => state.head,
    acked: () => state.acked,
    range: (from) =>
      Array.from({ length: state.head - from + 1 }, (_, index) => ({
        seq: from + index,
        body: '{}',
      })).filter(({ seq }) => !gone.includes(seq)),
    batch: (stored) => buildBatch(envelope, stored, { rows: 2, bytes: 1_000 }),
    onDelivered: (upTo) => {
      state.acked = upTo;
      state.delivered.push(upTo);
    },
    onTooLarge: (seq) => state.tooLarge.push(seq),
    onTaken: () => undefined,
    ...deps,
  });
  const take = (now = 0): Outgoing => {
    const outgoing = feed.take(now);
    if (outgoing === null) throw new Error('nothing to send');
    return outgoing;
  };
  return { feed, state, take };
}

const span = ({ from, to }: Outgoing) => [from, to];

describe('a feed', () => {
  it('moves the cursor over the contiguous acknowledged messages only', () => {
    const { feed, state, take } = setUp({ rows: 6 });
    const [first, second, third] = [take(), take(), take()];
    expect([first, second, third].map(span)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(feed.take(0)).toBeNull();
    feed.delivered(third);
    feed.delivered(second);
    expect(state.delivered).toEqual([]);
    feed.delivered(first);
    expect(state.delivered).toEqual([6]);
  });

  it('starts behind the cursor', () => {
    const { take } = setUp({ rows: 6, acked: () => 4 });
    expect(span(take())).toEqual([5, 6]);
  });

  it('counts numbers without a row as sent, so that the cursor gets past them', () => {
    const { feed, state, take } = setUp({ rows: 6, gone: [1, 2, 4, 6] });
    const first = take();
    expect([first.from, first.to]).toEqual([1, 3]);
    expect(JSON.parse(first.text)).toMatchObject({ seq: 3, readings: [{}] });
    const second = take();
    feed.delivered(first);
    feed.delivered(second);
    expect(state.delivered.at(-1)).toBe(5);
    expect(feed.take(0)).toBeNull();
    expect(state.delivered.at(-1)).toBe(6);
  });

  it('goes back to a refused message after a pause and sends it alone until it is through', () => {
    const { feed, take } = setUp({ rows: 8 });
    const [first, second] = [take(), take()];
    feed.refused(first, 0x97, 0);
    feed.delivered(second);
    expect(feed.take(999)).toBeNull();
    expect(feed.wakeAt(0)).toBe(1_000);
    const again = take(1_000);
    expect(span(again)).toEqual([1, 2]);
    expect(feed.take(1_000)).toBeNull();
    expect(feed.wakeAt(1_000)).toBeNull();
    feed.delivered(again);
    expect(span(take(1_000))).toEqual([5, 6]);
    expect(span(take(1_000))).toEqual([7, 8]);
  });

  it('waits longer each time the same message is refused, and counts a whole window once', () => {
    const { feed, take } = setUp({ rows: 8 });
    const window = [take(), take(), take()];
    for (const outgoing of window) feed.refused(outgoing, 0x97, 0);
    const waits = [1, 2, 3].map(() => {
      const now = feed.wakeAt(0) ?? 0;
      feed.refused(take(now), 0x97, now);
      return (feed.wakeAt(now) ?? 0) - now;
    });
    expect(waits).toEqual([2_000, 4_000, 8_000]);
  });

  it('rests for five minutes where the broker forbids the topic', () => {
    const { feed, take } = setUp({ rows: 2 });
    feed.refused(take(), 0x87, 0);
    expect(feed.take(5 * MINUTE - 1)).toBeNull();
    expect(span(take(5 * MINUTE))).toEqual([1, 2]);
  });

  it('parks at a row that is too large and loses nothing behind it', () => {
    const { feed, state } = setUp({
      rows: 3,
      batch: ([row]) => ({ kind: 'too-large', seq: row?.seq ?? 0, bytes: 70_000 }),
    });
    expect(feed.take(0)).toBeNull();
    expect(feed.take(MINUTE)).toBeNull();
    expect(state).toMatchObject({ tooLarge: [1], delivered: [], acked: 0 });
    expect(feed.wakeAt(MINUTE)).toBe(5 * MINUTE);
  });

  it('leaves the cursor to the headend and sends again what it does not acknowledge in time', () => {
    const { feed, state, take } = setUp({ rows: 4, delivery: 'headend' });
    for (const outgoing of [take(), take()]) feed.delivered(outgoing);
    expect(state.delivered).toEqual([]);
    expect(feed.wakeAt(0)).toBe(10 * MINUTE);
    state.acked = 2;
    feed.heard(MINUTE);
    expect(feed.take(11 * MINUTE - 1)).toBeNull();
    expect(span(take(11 * MINUTE))).toEqual([3, 4]);
    expect(feed.take(11 * MINUTE)).toBeNull();
  });

  it('is at rest once the headend has everything', () => {
    const { feed, state, take } = setUp({ rows: 2, delivery: 'headend' });
    feed.delivered(take());
    state.acked = 2;
    feed.heard(MINUTE);
    expect(feed.wakeAt(MINUTE)).toBeNull();
    expect(feed.take(60 * MINUTE)).toBeNull();
  });
});
