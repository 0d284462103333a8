/**
 * Which meters of a bus answer, so that those that do not cost the others little.
 *
 * A meter that was silent in a whole slot is doubtful. Its slots come behind those of all others
 * that are due, and begin with a probe: one register, asked once; an answer makes it healthy and
 * the slot is read in full. It is probed in its next two slots, then at most once per 1, 2, 4, 8
 * and 15 minutes, or once a slot where the slots are longer; slots between are missing without
 * time on the line. Daily slots are always probed.
 *
 * The bound: a dead meter takes the line for one unanswered request per 15 minutes, or per slot
 * where the slots are longer. With 2.5 s for such a request, its deadline and the quiet time, that
 * is 0.28 % of the line for each dead meter, and a healthy one waits for one of them at the most.
 * In the slot in which it dies, or the first after the start, it costs what its driver asks before
 * it gives up, two requests; the retries of the plan are probes and come behind all others.
 */
import type { Task } from './agenda.ts';
import { evidenceOf, type Outcome } from './outcome.ts';

/** `full`: everything; `probe`: one register first; `rest`: nothing. */
export type Approach = 'full' | 'probe' | 'rest';

export interface Health {
  approach(task: Task): Approach;
  /** Silent in its last slot, or in more. */
  isDoubtful(meter: string): boolean;
  /** Its slots come behind those of all others. */
  isLast(meter: string): boolean;
  /** Takes the end of a slot. */
  note(task: Task, outcome: Outcome): void;
}

interface Condition {
  /** In a row. */
  readonly silentSlots: number;
  /** When the last slot opened in which it was asked. */
  readonly askedAt: number;
  /** The others left no time for its last slot, so that it is not last again. */
  readonly isPassedOver: boolean;
}

/** Silent slots before probes become rarer. */
const EVERY_SLOT = 3;
const PAUSES_MS = [1, 2, 4, 8, 15].map((minutes) => minutes * 60_000);

function pauseAfter(silentSlots: number): number {
  const step = Math.min(silentSlots - EVERY_SLOT, PAUSES_MS.length - 1);
  return step < 0 ? 0 : (PAUSES_MS[step] ?? 0);
}

export function createHealth(): Health {
  /** Of the meters that were heard or silent. */
  const conditions = new Map<string, Condition>();
  const isDoubtful = (meter: string) => (conditions.get(meter)?.silentSlots ?? 0) > 0;

  function isResting({ meter, slot, plan }: Task): boolean {
    const { silentSlots, askedAt } = conditions.get(meter) ?? { silentSlots: 0, askedAt: 0 };
    // Slots are compared, not moments: they keep their distance however long the others take.
    const isSoon = Math.abs(slot.opensAt - askedAt) < pauseAfter(silentSlots);
    return isSoon && plan.schedule.kind !== 'daily';
  }

  /** Where nobody was heard, the line itself may have been away: now all have their next slot. */
  function revive(): void {
    if ([...conditions.values()].some(({ silentSlots }) => silentSlots === 0)) return;
    for (const [meter, condition] of conditions)
      conditions.set(meter, { ...condition, silentSlots: 1 });
  }

  return {
    approach(task) {
      const { outcome, silences } = task.progress;
      if (outcome.values.length > 0) return 'full';
      if (outcome.attempts === 0 && isResting(task)) return 'rest';
      return silences > 0 || isDoubtful(task.meter) ? 'probe' : 'full';
    },
    isDoubtful,
    isLast: (meter) => isDoubtful(meter) && conditions.get(meter)?.isPassedOver !== true,
    note({ meter, slot }, outcome) {
      const known = conditions.get(meter);
      const evidence = evidenceOf(outcome);
      if (evidence === 'answer') {
        revive();
        conditions.set(meter, { silentSlots: 0, askedAt: slot.opensAt, isPassedOver: false });
      } else if (evidence === 'silence') {
        const silentSlots = (known?.silentSlots ?? 0) + 1;
        conditions.set(meter, { silentSlots, askedAt: slot.opensAt, isPassedOver: false });
      } else if (known !== undefined) {
        const isPassedOver = outcome.failures.some(({ error }) => error.code === 'SLOT_EXPIRED');
        conditions.set(meter, { ...known, isPassedOver });
      }
    },
  };
}
