import { parseDecimal } from '../../../src/core/decimal.ts';
import type { FrozenDisplay, MeterMemory } from '../../../src/core/slave.ts';
import { createDisplay, type DisplayOptions } from '../../../src/sim/load.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const START = Date.parse('2026-11-23T12:07:30+08:00');

export function createMeter(options: Partial<DisplayOptions> = {}, start = START) {
  let at = start;
  const clock = { now: () => at, monotonic: () => at, sleep: () => Promise.resolve() };
  const display = createDisplay({
    clock,
    kind: 'three',
    seed: 1,
    zone: 'Asia/Shanghai',
    ...options,
  });
  if (display.memory === undefined) throw new Error('a meter without a memory');
  const memory: MeterMemory = display.memory;
  return {
    display,
    memory,
    moveTo: (epochMs: number) => {
      at = epochMs;
    },
  };
}

export const unitsOf = (shown: Pick<FrozenDisplay, 'show'> | null, register: string) =>
  parseDecimal(shown?.show(register) ?? '')?.coefficient ?? -1n;
