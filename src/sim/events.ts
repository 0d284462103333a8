import type { EventKind } from '../core/slave.ts';
import type { Calendar } from './calendar.ts';
import { FIRST_DAY } from './energy.ts';
import { type PhasesOf, phaseCount } from './phases.ts';
import { between } from './random.ts';

/**
 * What happened to a meter since its installation, a few a month; follows from the seed alone.
 * The load takes no notice of it: power cuts are shorter than a minute.
 */
export interface Happening {
  readonly begin: number;
  readonly end: number;
}

interface Habit {
  /** In one month, at most. */
  readonly most: number;
  readonly seconds: readonly [shortest: number, longest: number];
  readonly salt: number;
  readonly isOfPhase?: true;
}

const HABITS = {
  'voltage-loss': { most: 2, seconds: [60, 1500], salt: 21, isOfPhase: true },
  'power-off': { most: 3, seconds: [5, 50], salt: 22 },
  programming: { most: 1, seconds: [30, 300], salt: 23 },
  'cover-open': { most: 1, seconds: [60, 900], salt: 24 },
  relay: { most: 2, seconds: [5, 50], salt: 25 },
} as const satisfies Record<string, Habit>;

export type HabitName = keyof typeof HABITS;

/** Which habit an event shows a part of, and whether it is an event before its end. */
export const EVENTS: Readonly<Record<EventKind, readonly [HabitName, 'begin' | 'end']>> = {
  'voltage-loss': ['voltage-loss', 'end'],
  'power-off': ['power-off', 'end'],
  programming: ['programming', 'end'],
  'cover-open': ['cover-open', 'end'],
  'relay-trip': ['relay', 'begin'],
  'relay-close': ['relay', 'end'],
};

export interface Events {
  /** All that had begun at this moment, in order; `null` where the meter has no such phase. */
  until(epochMs: number, name: HabitName, phase?: number): Happening[] | null;
}

export function createEvents({ kind, seed }: PhasesOf, calendar: Calendar): Events {
  const ofMonth = (first: number, next: number, habit: Habit, phase: number): Happening[] => {
    const count = between(0, habit.most, seed, habit.salt, phase, first);
    const part = Math.floor((next - first) / Math.max(count, 1) / 1000);
    const [shortest, longest] = habit.seconds;
    return Array.from({ length: count }, (_, index) => {
      const dice = [seed, habit.salt, phase, first, index] as const;
      const begin = first + (part * index + between(0, part - longest, 1, ...dice)) * 1000;
      return { begin, end: begin + between(shortest, longest, 2, ...dice) * 1000 };
    });
  };

  return {
    until(epochMs, name, phase = 0) {
      const habit: Habit = HABITS[name];
      const isThere = habit.isOfPhase ? phase >= 1 && phase <= phaseCount(kind) : phase === 0;
      if (!isThere) return null;
      const found: Happening[] = [];
      let month = calendar.firstOfMonth(FIRST_DAY);
      while (month.start <= epochMs) {
        const next = calendar.firstOfMonth(month.index, -1);
        found.push(...ofMonth(month.start, next.start, habit, phase));
        month = next;
      }
      return found.filter(({ begin }) => begin <= epochMs);
    },
  };
}
