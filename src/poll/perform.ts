/** One task from the line to the store: tried, put back, or concluded as a reading. */
import type { Logger } from 'pino';
import type { Clock, ClockState } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import type { Store } from '../core/store.ts';
import type { Agenda, Task } from './agenda.ts';
import { attemptSlot } from './attempts.ts';
import { deferralOf } from './deferral.ts';
import type { Health } from './health.ts';
import { createLackWatch } from './lacking.ts';
import type { Outcome } from './outcome.ts';
import { createFaultLog, lackEvents } from './poll-events.ts';
import { readingOf } from './reading-of.ts';
import type { PollCounters, Writer } from './writer.ts';

export interface PollSignals {
  /** No new slot is taken after this; what is due is still read. */
  readonly finish: AbortSignal;
  /** What is due becomes missing after this; the running exchange may end. */
  readonly stop: AbortSignal;
  /** Ends even a running exchange. */
  readonly abort: AbortSignal;
}

export interface PerformerDeps {
  readonly bus: string;
  readonly line: Pick<Line, 'fault'>;
  readonly notesOf: Store['notesOf'];
  readonly clock: Clock;
  readonly clockState: () => ClockState;
  readonly zone: string;
  readonly log: Logger;
  readonly counters: PollCounters;
}

/** What the tasks of one bus share. */
export interface Desk {
  readonly agenda: Agenda;
  readonly health: Health;
  readonly writer: Writer;
}

/** What a slot ends as in which a doubtful meter is left alone. */
function unasked({ registers, progress }: Task): Outcome {
  const error = new AmrError('BUS_NO_REPLY', 'silent for several slots; asked again later');
  return { ...progress.outcome, failures: [{ registers, error }] };
}

/** Does what is to be done with one task. Never rejects. */
export function createPerformer(
  deps: PerformerDeps,
  signals: PollSignals,
  { agenda, health, writer }: Desk,
): (task: Task) => Promise<void> {
  const { line, clock, zone, log } = deps;
  const faults = createFaultLog(log);
  // No meter is called so: a colon is in no id.
  const lacks = createLackWatch((meter) => deps.notesOf(`poll:${meter}`));

  async function attempt(task: Task): Promise<Outcome> {
    const approach = health.approach(task);
    const isAsking = line.fault === null && !signals.stop.aborted;
    if (approach === 'rest' && isAsking) return unasked(task);
    const probe = approach === 'probe' ? (lacks.presentOf(task) ?? null) : null;
    return await attemptSlot(task, { line, clock, zone, probe, ...signals });
  }

  function tellLacks(task: Task, outcome: Outcome): void {
    for (const event of lackEvents(task, lacks.note(task, outcome), deps)) {
      writer.event(event);
      const { registers } = event.detail;
      if (event.severity === 'info') log.info({ meter: task.meter, registers }, 'registers back');
      else log.warn({ meter: task.meter, registers }, 'registers not supported');
    }
  }

  function conclude(task: Task, outcome: Outcome): void {
    deps.counters.due += 1;
    health.note(task, outcome);
    tellLacks(task, outcome);
    const circumstances = { readAt: clock.now(), zone, clockState: deps.clockState() };
    const reading = readingOf(task, outcome, circumstances);
    faults.note(reading);
    // The line does not wait for the disk: the next meter is asked while this one is committed.
    writer.reading(task.plan.stream, reading);
  }

  return async (task: Task): Promise<void> => {
    const outcome = await attempt(task);
    const prospect = {
      now: clock.now(),
      isAway: line.fault !== null,
      isDoubtful: health.isDoubtful(task.meter),
      isEnding: signals.finish.aborted,
    };
    const deferral = signals.stop.aborted ? null : deferralOf(task, outcome, prospect);
    if (deferral !== null) {
      agenda.putBack(task, deferral);
      return;
    }
    agenda.done(task);
    conclude(task, outcome);
  };
}
