import { SHOWN } from '../core/slave.ts';
import type { SlotLoad } from './curve.ts';
import type { HabitName } from './event-habits.ts';
import type { Events } from './events.ts';
import { type PhasesOf, phaseCount } from './phases.ts';

/** Run status words 1 to 7 (clause A.5 and table C.1): what a meter says of itself. */
export interface StatusOf extends PhasesOf {
  readonly events: Events;
  readonly load: SlotLoad;
  readonly at: number;
}

/** Word 3: the relay is off, and was told so. */
const RELAY_OFF = 0x0050;
const REVERSE_IN_WORD_1 = 0x0010;
/** Words 4 to 6, from bit 0 on. */
const IN_PHASE: readonly HabitName[] = [
  'voltage-loss',
  'undervoltage',
  'overvoltage',
  'current-loss',
  'overcurrent',
  'overload',
  'power-reversal',
  'phase-cut',
  'current-cut',
];
const REVERSE_IN_PHASE = 0x0040;
/** Word 7, from bit 0 on. */
const IN_METER: readonly (readonly HabitName[])[] = [
  ['voltage-sequence'],
  ['current-sequence'],
  ['voltage-unbalance'],
  ['current-unbalance'],
  ['auxiliary-loss'],
  ['power-off'],
  [
    'demand-over-import',
    'demand-over-export',
    'demand-over-q1',
    'demand-over-q2',
    'demand-over-q3',
    'demand-over-q4',
  ],
];

const bitsOf = (flags: readonly boolean[]) =>
  flags.reduce((word, isSet, bit) => (isSet ? word | (1 << bit) : word), 0);

export function showStatus({ events, kind, load, at }: StatusOf): Map<string, string> {
  const isGoingOn = (name: HabitName, phase?: number) =>
    (events.until(at, name, phase) ?? []).some(({ end }) => at < end);
  const flag = (isSet: boolean, bits: number) => (isSet ? bits : 0);
  const isReverse = load.activeMilliwatts < 0;
  const hasPhase = (phase: number) => phase <= phaseCount(kind);
  const phaseWords = [1, 2, 3].map(
    (phase) =>
      bitsOf(IN_PHASE.map((name) => isGoingOn(name, phase))) |
      flag(isReverse && hasPhase(phase), REVERSE_IN_PHASE),
  );
  const words = [
    flag(isReverse, REVERSE_IN_WORD_1),
    flag(isReverse, kind === 'single' ? 0b001 : 0b111),
    flag(isGoingOn('relay'), RELAY_OFF),
    ...phaseWords,
    bitsOf(IN_METER.map((names) => names.some((name) => isGoingOn(name)))),
  ];
  return new Map(
    words.map((word, index) => [
      `${SHOWN.statusWord}_${index + 1}`,
      `0x${word.toString(16).toUpperCase().padStart(4, '0')}`,
    ]),
  );
}
