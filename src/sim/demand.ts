import { type Calendar, SLOT_MS } from './calendar.ts';
import type { Curve, SlotLoad } from './curve.ts';
import { type EnergyChannel, TARIFFS_KEPT, tariffOf } from './energy.ts';

/**
 * Demand: the mean over the last 15 minutes, moved on by one slot at a time. As the load is
 * constant within a slot, no finer step would find a higher maximum.
 */
const DEMAND_PERIOD_MS = 3 * SLOT_MS;

export interface Peak {
  readonly milliwatts: number;
  /** The end of the 15 minutes; `null` where there never was any demand. */
  readonly at: number | null;
}

/** Peaks by channel, then by tariff; tariff 0 stays empty. */
type Peaks = Readonly<Record<EnergyChannel, readonly Peak[]>>;

export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface Demand {
  /** Mean load of the last 15 minutes that were over at this moment. */
  presentAt(epochMs: number): SlotLoad;
  /** The first of the highest demands whose 15 minutes lie in the period; tariff 0 is any. */
  peakOf(channel: EnergyChannel, tariff: number, period: Period): Peak;
}

const NONE: Peak = { milliwatts: 0, at: null };

function meanOf(loads: readonly SlotLoad[], part: (load: SlotLoad) => number): number {
  return Math.trunc(loads.reduce((sum, load) => sum + part(load), 0) / loads.length);
}

const PARTS: Readonly<Record<EnergyChannel, (load: SlotLoad) => number>> = {
  import: ({ activeMilliwatts }) => Math.max(activeMilliwatts, 0),
  export: ({ activeMilliwatts }) => Math.max(-activeMilliwatts, 0),
  q1: (load) => (load.activeMilliwatts >= 0 ? load.reactiveMillivars : 0),
  q2: (load) => (load.activeMilliwatts < 0 ? load.reactiveMillivars : 0),
};

function meanOfThree(parts: readonly number[], first: number): number {
  const [a = 0, b = 0, c = 0] = [parts[first], parts[first + 1], parts[first + 2]];
  return Math.trunc((a + b + c) / 3);
}

/** A function of the curve and the calendar alone; whole days are worked out once. */
export function createDemand(curve: Curve, calendar: Calendar): Demand {
  const wholeDays = new Map<string, Peaks>();

  /** Of a day, or of its last slots alone. */
  const loadsOf = (index: number, last = 0) =>
    calendar
      .day(index)
      .wallSlots.slice(-last)
      .map((wallSlot) => curve(index, wallSlot));

  /** Of the 15 minutes that end within the day, but not before `first` nor after `last`. */
  const search = (index: number, first: number, last: number): Peaks => {
    const { start, wallSlots } = calendar.day(index);
    const loads = [...loadsOf(index - 1, 2), ...loadsOf(index)];
    const of = (channel: EnergyChannel): Peak[] => {
      const parts = loads.map(PARTS[channel]);
      const peaks = new Array<Peak>(TARIFFS_KEPT + 1).fill(NONE);
      for (const [slot, wallSlot] of wallSlots.entries()) {
        const at = start + (slot + 1) * SLOT_MS;
        if (at < first || at > last) continue;
        const milliwatts = meanOfThree(parts, slot);
        const tariff = tariffOf(wallSlot);
        if (milliwatts > (peaks[tariff] ?? NONE).milliwatts) peaks[tariff] = { milliwatts, at };
      }
      return peaks;
    };
    return { import: of('import'), export: of('export'), q1: of('q1'), q2: of('q2') };
  };

  const dayPeaks = (index: number, { from, to }: Period): Peaks => {
    const { start } = calendar.day(index);
    const first = Math.max(from + DEMAND_PERIOD_MS, start);
    if (to < calendar.day(index + 1).start) return search(index, first, to);
    const key = `${index} ${first}`;
    const peaks = wholeDays.get(key) ?? search(index, first, Number.POSITIVE_INFINITY);
    wholeDays.set(key, peaks);
    return peaks;
  };

  return {
    presentAt(epochMs) {
      const index = calendar.indexOf(epochMs);
      const slots = Math.floor((epochMs - calendar.day(index).start) / SLOT_MS);
      const loads = [...loadsOf(index - 1, 3), ...loadsOf(index)].slice(slots, slots + 3);
      return {
        activeMilliwatts: meanOf(loads, (load) => load.activeMilliwatts),
        reactiveMillivars: meanOf(loads, (load) => load.reactiveMillivars),
      };
    },
    peakOf(channel, tariff, period) {
      let highest = NONE;
      const lastDay = calendar.indexOf(period.to - 1);
      for (let index = calendar.indexOf(period.from); index <= lastDay; index++) {
        const peaks = dayPeaks(index, period)[channel];
        for (const peak of tariff === 0 ? peaks : peaks.slice(tariff, tariff + 1)) {
          if (peak.milliwatts > highest.milliwatts) highest = peak;
        }
      }
      return highest;
    },
  };
}
