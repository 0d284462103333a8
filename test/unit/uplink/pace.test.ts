import { describe, expect, it } from 'vitest';
import { createPace } from '../../../src/uplink/pace.ts';

function paceOf(most: number) {
  const pace = createPace(() => 1);
  pace.begin(most);
  const accept = (count: number) => {
    for (let times = 0; times < count; times++) pace.accepted();
  };
  return { pace, accept };
}

describe('the pace', () => {
  it.each([0x93, 0x96, 0x97])('rests and halves the window on reason %i', (reason) => {
    const { pace } = paceOf(16);
    pace.refused(reason, 0);
    expect([pace.window(0), pace.window(999), pace.wakeAt(0)]).toEqual([0, 0, 1_000]);
    expect([pace.window(1_000), pace.wakeAt(1_000)]).toEqual([8, null]);
  });

  it.each([0x87, 0x83, 0x80, null])('is not changed by reason %s', (reason) => {
    const { pace } = paceOf(16);
    pace.refused(reason, 0);
    expect(pace.window(0)).toBe(16);
  });

  it('counts a whole window that is refused as one failure', () => {
    const { pace } = paceOf(16);
    for (let times = 0; times < 16; times++) pace.refused(0x97, times);
    expect(pace.window(1_000)).toBe(8);
  });

  it('grows again by one for each window that went through, up to where it was', () => {
    const { pace, accept } = paceOf(4);
    pace.refused(0x97, 0);
    const seen: number[] = [];
    for (let times = 0; times < 12; times++) {
      accept(1);
      seen.push(pace.window(1_000));
    }
    expect(seen).toEqual([2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]);
  });

  it('rests longer while nothing goes through, and never stops altogether', () => {
    const { pace, accept } = paceOf(4);
    const rests: number[] = [];
    let now = 0;
    for (let times = 0; times < 4; times++) {
      pace.refused(0x97, now);
      const end = pace.wakeAt(now) ?? now;
      rests.push(end - now);
      now = end;
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pace.window(now)).toBe(1);
    accept(1);
    pace.refused(0x97, now);
    expect((pace.wakeAt(now) ?? now) - now).toBe(1_000);
  });

  it('is remembered over a new connection, within what that one bears', () => {
    const { pace } = paceOf(16);
    pace.refused(0x96, 0);
    pace.begin(16);
    expect(pace.window(1_000)).toBe(8);
    pace.begin(3);
    expect(pace.window(1_000)).toBe(3);
  });
});
