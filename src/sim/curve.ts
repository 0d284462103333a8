import { SLOT_MS } from './calendar.ts';
import { between, hash } from './random.ts';

/**
 * What a household (single-phase) or a shop (three-phase) draws, constant within a slot of five
 * minutes, so that the energy is an exact sum. Whole numbers throughout.
 */
export type MeterKind = 'single' | 'three';

export interface CurveOptions {
  readonly kind: MeterKind;
  readonly seed: number;
  /** Panels on the roof: feeds in around noon. */
  readonly solar: boolean;
}

/** Load of one slot: import positive. */
export interface SlotLoad {
  readonly activeMilliwatts: number;
  readonly reactiveMillivars: number;
}

export type Curve = (dayIndex: number, wallSlot: number) => SlotLoad;

type Anchors = readonly (readonly [hour: number, watts: number])[];

/** Watts at these hours, straight lines between them. */
const LOADS: Readonly<Record<MeterKind, Anchors>> = {
  single: [
    [0, 180],
    [5, 150],
    [7, 600],
    [9, 260],
    [12, 420],
    [14, 250],
    [17, 500],
    [19, 1500],
    [21, 1150],
    [23, 420],
    [24, 180],
  ],
  three: [
    [0, 900],
    [7, 1100],
    [9, 7500],
    [12, 6800],
    [14, 8600],
    [18, 8200],
    [21, 4800],
    [22, 1600],
    [24, 900],
  ],
};
const PANELS: Readonly<Record<MeterKind, Anchors>> = {
  single: [
    [0, 0],
    [6, 0],
    [12, 3200],
    [18, 0],
    [24, 0],
  ],
  three: [
    [0, 0],
    [6, 0],
    [12, 14_000],
    [18, 0],
    [24, 0],
  ],
};
/** Thousandths of the weekday's load. */
const WEEKEND: Readonly<Record<MeterKind, number>> = { single: 1300, three: 550 };

const SLOTS_AN_HOUR = 3_600_000 / SLOT_MS;

function wattsBySlot(anchors: Anchors): number[] {
  const watts: number[] = [];
  for (const [index, [hour, to]] of anchors.entries()) {
    const [fromHour, from] = anchors[index - 1] ?? [hour, to];
    const slots = (hour - fromHour) * SLOTS_AN_HOUR;
    for (let slot = 0; slot < slots; slot++) {
      watts.push(from + Math.trunc(((to - from) * slot) / slots));
    }
  }
  return watts;
}

/** 1970-01-01 was a Thursday. */
function isWeekend(dayIndex: number): boolean {
  return (dayIndex + 3) % 7 >= 5;
}

/** A load curve that depends on nothing but the options and the slot asked for. */
export function createCurve({ kind, seed, solar }: CurveOptions): Curve {
  const loads = wattsBySlot(LOADS[kind]);
  const panels = wattsBySlot(PANELS[kind]);
  const size = between(600, 1500, seed, 1);
  const weekend = WEEKEND[kind];
  let sky = { dayIndex: Number.NaN, sun: 0 };
  const sunOf = (dayIndex: number) => {
    if (sky.dayIndex !== dayIndex) sky = { dayIndex, sun: between(250, 1000, seed, dayIndex, 2) };
    return sky.sun;
  };
  return (dayIndex, wallSlot) => {
    const noise = hash(seed, dayIndex, wallSlot);
    const factor = 700 + (noise % 601);
    let load = Math.trunc(((loads[wallSlot] ?? 0) * size * factor) / 1000);
    if (isWeekend(dayIndex)) load = Math.trunc((load * weekend) / 1000);
    const sun = solar ? sunOf(dayIndex) : 0;
    return {
      activeMilliwatts: load - (panels[wallSlot] ?? 0) * sun,
      reactiveMillivars: Math.trunc((load * (180 + ((noise >>> 12) % 250))) / 1000),
    };
  };
}
