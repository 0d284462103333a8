import { describe, expect, it } from 'vitest';
import type { StoredRow } from '../../../src/core/store.ts';
import { createReadAhead } from '../../../src/uplink/read-ahead.ts';

interface Asked {
  readonly from: number;
  readonly limit: number;
  /** Answers with rows of these numbers. */
  answer(...numbers: readonly number[]): Promise<void>;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A store that answers when told to; two rows are enough. */
function setUp() {
  const asked: Asked[] = [];
  let ready = 0;
  const ahead = createReadAhead({
    enough: 2,
    range: (from, limit) =>
      new Promise<readonly StoredRow[]>((resolve) => {
        const answer = (...numbers: readonly number[]) => {
          resolve(numbers.map((seq) => ({ seq, body: '{}' })));
          return turn();
        };
        asked.push({ from, limit, answer });
      }),
    onReady: () => {
      ready += 1;
    },
  });
  const numbers = (from: number, head: number) => ahead.rows(from, head)?.map(({ seq }) => seq);
  const nth = (index: number): Asked => {
    const one = asked[index];
    if (one === undefined) throw new Error(`reading ${index} was not asked for`);
    return one;
  };
  return { numbers, asked, nth, readyCount: () => ready };
}

describe('reading ahead', () => {
  it('has the rows of the next message at hand while those of one go out', async () => {
    const { numbers, asked, nth, readyCount } = setUp();
    expect(numbers(1, 100)).toBeUndefined();
    await nth(0).answer(1, 2, 3, 4);
    expect(readyCount()).toBe(1);
    expect(numbers(1, 100)).toEqual([1, 2, 3, 4]);
    expect(numbers(3, 100)).toEqual([3, 4]);
    expect(asked.map(({ from }) => from)).toEqual([1, 5]);
    expect(Math.min(...asked.map(({ limit }) => limit))).toBeGreaterThan(2);
    expect(numbers(5, 100)).toBeUndefined();
    await nth(1).answer(5, 6, 7, 8);
    expect(numbers(5, 100)).toEqual([5, 6, 7, 8]);
  });

  it('gives fewer where there are no more, and reads on when there are', async () => {
    const { numbers, nth, asked } = setUp();
    numbers(1, 1);
    await nth(0).answer(1);
    expect(numbers(1, 1)).toEqual([1]);
    expect(asked).toHaveLength(1);
    expect(numbers(1, 2)).toBeUndefined();
    await nth(1).answer(2);
    expect(numbers(1, 2)).toEqual([1, 2]);
  });

  it('knows that nothing is there up to the head, and not beyond', async () => {
    const { numbers, nth } = setUp();
    numbers(1, 5);
    await nth(0).answer();
    expect(numbers(1, 5)).toEqual([]);
    expect(numbers(1, 6)).toBeUndefined();
    expect(nth(1).from).toBe(6);
  });

  it('forgets what was being read when it is asked for other numbers', async () => {
    const { numbers, nth } = setUp();
    numbers(50, 100);
    expect(numbers(1, 100)).toBeUndefined();
    await nth(0).answer(50, 51, 52, 53);
    expect(numbers(1, 100)).toBeUndefined();
    await nth(1).answer(1, 2, 3, 4);
    expect(numbers(1, 100)).toEqual([1, 2, 3, 4]);
  });
});
