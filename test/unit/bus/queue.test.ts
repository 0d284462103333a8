import { describe, expect, it } from 'vitest';
import { createQueue, LONGEST_WAIT_MS } from '../../../src/bus/queue.ts';
import { PRIORITIES, type Priority } from '../../../src/core/bus.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const WORK_MS = 1000;

function createRig(width?: number) {
  const clock = createVirtualClock();
  const queue = createQueue(clock, width);
  const order: string[] = [];
  let running = 0;
  let most = 0;

  /** Work that takes a second of the line. */
  function add(name: string, priority: Priority, signal = new AbortController().signal) {
    return queue.run({ priority, signal }, async () => {
      order.push(name);
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(WORK_MS);
      running -= 1;
      return name;
    });
  }

  return { clock, queue, order, add, most: () => most };
}

describe('the queue of a line', () => {
  it('runs one work at a time and gives each its own result', async () => {
    const { clock, add, most } = createRig();
    const results = Promise.all(['a', 'b', 'c'].map((name) => add(name, 'live')));
    await clock.advance(3 * WORK_MS);
    expect(await results).toEqual(['a', 'b', 'c']);
    expect(most()).toBe(1);
  });

  it('runs as many as it is wide, and the rest as there is room, by priority', async () => {
    const { clock, order, add, most } = createRig(3);
    for (const name of ['a', 'b', 'c', 'd']) void add(name, 'live');
    void add('first', 'control');
    await clock.advance(WORK_MS - 1);
    expect(order).toEqual(['a', 'b', 'c']);
    await clock.advance(1);
    expect(order).toEqual(['a', 'b', 'c', 'first', 'd']);
    await clock.advance(WORK_MS);
    void add('later', 'live');
    expect(order.at(-1)).toBe('later');
    expect(most()).toBe(3);
  });

  it('serves by priority, and by arrival within one', async () => {
    const { clock, order, add } = createRig();
    void add('running', 'backfill');
    for (const priority of PRIORITIES.toReversed()) {
      void add(`${priority} 1`, priority);
      void add(`${priority} 2`, priority);
    }
    await clock.advance(20 * WORK_MS);
    const wanted = PRIORITIES.flatMap((priority) => [`${priority} 1`, `${priority} 2`]);
    expect(order).toEqual(['running', ...wanted]);
  });

  it('lets nobody wait longer than a minute, whatever comes after him', async () => {
    const { clock, order, add } = createRig();
    void add('control 0', 'control');
    void add('backfill', 'backfill');
    void add('live', 'live');
    for (let second = 1; second < 100; second++) {
      void add(`control ${second}`, 'control');
      await clock.advance(WORK_MS);
    }
    const before = LONGEST_WAIT_MS / WORK_MS;
    expect(order.slice(before - 1, before + 3)).toEqual([
      `control ${before - 1}`,
      'backfill',
      'live',
      `control ${before}`,
    ]);
  });

  it('gives a place to whoever waits before whoever comes as it is given up', async () => {
    const { clock, order, add } = createRig();
    void add('first', 'live').then(() => add('comes', 'live'));
    void add('waits', 'live');
    await clock.advance(3 * WORK_MS);
    expect(order).toEqual(['first', 'waits', 'comes']);
  });

  it('tells whoever has ended before the next begins', async () => {
    const { clock, order, add } = createRig();
    void add('first', 'live').then(() => order.push('told'));
    void add('second', 'live');
    await clock.advance(2 * WORK_MS);
    expect(order).toEqual(['first', 'told', 'second']);
  });

  it('passes on the place of one who gives up as he gets it', async () => {
    const { clock, order, add } = createRig();
    const abort = new AbortController();
    void add('first', 'live').then(() => abort.abort(new Error('enough')));
    const second = add('second', 'live', abort.signal);
    void add('third', 'live');
    const refused = expect(second).rejects.toThrow('enough');
    await clock.advance(3 * WORK_MS);
    await refused;
    expect(order).toEqual(['first', 'third']);
  });

  it('goes on after work that failed', async () => {
    const { clock, queue, add } = createRig();
    const failed = queue.run({ priority: 'live', signal: new AbortController().signal }, () =>
      Promise.reject(new Error('no')),
    );
    const next = add('next', 'live');
    await expect(failed).rejects.toThrow('no');
    await clock.advance(WORK_MS);
    expect(await next).toBe('next');
  });

  it('drops a waiting work that is aborted, at once and without running it', async () => {
    const { clock, order, add } = createRig();
    const abort = new AbortController();
    void add('running', 'live');
    const waiting = add('waiting', 'live', abort.signal);
    await clock.advance(10);
    abort.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await clock.advance(10 * WORK_MS);
    expect(order).toEqual(['running']);
  });

  it('refuses work that is aborted already', async () => {
    const { order, add } = createRig();
    await expect(add('late', 'live', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(order).toEqual([]);
  });
});
