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
import { attemptSlot, type Outcome } from './attempts.ts';
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
/** Less than this is the clock being kept in time, not set. */
const CLOCK_STEP_MS = 5000;
/** While what is due waits for a port and nothing new is taken. */
const LOOK_AGAIN_MS = 500;

export async function runPoller(deps: PollerDeps, signals: PollSignals): Promise<void> {
  const { clock, zone, line } = deps;
  const writer = createWriter(deps, signals.abort);
  const faults = createFaultLog(deps.log);
  const steps = createStepWatch(clock);
  const agenda = createAgenda(deps.duties, {
    now: clock.now(),
    zone,
    onSkip: (skip) => writer.event(skipEvent(skip, deps)),
  });
  const idle = AbortSignal.any([signals.finish, signals.stop]);
  let endsAt = Number.POSITIVE_INFINITY;

  /** A port that is away is waited for; slots that end meanwhile are missing by its fault. */
  const next = (now: number) =>
    line.fault === null || signals.stop.aborted ? agenda.take(now) : agenda.takeEnded(now);

  async function perform(task: Task): Promise<void> {
    const outcome = await attemptSlot(task, { line, clock, zone, ...signals });
    if (isWorthWaiting(task, outcome, deps) && !signals.stop.aborted) {
      agenda.putBack(task);
      return;
    }
    deps.counters.due += 1;
    const circumstances = { readAt: clock.now(), zone, clockState: deps.clockState() };
    const reading = readingOf(task, outcome, circumstances);
    faults.note(reading);
    // The line does not wait for the disk: the next meter is asked while this one is committed.
    writer.reading(task.plan.stream, reading);
  }

  async function rest(): Promise<void> {
    const until = line.fault === null ? agenda.nextDueAt() : agenda.nextEndAt();
    const waking = new AbortController();
    const signal = AbortSignal.any([idle, waking.signal]);
    const wait = clock.sleep(Math.min(until - clock.now(), LONGEST_SLEEP_MS), signal);
    const up = line.fault === null ? wait : line.whenUp(signal);
    await Promise.race([wait, up]).catch(() => undefined);
    waking.abort();
    await Promise.allSettled([wait, up]);
  }

  for (;;) {
    deps.counters.turns += 1;
    const stepMs = steps.look();
    if (stepMs !== 0) writer.event(stepEvent(stepMs, deps));
    // What fell due before the end is still accounted for; what opens after it is not.
    if (idle.aborted) endsAt = Math.min(endsAt, clock.now());
    const task = next(Math.min(clock.now(), endsAt));
    if (task !== null) await perform(task);
    else if (!idle.aborted) await rest();
    else if (line.fault === null || signals.stop.aborted || agenda.nextDueAt() > endsAt) break;
    else await clock.sleep(LOOK_AGAIN_MS, signals.stop).catch(() => undefined);
  }
  await writer.settled();
}

/** The port went away before the slot was read, and may come back before it ends. */
function isWorthWaiting(
  { slot }: Task,
  { failures }: Outcome,
  { line, clock }: PollerDeps,
): boolean {
  return line.fault !== null && failures.length > 0 && clock.now() < slot.closesAt;
}

/** Tells when the wall clock has moved otherwise than time did, in milliseconds; else 0. */
function createStepWatch(clock: Clock) {
  const offset = () => clock.now() - clock.monotonic();
  let known = offset();
  return {
    look(): number {
      const step = offset() - known;
      if (Math.abs(step) < CLOCK_STEP_MS) return 0;
      known += step;
      return step;
    },
  };
}

function stepEvent(stepMs: number, { bus, clock, zone }: PollerDeps): AmrEvent {
  return {
    at: formatInstant(clock.now(), zone),
    type: 'clock.stepped',
    severity: 'warning',
    bus,
    detail: { seconds: Math.round(stepMs / 1000) },
  };
}

function skipEvent(skip: Skip, { bus, clock, zone }: PollerDeps): AmrEvent {
  return {
    at: formatInstant(clock.now(), zone),
    type: 'poll.slots-skipped',
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
