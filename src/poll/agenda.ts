/** What is due on one bus, and what next: one entry for each meter and plan. */
import {
  createEntry,
  type Duty,
  dueAt,
  type Entry,
  followClock,
  moveOn,
  rankOf,
  registersOf,
  revisionOf,
  type Skip,
} from './duty.ts';
import type { Progress } from './outcome.ts';
import type { Slot } from './slots.ts';

/**
 * What one meter owes for one slot. Interval plans that meet in a slot are read together: a
 * reading is known by its meter, kind and slot, so there is one.
 */
export interface Task extends Duty {
  readonly slot: Slot;
  /** 0, or more where the clock was set back and the slot comes once more. */
  readonly rev: number;
  /** What earlier tries have brought. */
  readonly progress: Progress;
}

/** A task that is to be tried again: how far it is, and when at the earliest. */
export interface Deferral {
  readonly progress: Progress;
  readonly notBefore: number;
}

/** A task that was taken is under way, and its meter has no other, until it is done or put back. */
export interface Agenda {
  /** The most urgent task that is due at `now`, `null` when there is none. */
  take(now: number): Task | null;
  /** A task whose slot has ended by `now` without being read, `null` when there is none. */
  takeEnded(now: number): Task | null;
  done(task: Task): void;
  putBack(task: Task, deferral: Deferral): void;
  /** From now on no task waits for its next try. */
  endPauses(): void;
  /** When the next task falls due. */
  nextDueAt(): number;
  /** When the next slot ends. */
  nextEndAt(): number;
}

export interface AgendaDeps {
  readonly now: number;
  readonly zone: string;
  readonly onSkip: (skip: Skip) => void;
  /** Meters that probably do not answer come behind all others. */
  readonly isDoubtful: (meter: string) => boolean;
}

const longer = (a: Slot, b: Slot) => (b.closesAt > a.closesAt ? b : a);
const isOver = (present: number) => (entry: Entry) => entry.slot.closesAt <= present;

/** Entries of the same meter whose interval slot is the same moment; most urgent first. */
function companionsOf(entry: Entry, ofMeter: readonly Entry[]): Entry[] {
  if (entry.duty.plan.kind !== 'interval') return [entry];
  return ofMeter
    .filter(({ duty, slot }) => duty.plan.kind === 'interval' && slot.at === entry.slot.at)
    .sort((a, b) => rankOf(a) - rankOf(b));
}

function taskOf(together: readonly [Entry, ...Entry[]]): Task {
  const [{ duty, progress }] = together;
  const slot = together.map((entry) => entry.slot).reduce(longer);
  const retries = Math.max(...together.map((entry) => entry.duty.plan.retries));
  return {
    ...duty,
    plan: { ...duty.plan, retries },
    registers: registersOf(together),
    slot,
    rev: revisionOf(together[0], slot),
    progress,
  };
}

/** Compares number by number. */
function before(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

export function createAgenda(
  duties: readonly Duty[],
  { now, zone, onSkip, isDoubtful }: AgendaDeps,
): Agenda {
  const entries = duties.map((duty) => createEntry(duty, now, zone));
  const byMeter = Map.groupBy(entries, ({ duty }) => duty.meter);
  /** By meter: its entries that the task is made of, with how to give them back. */
  const underWay = new Map<string, readonly { entry: Entry; restore: () => void }[]>();

  const free = () => entries.filter(({ duty }) => !underWay.has(duty.meter));
  const together = (entry: Entry) => companionsOf(entry, byMeter.get(entry.duty.meter) ?? []);
  const earliest = (momentOf: (entry: Entry) => number) =>
    free().reduce((soonest, entry) => Math.min(soonest, momentOf(entry)), Infinity);

  function follow(present: number): void {
    for (const entry of free()) {
      const skip = followClock(entry, present, zone);
      if (skip !== null) onSkip(skip);
    }
  }

  function handOut(first: Entry): Task {
    const [leader = first, ...others] = together(first);
    const group = [leader, ...others] as const;
    const task = taskOf([leader, ...others]);
    underWay.set(
      task.meter,
      group.map((entry) => ({ entry, restore: moveOn(entry, zone) })),
    );
    return task;
  }

  /** A slot that ends leaves its registers to a longer one of the same moment, if there is one. */
  function bequeath(entry: Entry, present: number): void {
    if (!isOver(present)(entry)) return;
    const heir = together(entry).find((other) => !isOver(present)(other));
    if (heir === undefined) return;
    heir.inherited = registersOf([heir, entry]);
    moveOn(entry, zone);
  }

  /** What is over costs no time on the line; a meter that may be silent costs much of it. */
  function urgencyOf(entry: Entry, present: number): number[] {
    const { silences, losses } = entry.progress;
    const isLast = silences > 0 || losses > 0 || isDoubtful(entry.duty.meter);
    const isLost = together(entry).every(isOver(present));
    return [isLost ? 0 : 1, isLast ? 1 : 0, rankOf(entry), entry.slot.opensAt + entry.jitterMs];
  }

  function first(isWanted: (entry: Entry) => boolean, present: number): Task | null {
    follow(present);
    const [best] = free()
      .filter(isWanted)
      .map((entry) => ({ entry, urgency: urgencyOf(entry, present) }))
      .sort((a, b) => before(a.urgency, b.urgency));
    return best === undefined ? null : handOut(best.entry);
  }

  return {
    take: (present) => first((entry) => dueAt(entry) <= present, present),
    takeEnded(present) {
      for (const entry of free()) bequeath(entry, present);
      return first(isOver(present), present);
    },
    done: ({ meter }) => void underWay.delete(meter),
    putBack({ meter }, deferral) {
      for (const { entry, restore } of underWay.get(meter) ?? []) {
        restore();
        Object.assign(entry, deferral);
      }
      underWay.delete(meter);
    },
    endPauses() {
      for (const entry of entries) entry.notBefore = Number.NEGATIVE_INFINITY;
    },
    nextDueAt: () => earliest(dueAt),
    nextEndAt: () => earliest(({ slot }) => slot.closesAt),
  };
}
