import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';

const DAY_MS = 86_400_000;

/** Whether the sleep is over, as time goes on. */
function watch(sleep: Promise<void>) {
  const state = { isAwake: false };
  void sleep.then(() => {
    state.isAwake = true;
  });
  return state;
}

describe('the system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-23T00:00:00Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('shows the wall time, and counts on when that steps back', () => {
    const before = systemClock.monotonic();
    vi.setSystemTime(Date.parse('2026-11-22T00:00:00Z'));
    expect(systemClock.now()).toBe(Date.parse('2026-11-22T00:00:00Z'));
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  it('wakes a sleeper when the time has passed and not before', async () => {
    const state = watch(systemClock.sleep(500));
    await vi.advanceTimersByTimeAsync(499);
    expect(state.isAwake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.isAwake).toBe(true);
  });

  it('wakes at once for a time that is over', async () => {
    const state = watch(systemClock.sleep(-5));
    await vi.advanceTimersByTimeAsync(0);
    expect(state.isAwake).toBe(true);
  });

  it('does not wake at once from a sleep longer than a timer can count', async () => {
    const state = watch(systemClock.sleep(2 ** 40));
    await vi.advanceTimersByTimeAsync(DAY_MS);
    expect(state.isAwake).toBe(false);
  });

  it('rejects with the reason as soon as it is aborted, and leaves no timer', async () => {
    const abort = new AbortController();
    const slept = systemClock.sleep(60_000, abort.signal);
    expect(vi.getTimerCount()).toBe(1);
    const reason = new Error('stop');
    abort.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not begin a sleep that is aborted already', async () => {
    const reason = new Error('stop');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const state = watch(systemClock.sleep(10, signal));
    await vi.advanceTimersByTimeAsync(10);
    expect(state.isAwake).toBe(true);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });
});
