/** Registers that meters say they do not have; the headend is told when that changes. */
import type { Notes } from '../core/notes.ts';
import type { Register } from '../core/registers.ts';
import type { Task } from './agenda.ts';
import type { Outcome } from './outcome.ts';

/** Names of registers that a meter lacks since its last reading, and of those that it has again. */
export interface LackChange {
  readonly lost: readonly string[];
  readonly back: readonly string[];
}

export interface LackWatch {
  /** Takes the end of a slot. */
  note(task: Task, outcome: Outcome): LackChange;
  /** A register of the task that the meter is not known to lack, where there is one. */
  presentOf(task: Task): Register | undefined;
}

/** Freezes hold other registers than the meter itself, so each kind of reading is told apart. */
const keyOf = ({ plan }: Task) => `lacking.${plan.kind}`;

function namesIn(text: string | null): Set<string> {
  return new Set(text === null || text === '' ? [] : text.split(' '));
}

/** `notesOf` a meter keeps what is known over a restart. */
export function createLackWatch(notesOf: (meter: string) => Notes): LackWatch {
  const known = (task: Task) => namesIn(notesOf(task.meter).recall(keyOf(task)));
  return {
    note(task, { values, failures }) {
      const before = known(task);
      const lost = failures
        .filter(({ error }) => error.code === 'METER_UNSUPPORTED')
        .flatMap(({ registers }) => registers.map(({ name }) => name))
        .filter((name) => !before.has(name));
      const back = values.map(({ register }) => register.name).filter((name) => before.has(name));
      if (lost.length > 0 || back.length > 0) {
        const after = [...before, ...lost].filter((name) => !back.includes(name));
        notesOf(task.meter).note(keyOf(task), after.length === 0 ? null : after.join(' '));
      }
      return { lost, back };
    },
    presentOf(task) {
      const lacking = known(task);
      return task.registers.find(({ name }) => !lacking.has(name)) ?? task.registers[0];
    },
  };
}
