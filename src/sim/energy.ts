import { type Calendar, type LocalDay, SLOT_MS } from './calendar.ts';
import type { Curve, SlotLoad } from './curve.ts';

/**
 * The exact integral of a load curve from a fixed moment on, by direction or quadrant and tariff.
 * The unit is one milliwatt (or millivar) for one millisecond: whole numbers, nothing is lost.
 */
const ENERGY_CHANNELS = ['import', 'export', 'q1', 'q2'] as const;
export type EnergyChannel = (typeof ENERGY_CHANNELS)[number];
export const TARIFFS_KEPT = 4;
/** 1 kWh = 10^6 mW x 3.6 x 10^6 ms. */
export const UNITS_PER_KWH = 3_600_000_000_000n;

/** 尖 1, 峰 2, 平 3, 谷 4, by the hour of the wall clock. */
const TARIFF_BY_HOUR: readonly number[] = [
  4, 4, 4, 4, 4, 4, 4, 3, 2, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 2, 3, 4,
];

/** Days since 1970: 2025-01-01, when all simulated meters were installed. */
export const FIRST_DAY = Date.UTC(2025, 0, 1) / 86_400_000;

const CELLS = ENERGY_CHANNELS.length * TARIFFS_KEPT;
const SLOTS_AN_HOUR = 3_600_000 / SLOT_MS;

export interface EnergyCount {
  /** Units since the first day; tariff 1 to 4, or the sum of them all for 0. */
  of(channel: EnergyChannel, tariff: number): bigint;
}

const TARIFF_BY_SLOT: readonly number[] = TARIFF_BY_HOUR.flatMap((tariff) =>
  new Array<number>(SLOTS_AN_HOUR).fill(tariff),
);

/** The tariff, 1 to 4, of a slot of the wall clock. */
export function tariffOf(wallSlot: number): number {
  return TARIFF_BY_SLOT[wallSlot] ?? 3;
}

/** Adds what a slot took or gave within `ms`; a day's sum is exact (below 2^53) up to 100 kW. */
function addSlot(sums: Float64Array, load: SlotLoad, slot: { wall: number; ms: number }) {
  const { activeMilliwatts: active, reactiveMillivars: reactive } = load;
  const isImport = active >= 0;
  const activeCell = (isImport ? 0 : TARIFFS_KEPT) + tariffOf(slot.wall) - 1;
  const reactiveCell = activeCell + 2 * TARIFFS_KEPT;
  sums[activeCell] = (sums[activeCell] ?? 0) + Math.abs(active) * slot.ms;
  sums[reactiveCell] = (sums[reactiveCell] ?? 0) + reactive * slot.ms;
}

/** Gives the count at any whole millisecond: a function of the curve, the calendar and the time alone. */
export function createEnergy(curve: Curve, calendar: Calendar): (epochMs: number) => EnergyCount {
  const atDayStart: BigInt64Array[] = [new BigInt64Array(CELLS)];

  const countedUntil = (day: LocalDay, before: BigInt64Array, until: number) => {
    const sums = new Float64Array(CELLS);
    const length = until - day.start;
    for (let slot = 0; slot < day.wallSlots.length && slot * SLOT_MS < length; slot++) {
      const wall = day.wallSlots[slot] ?? 0;
      const ms = Math.min(SLOT_MS, length - slot * SLOT_MS);
      addSlot(sums, curve(day.index, wall), { wall, ms });
    }
    return before.map((cell, index) => cell + BigInt(sums[index] ?? 0));
  };

  const dayStart = (index: number): BigInt64Array => {
    for (let next = atDayStart.length; next <= index - FIRST_DAY; next++) {
      const before = atDayStart[next - 1] ?? new BigInt64Array(CELLS);
      const day = calendar.day(FIRST_DAY + next - 1);
      atDayStart.push(countedUntil(day, before, Number.POSITIVE_INFINITY));
    }
    return atDayStart[Math.max(index - FIRST_DAY, 0)] ?? new BigInt64Array(CELLS);
  };

  return (epochMs) => {
    const index = calendar.indexOf(epochMs);
    const before = dayStart(index);
    const cells = index < FIRST_DAY ? before : countedUntil(calendar.day(index), before, epochMs);
    return {
      of(channel, tariff) {
        const first = ENERGY_CHANNELS.indexOf(channel) * TARIFFS_KEPT;
        const wanted =
          tariff === 0
            ? cells.subarray(first, first + TARIFFS_KEPT)
            : cells.subarray(first + tariff - 1, first + tariff);
        return wanted.reduce((sum, cell) => sum + cell, 0n);
      },
    };
  };
}
