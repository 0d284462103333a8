import { SHOWN } from '../core/slave.ts';
import type { SlotLoad } from './curve.ts';
import type { Events, HabitName } from './events.ts';
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
const VOLTAGE_LOST = 0x0001;
const REVERSE_IN_PHASE = 0x0040;
const POWER_OFF = 0x0020;

export function showStatus({ events, kind, load, at }: StatusOf): Map<string, string> {
  const isGoingOn = (name: HabitName, phase?: number) =>
    (events.until(at, name, phase) ?? []).some(({ end }) => at < end);
  const flag = (isSet: boolean, bits: number) => (isSet ? bits : 0);
  const isReverse = load.activeMilliwatts < 0;
  const hasPhase = (phase: number) => phase <= phaseCount(kind);
  const phaseWords = [1, 2, 3].map(
    (phase) =>
      flag(isGoingOn('voltage-loss', phase), VOLTAGE_LOST) |
      flag(isReverse && hasPhase(phase), REVERSE_IN_PHASE),
  );
  const words = [
    flag(isReverse, REVERSE_IN_WORD_1),
    flag(isReverse, kind === 'single' ? 0b001 : 0b111),
    flag(isGoingOn('relay'), RELAY_OFF),
    ...phaseWords,
    flag(isGoingOn('power-off'), POWER_OFF),
  ];
  return new Map(
    words.map((word, index) => [
      `${SHOWN.statusWord}_${index + 1}`,
      `0x${word.toString(16).toUpperCase().padStart(4, '0')}`,
    ]),
  );
}
