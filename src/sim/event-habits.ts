import type { EventKind } from '../core/slave.ts';

/** How often what happens to a meter, and how long it goes on. */
export interface Habit {
  /** In one month, at least; 0 where absent. */
  readonly least?: number;
  /** In one month, at most. */
  readonly most: number;
  readonly seconds: readonly [shortest: number, longest: number];
  /** Tells its dice from those of others. */
  readonly salt: number;
  readonly isOfPhase?: true;
  /** Only a meter of three phases knows of it. */
  readonly needsThree?: true;
  /** It is no chance, but happens as the month begins. */
  readonly isMonthly?: true;
}

type Kind = Exclude<EventKind, 'relay-trip' | 'relay-close'> | 'relay';

const ofPhase = (salt: number, most: number): Habit => ({
  most,
  seconds: [60, 1500],
  salt,
  isOfPhase: true,
});
const ofThree = (salt: number): Habit => ({ most: 1, seconds: [60, 900], salt, needsThree: true });
const byHand = (salt: number): Habit => ({ most: 1, seconds: [30, 300], salt });
const purchase = (salt: number): Habit => ({ least: 1, most: 1, seconds: [1, 5], salt });

const NEVER = { most: 0, seconds: [1, 1] } as const;

export const HABITS: Readonly<Record<Kind, Habit>> = {
  'voltage-loss': ofPhase(21, 2),
  'power-off': { most: 3, seconds: [5, 50], salt: 22 },
  programming: byHand(23),
  'cover-open': { most: 1, seconds: [60, 900], salt: 24 },
  relay: { most: 2, seconds: [5, 50], salt: 25 },
  undervoltage: ofPhase(41, 2),
  overvoltage: ofPhase(42, 2),
  'phase-cut': ofPhase(43, 1),
  'current-loss': ofPhase(44, 1),
  overcurrent: ofPhase(45, 1),
  'current-cut': ofPhase(46, 1),
  'power-reversal': ofPhase(47, 1),
  overload: ofPhase(48, 1),
  'all-phase-loss': ofThree(49),
  'auxiliary-loss': byHand(50),
  'voltage-sequence': ofThree(51),
  'current-sequence': ofThree(52),
  'voltage-unbalance': ofThree(53),
  'current-unbalance': ofThree(54),
  'power-factor-low': ofThree(55),
  'demand-over-import': { most: 1, seconds: [900, 2700], salt: 56 },
  'demand-over-q1': ofThree(58),
  // What not every meter has a demand of.
  'demand-over-export': { ...NEVER, salt: 57 },
  'demand-over-q2': { ...NEVER, salt: 59, needsThree: true },
  'demand-over-q3': { ...NEVER, salt: 60, needsThree: true },
  'demand-over-q4': { ...NEVER, salt: 61, needsThree: true },
  // They would have set back registers or counts, which never fall.
  'meter-clear': { ...NEVER, salt: 62 },
  'event-clear': { ...NEVER, salt: 63 },
  // The demands of a month are gone as the next one begins.
  'demand-clear': { most: 1, seconds: [1, 1], salt: 64, isMonthly: true },
  'clock-set': byHand(65),
  'day-table-set': byHand(66),
  'zone-table-set': byHand(67),
  'week-rest-set': byHand(68),
  'holiday-set': byHand(69),
  'combination-active-set': byHand(70),
  'combination-reactive-1-set': ofThree(71),
  'combination-reactive-2-set': ofThree(72),
  'settlement-day-set': byHand(73),
  'terminal-cover-open': { most: 1, seconds: [60, 900], salt: 74 },
  'purchase-energy': purchase(75),
  'purchase-amount': purchase(76),
};

export type HabitName = keyof typeof HABITS;

/** Which habit an event shows a part of, and whether it is an event before its end. */
export function partOf(kind: EventKind): readonly [HabitName, 'begin' | 'end'] {
  if (kind === 'relay-trip') return ['relay', 'begin'];
  return [kind === 'relay-close' ? 'relay' : kind, 'end'];
}
