import { describe, expect, it } from 'vitest';
import { connectDelayMs, retryDelayMs } from '../../../src/uplink/backoff.ts';

const most = () => 1;
const least = () => 0;

describe('waiting times', () => {
  it('spreads the first reconnection over 5 s and doubles up to a minute', () => {
    const spans = [1, 2, 3, 4, 5, 50].map((count) => connectDelayMs('unreachable', count, most));
    expect(spans).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(connectDelayMs('unreachable', 9, least)).toBe(0);
  });

  it('waits one to five minutes after a refusal, however often it happened', () => {
    expect([1, 9].map((count) => connectDelayMs('refused', count, most))).toEqual([
      300_000, 300_000,
    ]);
    expect(connectDelayMs('refused', 1, least)).toBe(60_000);
  });

  it('never sends a refused message again at once', () => {
    expect([1, 2, 50].map((count) => retryDelayMs(count, most))).toEqual([1_000, 2_000, 60_000]);
    expect(retryDelayMs(1, least)).toBe(200);
  });
});
