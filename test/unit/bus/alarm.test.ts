import { describe, expect, it } from 'vitest';
import { createAlarm } from '../../../src/bus/alarm.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

function createRig(clockOf: (clock: VirtualClock) => Clock = (clock) => clock) {
  const clock = createVirtualClock();
  const rung: number[] = [];
  const alarm = createAlarm(clockOf(clock), () => rung.push(clock.monotonic()));
  return { clock, alarm, rung };
}

describe('an alarm', () => {
  it('rings once, at the earliest moment it was set for, with one timer', async () => {
    const { clock, alarm, rung } = createRig();
    for (const moment of [300, 100, 200]) alarm.setFor(moment);
    expect(clock.waiting).toBe(1);
    await clock.advance(1000);
    expect(rung).toEqual([100]);
  });

  it('rings again when it is set again, be it while it rings', async () => {
    const clock = createVirtualClock();
    const rung: number[] = [];
    const alarm = createAlarm(clock, () => {
      rung.push(clock.monotonic());
      if (rung.length < 3) alarm.setFor(clock.monotonic() + 50);
    });
    alarm.setFor(10);
    await clock.advance(1000);
    expect(rung).toEqual([10, 60, 110]);
  });

  it('leaves no timer when it is off, and can be set for a later moment then', async () => {
    const { clock, alarm, rung } = createRig();
    alarm.setFor(100);
    alarm.off();
    await clock.advance(0);
    expect(clock.waiting).toBe(0);
    alarm.setFor(200);
    await clock.advance(1000);
    expect(rung).toEqual([200]);
  });

  it('does not ring early where a timer does', async () => {
    const { clock, alarm, rung } = createRig((virtual) => ({
      ...virtual,
      sleep: (ms, signal) => virtual.sleep(Math.ceil(ms / 2), signal),
    }));
    alarm.setFor(100);
    await clock.advance(1000);
    expect(rung).toEqual([100]);
  });
});
