/** What is due on one bus, and what next: one entry for each meter and plan. */
import type { DriverSession } from '../core/driver.ts';
import type { Register } from '../core/registers.ts';
import { jitterOf, type Plan } from './plan.ts';
import { type Schedule, type Slot, slotAfter } from './slots.ts';

/** One meter under one plan. */
export interface Duty {
  readonly meter: string;
  readonly plan: Plan;
  readonly registers: readonly Register[];
  readonly session: DriverSession;
}

/**
 * What one meter owes for one slot. Interval plans that meet in a slot are read together: a
 * reading is known by its meter, kind and slot, so there is one.
 */
export interface Task extends Duty {
  readonly slot: Slot;
  /** 0, or more where the clock was set back and the slot comes once more. */
  readonly rev: number;
}

/** Slots that a step of the wall clock jumped over. */
export interface Skip {
  readonly meter: string;
  readonly plan: string;
  readonly from: number;
  readonly to: number;
}

export interface Agenda {
  /** The most urgent task that is due at `now`, `null` when there is none. */
  take(now: number): Task | null;
  /** A task whose slot has ended by `now` without being taken, `null` when there is none. */
  takeEnded(now: number): Task | null;
  /** Gives a task back that could not be tried; it is due again at once. */
  putBack(task: Task): void;
  /** When the next task falls due. */
  nextDueAt(): number;
  /** When the next slot ends. */
  nextEndAt(): number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const NONE: Span = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
const joined = ({ from, to }: Span, at: number): Span => ({
  from: Math.min(from, at),
  to: Math.max(to, at),
});

interface Entry {
  readonly duty: Duty;
  readonly jitterMs: number;
  slot: Slot;
  /** The earliest and the latest slot handed out before the clock was last set back. */
  given: Span;
  /** The same, up to now. */
  handedOut: Span;
  /** Registers of shorter slots of the same moment that ended first. */
  inherited: readonly Register[];
  /** How often the clock was set back by so much that slots come again. */
  stepsBack: number;
}

/**
 * A wall clock that is this far off the agenda was set, not late: the agenda follows it, because
 * years of missing slots, or hours of waiting, help nobody. Within it, slots are never doubled.
 */
const BEHIND_MS = 24 * 3_600_000;
const AHEAD_MS = 2 * 3_600_000;

/** No slot is further ahead than this by right; a day may have 25 hours. */
function reachOf(schedule: Schedule): number {
  return schedule.kind === 'interval' ? schedule.everyMs : 25 * 3_600_000;
}

const PRIORITY_ORDER = ['billing', 'curve', 'live'];
const rankOf = ({ duty }: Entry) => PRIORITY_ORDER.indexOf(duty.plan.priority);
const dueAt = ({ slot, jitterMs }: Entry) => slot.opensAt + jitterMs;

const longer = (a: Slot, b: Slot) => (b.closesAt > a.closesAt ? b : a);

/** Each register once, in the order of the plans. */
function registersOf(entries: readonly Entry[]): Register[] {
  return [...new Set(entries.flatMap(({ duty, inherited }) => [...duty.registers, ...inherited]))];
}

export function createAgenda(
  duties: readonly Duty[],
  { now, zone, onSkip }: { now: number; zone: string; onSkip: (skip: Skip) => void },
): Agenda {
  const entries: Entry[] = duties.map((duty) => ({
    duty,
    jitterMs: jitterOf(duty.meter, duty.plan.jitterMs),
    slot: slotAfter(now, duty.plan.schedule, zone),
    given: NONE,
    handedOut: NONE,
    inherited: [],
    stepsBack: 0,
  }));
  const taken = new WeakMap<Task, readonly (() => void)[]>();

  function followClock(entry: Entry, present: number): void {
    const { meter, plan } = entry.duty;
    const ahead = entry.slot.opensAt - present;
    const isSetBack = ahead > reachOf(plan.schedule) + AHEAD_MS;
    if (!isSetBack && -ahead <= BEHIND_MS) return;
    if (isSetBack) {
      entry.stepsBack += 1;
      entry.given = entry.handedOut;
    }
    const from = entry.slot.at;
    entry.slot = slotAfter(present, plan.schedule, zone);
    onSkip({ meter, plan: plan.name, from, to: entry.slot.at });
  }

  /** Entries of the same meter whose interval slot is the same moment. */
  function companionsOf(entry: Entry): Entry[] {
    if (entry.duty.plan.kind !== 'interval') return [entry];
    return entries
      .filter(
        ({ duty, slot }) =>
          duty.meter === entry.duty.meter &&
          duty.plan.kind === 'interval' &&
          slot.at === entry.slot.at,
      )
      .sort((a, b) => rankOf(a) - rankOf(b));
  }

  function handOut(first: Entry): Task {
    const together = companionsOf(first);
    const [leader = first] = together;
    const { duty, given, stepsBack } = leader;
    const slot = together.map((entry) => entry.slot).reduce(longer);
    const retries = Math.max(...together.map((entry) => entry.duty.plan.retries));
    const task: Task = {
      ...duty,
      plan: { ...duty.plan, retries },
      registers: registersOf(together),
      slot,
      rev: slot.at >= given.from && slot.at <= given.to ? stepsBack : 0,
    };
    taken.set(task, together.map(moveOn));
    return task;
  }

  /** The entry's next slot is the one after; gives how to take that back. */
  function moveOn(entry: Entry): () => void {
    const { slot, inherited } = entry;
    entry.handedOut = joined(entry.handedOut, slot.at);
    entry.slot = slotAfter(slot.opensAt, entry.duty.plan.schedule, zone);
    entry.inherited = [];
    return () => Object.assign(entry, { slot, inherited });
  }

  /** A slot that ends leaves its registers to a longer one of the same moment, if there is one. */
  function bequeath(entry: Entry, present: number): void {
    if (entry.slot.closesAt > present) return;
    const heir = companionsOf(entry).find(({ slot }) => slot.closesAt > present);
    if (heir === undefined) return;
    heir.inherited = registersOf([heir, entry]);
    moveOn(entry);
  }

  function first(isWanted: (entry: Entry) => boolean, present: number): Task | null {
    for (const entry of entries) followClock(entry, present);
    const [best] = entries
      .filter(isWanted)
      .sort((a, b) => rankOf(a) - rankOf(b) || dueAt(a) - dueAt(b));
    return best === undefined ? null : handOut(best);
  }

  const earliest = (momentOf: (entry: Entry) => number) =>
    entries.reduce((soonest, entry) => Math.min(soonest, momentOf(entry)), Infinity);

  return {
    take: (present) => first((entry) => dueAt(entry) <= present, present),
    takeEnded(present) {
      for (const entry of entries) bequeath(entry, present);
      return first(({ slot }) => slot.closesAt <= present, present);
    },
    putBack(task) {
      for (const restore of taken.get(task) ?? []) restore();
    },
    nextDueAt: () => earliest(dueAt),
    nextEndAt: () => earliest(({ slot }) => slot.closesAt),
  };
}
