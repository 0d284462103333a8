import type { Calendar } from './calendar.ts';
import { FIRST_DAY } from './energy.ts';
import { HABITS, type Habit, type HabitName } from './event-habits.ts';
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

export interface Events {
  /** All that had begun at this moment, in order; `null` where the meter has no such phase. */
  until(epochMs: number, name: HabitName, phase?: number): Happening[] | null;
}

interface Month {
  readonly start: number;
  readonly end: number;
}

/** Each in a part of the month of its own, so that none begins before another ends. */
function happeningsOf(month: Month, habit: Habit, dice: readonly number[]): Happening[] {
  const [shortest, longest] = habit.seconds;
  if (habit.isMonthly) return [{ begin: month.start, end: month.start + longest * 1000 }];
  const count = between(habit.least ?? 0, habit.most, ...dice, month.start);
  const part = Math.floor((month.end - month.start) / Math.max(count, 1) / 1000);
  return Array.from({ length: count }, (_, index) => {
    const own = [...dice, month.start, index];
    const begin = month.start + (part * index + between(0, part - longest, 1, ...own)) * 1000;
    return { begin, end: begin + between(shortest, longest, 2, ...own) * 1000 };
  });
}

function isThere(habit: Habit, { kind }: PhasesOf, phase: number): boolean {
  if (habit.needsThree && kind === 'single') return false;
  return habit.isOfPhase ? phase >= 1 && phase <= phaseCount(kind) : phase === 0;
}

export function createEvents(phases: PhasesOf, calendar: Calendar): Events {
  return {
    until(epochMs, name, phase = 0) {
      const habit = HABITS[name];
      if (!isThere(habit, phases, phase)) return null;
      const dice = [phases.seed, habit.salt, phase];
      const found: Happening[] = [];
      let month = calendar.firstOfMonth(FIRST_DAY);
      while (month.start <= epochMs) {
        const next = calendar.firstOfMonth(month.index, -1);
        found.push(...happeningsOf({ start: month.start, end: next.start }, habit, dice));
        month = next;
      }
      return found.filter(({ begin }) => begin <= epochMs);
    },
  };
}
