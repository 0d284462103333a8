/** What is due on one bus, and what next: one entry for each meter and plan. */
import type { DriverSession } from '../core/driver.ts';
import type { Register } from '../core/registers.ts';
import { jitterOf, type Plan } from './plan.ts';
import { type Slot, slotAfter } from './slots.ts';

/** One meter under one plan. */
export interface Duty {
  readonly meter: string;
  readonly plan: Plan;
  readonly registers: readonly Register[];
  readonly session: DriverSession;
}

/** A duty whose slot has come. */
export interface Task extends Duty {
  readonly slot: Slot;
  readonly dueAt: number;
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
  /** When the next task falls due. */
  nextDueAt(): number;
}

interface Entry {
  readonly duty: Duty;
  readonly jitterMs: number;
  slot: Slot;
}

/**
 * A wall clock that is this far off the agenda was set, not late: the agenda follows it, because
 * years of missing slots, or years of waiting, help nobody. No slot is further ahead than a day.
 */
const BEHIND_MS = 24 * 3_600_000;
const AHEAD_MS = 50 * 3_600_000;

const PRIORITY_ORDER = ['billing', 'curve', 'live'];

export function createAgenda(
  duties: readonly Duty[],
  { now, zone, onSkip }: { now: number; zone: string; onSkip: (skip: Skip) => void },
): Agenda {
  const entries: Entry[] = duties.map((duty) => ({
    duty,
    jitterMs: jitterOf(duty.meter, duty.plan.jitterMs),
    slot: slotAfter(now, duty.plan.schedule, zone),
  }));

  const dueAt = ({ slot, jitterMs }: Entry) => slot.opensAt + jitterMs;
  const rank = ({ duty }: Entry) => PRIORITY_ORDER.indexOf(duty.plan.priority);

  function followClock(entry: Entry, present: number): void {
    const ahead = entry.slot.opensAt - present;
    if (ahead <= AHEAD_MS && -ahead <= BEHIND_MS) return;
    const { meter, plan } = entry.duty;
    const from = entry.slot.at;
    entry.slot = slotAfter(present, plan.schedule, zone);
    onSkip({ meter, plan: plan.name, from, to: entry.slot.at });
  }

  return {
    take(present) {
      for (const entry of entries) followClock(entry, present);
      const due = entries
        .filter((entry) => dueAt(entry) <= present)
        .sort((a, b) => rank(a) - rank(b) || dueAt(a) - dueAt(b));
      const [first] = due;
      if (first === undefined) return null;
      const task = { ...first.duty, slot: first.slot, dueAt: dueAt(first) };
      first.slot = slotAfter(first.slot.opensAt, first.duty.plan.schedule, zone);
      return task;
    },
    nextDueAt: () =>
      entries.reduce((earliest, entry) => Math.min(earliest, dueAt(entry)), Infinity),
  };
}
