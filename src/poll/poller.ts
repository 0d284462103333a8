/**
 * The loop of one bus: takes what is due, reads it, stores it. Every slot that came due becomes
 * exactly one reading; one that could not be read says why.
 */
import type { Logger } from 'pino';
import type { Clock, ClockState } from '../core/clock.ts';
import type { Line } from '../core/line.ts';
import type { Reading } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { createAgenda, type Task } from './agenda.ts';
import type { Duty } from './duty.ts';
import { createHealth } from './health.ts';
import { createPerformer, type PollSignals } from './perform.ts';
import { createStepWatch, skipEvent, stepEvent } from './poll-events.ts';
import { createWriter, type PollCounters } from './writer.ts';

export interface PollerDeps {
  readonly bus: string;
  readonly duties: readonly Duty[];
  /** Meters that are read at the same time, where the bus bears it. */
  readonly lanes?: number;
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
/** While what is due waits for a port and nothing new is taken. */
const LOOK_AGAIN_MS = 500;

export async function runPoller(deps: PollerDeps, signals: PollSignals): Promise<void> {
  const { clock, zone, line, lanes = 1 } = deps;
  const writer = createWriter(deps, signals.abort);
  const health = createHealth();
  const steps = createStepWatch(clock);
  const agenda = createAgenda(deps.duties, {
    now: clock.now(),
    zone,
    onSkip: (skip) => writer.event(skipEvent(skip, deps)),
    isDoubtful: health.isLast,
  });
  const { notesOf } = deps.store;
  const perform = createPerformer({ ...deps, notesOf }, signals, { agenda, health, writer });
  const idle = AbortSignal.any([signals.finish, signals.stop]);
  const running = new Set<Promise<void>>();
  let endsAt = Number.POSITIVE_INFINITY;

  /** A port that is away is waited for; slots that end meanwhile are missing by its fault. */
  const next = (now: number) =>
    line.fault === null || signals.stop.aborted ? agenda.take(now) : agenda.takeEnded(now);

  function start(task: Task): void {
    const run = perform(task).finally(() => running.delete(run));
    running.add(run);
  }

  /** Until something is due, the port is there, or a meter that was read is free again. */
  async function rest(): Promise<void> {
    const until = line.fault === null ? agenda.nextDueAt() : agenda.nextEndAt();
    const waking = new AbortController();
    const signal = AbortSignal.any([idle, waking.signal]);
    const waits = [clock.sleep(Math.min(until - clock.now(), LONGEST_SLEEP_MS), signal)];
    if (line.fault !== null) waits.push(line.whenUp(signal));
    const ends = waits.map((wait) => wait.catch(() => undefined));
    await Promise.race([...ends, ...running]);
    waking.abort();
    await Promise.all(ends);
  }

  /** What fell due before the end is still accounted for; what opens after it is not. */
  function look(): number {
    deps.counters.turns += 1;
    const stepMs = steps.look();
    if (stepMs !== 0) writer.event(stepEvent(stepMs, deps));
    if (idle.aborted) {
      endsAt = Math.min(endsAt, clock.now());
      agenda.endPauses();
    }
    return Math.min(clock.now(), endsAt);
  }

  for (;;) {
    const now = look();
    const task = running.size < lanes ? next(now) : null;
    if (task !== null) start(task);
    else if (running.size > 0 && (running.size === lanes || idle.aborted))
      await Promise.race(running);
    else if (!idle.aborted) await rest();
    else if (agenda.nextDueAt() > endsAt) break;
    else await clock.sleep(LOOK_AGAIN_MS, signals.stop).catch(() => undefined);
  }
  await writer.settled();
}
