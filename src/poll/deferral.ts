/** Whether a slot that was tried is over, or is tried again while others have their turn. */
import type { Deferral, Task } from './agenda.ts';
import { evidenceOf, isBusy, isPortLoss, type Outcome, type Progress } from './outcome.ts';

/** What decides besides the outcome. */
export interface Prospect {
  readonly now: number;
  /** The port is away at present. */
  readonly isAway: boolean;
  /** The meter has been silent in earlier slots, so it gets one try a slot. */
  readonly isDoubtful: boolean;
  /** What is due is still read, but nothing is waited for. */
  readonly isEnding: boolean;
}

/** Before the next try: a meter is busy for moments, a device that reboots for a minute. */
const PAUSES_MS = [500, 2000, 5000, 15_000, 60_000];
const AT_ONCE = Number.NEGATIVE_INFINITY;

/** After so many such tries; `null` where the slot ends before the pause does, or all ends. */
function pausedFrom(tries: number, { slot }: Task, { now, isEnding }: Prospect): number | null {
  const notBefore = now + (PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0);
  return isEnding || notBefore >= slot.closesAt ? null : notBefore;
}

/** A try that was cut off after it brought something is repeated as soon as the port is there. */
function afterLoss(task: Task, outcome: Outcome, prospect: Prospect): Deferral | null {
  const { progress } = task;
  const isGain = outcome.values.length > progress.outcome.values.length;
  const losses = isGain ? 0 : progress.losses + 1;
  const notBefore = losses <= 1 ? AT_ONCE : pausedFrom(losses - 1, task, prospect);
  return notBefore === null ? null : { progress: { ...progress, outcome, losses }, notBefore };
}

function afterRefusal(task: Task, outcome: Outcome, prospect: Prospect): Deferral | null {
  const refusals = task.progress.refusals + 1;
  const notBefore = pausedFrom(refusals, task, prospect);
  const progress: Progress = { ...task.progress, outcome, refusals };
  return notBefore === null ? null : { progress, notBefore };
}

function afterSilence(task: Task, outcome: Outcome, { isDoubtful }: Prospect): Deferral | null {
  const silences = task.progress.silences + 1;
  if (isDoubtful || silences > task.plan.retries) return null;
  return { progress: { ...task.progress, outcome, silences }, notBefore: AT_ONCE };
}

/** When the slot is tried again; `null` where what there is becomes its reading. */
export function deferralOf(task: Task, outcome: Outcome, prospect: Prospect): Deferral | null {
  const { failures } = outcome;
  if (failures.length === 0 || prospect.now >= task.slot.closesAt) return null;
  if (prospect.isAway || failures.some(isPortLoss)) return afterLoss(task, outcome, prospect);
  if (failures.some(isBusy)) return afterRefusal(task, outcome, prospect);
  return evidenceOf(outcome) === 'silence' ? afterSilence(task, outcome, prospect) : null;
}
