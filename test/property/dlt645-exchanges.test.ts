import { describe, expect, it } from 'vitest';
import { createFastClock } from '../soak/fast-clock.ts';
import { misattributed, runExchanges } from '../soak/run-exchanges.ts';

/** The long form, with other seeds, is `test/soak/exchanges.ts`. */
const EXCHANGES = 8000;
const SEED = 645;

describe('reads of DL/T 645 over a bad line', () => {
  it('never bring a value of another meter, identifier, place or slot', async () => {
    const figures = await runExchanges({ exchanges: EXCHANGES, seed: SEED });
    const said = JSON.stringify(figures);
    expect(misattributed(figures), said).toBe(0);
    expect(figures.defects, said).toBe(0);
    // That nothing was wrong says something only where much was read and much came late.
    expect(figures.exchanges).toBeGreaterThanOrEqual(EXCHANGES);
    expect(figures.values, said).toBeGreaterThan(EXCHANGES / 2);
    expect(figures.refused, said).toBeGreaterThan(EXCHANGES / 100);
    expect(figures.lateFrames, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.foreignFrames, said).toBeGreaterThan(EXCHANGES / 10);
    expect(figures.echoes, said).toBeGreaterThan(EXCHANGES / 10);
    // What comes later than any quiet time shows that a wrong slot would be seen.
    expect(figures.indistinguishable.laterThanQuiet, said).toBeGreaterThan(0);
    expect(figures.indistinguishable.copiesOfTaken, said).toBeGreaterThan(0);
  });

  it('are the same again for the same seed', async () => {
    const first = await runExchanges({ exchanges: 500, seed: 1 });
    expect(await runExchanges({ exchanges: 500, seed: 1 })).toEqual(first);
    expect(await runExchanges({ exchanges: 500, seed: 2 })).not.toEqual(first);
  });
});

describe('the fast clock', () => {
  it('fires timers by their moment, and by their order within one', async () => {
    const clock = createFastClock(0);
    const fired: string[] = [];
    const delays = Array.from({ length: 200 }, (_, index) => (index * 37) % 50);
    delays.forEach((ms, index) => {
      clock.after(ms, () => fired.push(`${ms} ${index} ${clock.monotonic()}`));
    });
    await clock.run(clock.sleep(60));
    const wanted = delays
      .map((ms, index) => ({ ms, index }))
      .sort((a, b) => a.ms - b.ms || a.index - b.index)
      .map(({ ms, index }) => `${ms} ${index} ${ms}`);
    expect(fired).toEqual(wanted);
    expect(clock.now()).toBe(60);
  });

  it('lets no time pass while a promise can still go on', async () => {
    const clock = createFastClock();
    const moments: number[] = [];
    const work = async () => {
      await clock.sleep(10);
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      moments.push(clock.monotonic());
      await clock.sleep(5);
      moments.push(clock.monotonic());
    };
    clock.after(11, () => undefined);
    await clock.run(work());
    expect(moments).toEqual([10, 15]);
  });

  it('ends a sleep that is aborted, and says where nothing is left to wait for', async () => {
    const clock = createFastClock();
    const abort = new AbortController();
    const asleep = clock.sleep(100, abort.signal);
    clock.after(10, () => abort.abort(new Error('enough')));
    await expect(clock.run(asleep)).rejects.toThrow('enough');
    expect(clock.monotonic()).toBe(10);
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('nothing is left');
  });
});
