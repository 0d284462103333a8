/** One meter under one plan, and where it stands: the slot that comes next and its tries. */
import type { DriverSession } from '../core/driver.ts';
import type { Register } from '../core/registers.ts';
import { type Progress, UNTRIED } from './outcome.ts';
import { jitterOf, type Plan } from './plan.ts';
import { type Schedule, type Slot, slotAfter } from './slots.ts';

/** One meter under one plan. */
export interface Duty {
  readonly meter: string;
  readonly plan: Plan;
  readonly registers: readonly Register[];
  readonly session: DriverSession;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Entry {
  readonly duty: Duty;
  readonly jitterMs: number;
  slot: Slot;
  /** What tries of the slot have brought. */
  progress: Progress;
  /** A slot that is tried again rests until this. */
  notBefore: number;
  /** The earliest and the latest slot handed out before the clock was last set back. */
  given: Span;
  /** The same, up to now. */
  handedOut: Span;
  /** Registers of shorter slots of the same moment that ended first. */
  inherited: readonly Register[];
  /** How often the clock was set back by so much that slots come again. */
  stepsBack: number;
}

/** Slots that a step of the wall clock jumped over. */
export interface Skip {
  readonly meter: string;
  readonly plan: string;
  readonly from: number;
  readonly to: number;
}

/**
 * A wall clock that is this far off the agenda was set, not late: the agenda follows it, because
 * years of missing slots, or hours of waiting, help nobody. Within it, slots are never doubled.
 */
const BEHIND_MS = 24 * 3_600_000;
const AHEAD_MS = 2 * 3_600_000;

const NONE: Span = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
/** Of a slot that nobody has tried yet. */
const FRESH = { progress: UNTRIED, notBefore: Number.NEGATIVE_INFINITY };

const PRIORITY_ORDER = ['billing', 'curve', 'live'];
/** The lower the more urgent. */
export const rankOf = ({ duty }: Entry) => PRIORITY_ORDER.indexOf(duty.plan.priority);
export const dueAt = ({ slot, jitterMs, notBefore }: Entry) =>
  Math.max(slot.opensAt + jitterMs, notBefore);

export function createEntry(duty: Duty, now: number, zone: string): Entry {
  return {
    duty,
    jitterMs: jitterOf(duty.meter, duty.plan.jitterMs),
    slot: slotAfter(now, duty.plan.schedule, zone),
    ...FRESH,
    given: NONE,
    handedOut: NONE,
    inherited: [],
    stepsBack: 0,
  };
}

/** 0, or more where the clock was set back and the slot comes once more. */
export function revisionOf({ given, stepsBack }: Entry, { at }: Slot): number {
  return at >= given.from && at <= given.to ? stepsBack : 0;
}

/** Each register once, in the order of the plans. */
export function registersOf(entries: readonly Entry[]): Register[] {
  return [...new Set(entries.flatMap(({ duty, inherited }) => [...duty.registers, ...inherited]))];
}

/** The entry's next slot is the one after; gives how to take that back. */
export function moveOn(entry: Entry, zone: string): () => void {
  const { slot, inherited, handedOut } = entry;
  entry.handedOut = {
    from: Math.min(handedOut.from, slot.at),
    to: Math.max(handedOut.to, slot.at),
  };
  const next = slotAfter(slot.opensAt, entry.duty.plan.schedule, zone);
  Object.assign(entry, { slot: next, inherited: [], ...FRESH });
  return () => Object.assign(entry, { slot, inherited });
}

/** No slot is further ahead than this by right; a day may have 25 hours. */
function reachOf(schedule: Schedule): number {
  return schedule.kind === 'interval' ? schedule.everyMs : 25 * 3_600_000;
}

/** Leaves the slots that a clock which was set has jumped over; `null` where it was not. */
export function followClock(entry: Entry, present: number, zone: string): Skip | null {
  const { meter, plan } = entry.duty;
  const ahead = entry.slot.opensAt - present;
  const isSetBack = ahead > reachOf(plan.schedule) + AHEAD_MS;
  if (!isSetBack && -ahead <= BEHIND_MS) return null;
  if (isSetBack) {
    entry.stepsBack += 1;
    entry.given = entry.handedOut;
  }
  const from = entry.slot.at;
  Object.assign(entry, { slot: slotAfter(present, plan.schedule, zone), ...FRESH });
  return { meter, plan: plan.name, from, to: entry.slot.at };
}
