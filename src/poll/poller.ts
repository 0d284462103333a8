/**
 * The loop of one bus: takes what is due, reads it, stores it. Every slot that came due becomes
 * exactly one reading; one that could not be read says why.
 */
import type { Logger } from 'pino';
import type { Clock, ClockState } from '../core/clock.ts';
import type { Line } from '../core/line.ts';
import type { AmrEvent, Reading } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { createAgenda, type Duty, type Skip, type Task } from './agenda.ts';
import { attemptSlot } from './attempts.ts';
import { readingOf } from './reading-of.ts';
import { createWriter, type PollCounters } from './writer.ts';

export interface PollSignals {
  /** No new slot is taken after this; what is due is still read. */
  readonly finish: AbortSignal;
  /** What is due becomes missing after this; the running exchange may end. */
  readonly stop: AbortSignal;
  /** Ends even a running exchange. */
  readonly abort: AbortSignal;
}

export interface PollerDeps {
  readonly bus: string;
  readonly duties: readonly Duty[];
  readonly line: Pick<Line, 'fault' | 'whenUp'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly clockState: () => ClockState;
  readonly zone: string;
  readonly log: Logger;
  readonly counters: PollCounters;
  /** After the commit. */
  readonly onStored?: ((reading: Reading) => void) | undefined;
}

/** However far the next slot is, the wall clock is looked at this often: it may have been set. */
const LONGEST_SLEEP_MS = 10_000;

export async function runPoller(deps: PollerDeps, signals: PollSignals): Promise<void> {
  const { clock, zone } = deps;
  const writer = createWriter(deps, signals.abort);
  const faults = createFaultLog(deps.log);
  const agenda = createAgenda(deps.duties, {
    now: clock.now(),
    zone,
    onSkip: (skip) => writer.event(skipEvent(skip, deps)),
  });
  const idle = AbortSignal.any([signals.finish, signals.stop]);
  let endsAt = Number.POSITIVE_INFINITY;
  for (;;) {
    // What fell due before the end is still accounted for; what opens after it is not.
    deps.counters.turns += 1;
    if (idle.aborted) endsAt = Math.min(endsAt, clock.now());
    const task = agenda.take(Math.min(clock.now(), endsAt));
    if (task !== null) {
      deps.counters.due += 1;
      const reading = await readTask(task, deps, signals);
      faults.note(reading);
      // The line does not wait for the disk: the next meter is asked while this one is committed.
      writer.reading(task.plan.stream, reading);
    } else if (idle.aborted) break;
    else {
      const wait = Math.min(agenda.nextDueAt() - clock.now(), LONGEST_SLEEP_MS);
      await clock.sleep(wait, idle).catch(() => undefined);
    }
  }
  await writer.settled();
}

async function readTask(task: Task, deps: PollerDeps, signals: PollSignals): Promise<Reading> {
  const { line, clock, zone } = deps;
  const { stop, abort } = signals;
  const outcome = await attemptSlot(task, { line, clock, zone, stop, abort });
  return readingOf(task, outcome, { readAt: clock.now(), zone, clockState: deps.clockState() });
}

function skipEvent(skip: Skip, { bus, clock, zone }: PollerDeps): AmrEvent {
  return {
    at: formatInstant(clock.now(), zone),
    type: 'poll.clock-stepped',
    severity: 'warning',
    meter: skip.meter,
    bus,
    detail: {
      plan: skip.plan,
      from: formatInstant(skip.from, zone),
      to: formatInstant(skip.to, zone),
    },
  };
}

/** A meter that stops answering is told of once, and once more when it is back. */
function createFaultLog(log: Logger) {
  const missed = new Map<string, number>();
  return {
    note({ meter, quality, cause }: Reading): void {
      const count = missed.get(meter) ?? 0;
      if (quality === 'missing') {
        missed.set(meter, count + 1);
        if (count === 0) log.warn({ meter, cause }, 'meter not read');
      } else if (count > 0) {
        missed.delete(meter);
        log.info({ meter, missed: count }, 'meter read again');
      }
    },
  };
}
