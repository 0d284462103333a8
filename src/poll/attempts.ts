/** One slot of one meter, read while the slot is open, the port is there and the gateway runs. */
import type { Clock } from '../core/clock.ts';
import type { ReadResult } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import type { Register } from '../core/registers.ts';
import { localDate } from '../core/zoned-time.ts';
import type { Task } from './agenda.ts';
import { evidenceOf, isBusy, isPortLoss, isSilence, type Outcome } from './outcome.ts';
import { joined, leftOf, repeatRead, tryOnce } from './repeat.ts';

export interface AttemptDeps {
  readonly line: Pick<Line, 'fault'>;
  readonly clock: Clock;
  readonly zone: string;
  /** No further attempt starts after this. */
  readonly stop: AbortSignal;
  /** Ends even a running exchange. */
  readonly abort: AbortSignal;
  /** Asked alone, and the others only when there is an answer; `null` where all are asked. */
  readonly probe: Register | null;
}

/** Why no further attempt can be made, `null` while one can. */
function obstacleTo(task: Task, { line, clock, stop }: AttemptDeps): AmrError | null {
  if (stop.aborted) return new AmrError('GATEWAY_STOPPED', 'the gateway was stopped');
  if (line.fault !== null) return line.fault;
  if (clock.now() < task.slot.closesAt) return null;
  return new AmrError('SLOT_EXPIRED', 'the slot ended');
}

/**
 * Asks one register. Where nothing comes of it, the meter is not asked for more: all that is left
 * of the task fails of the same.
 */
async function probe(
  { session, plan, registers }: Task,
  register: Register,
  before: Outcome,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; isVain: boolean }> {
  const options = { priority: plan.priority, signal };
  const pass = await tryOnce([register], (wanted) => session.read(wanted, options));
  const vain = pass.failures.find((one) => isSilence(one) || isPortLoss(one) || isBusy(one));
  if (vain === undefined || pass.values.length > 0) {
    return { outcome: { ...before, ...joined(before, [register], pass) }, isVain: false };
  }
  const left = leftOf(registers, before);
  const failures = [{ registers: left, error: vain.error }];
  return {
    outcome: { ...before, ...joined(before, left, { values: [], failures }) },
    isVain: true,
  };
}

/** Asks for what is left, and at once again for what failed while the meter is heard at all. */
async function readRest(task: Task, before: Outcome, deps: AttemptDeps): Promise<Outcome> {
  const { session, plan, slot, registers } = task;
  const options = { priority: plan.priority, signal: deps.abort };
  let { frozenAt } = before;
  let isHeard = before.values.length > 0;

  async function readFreeze(wanted: readonly Register[]): Promise<ReadResult> {
    if (session.readDailyFreeze === undefined) {
      throw new AmrError('METER_UNSUPPORTED', 'the protocol has no daily freeze');
    }
    const freeze = await session.readDailyFreeze(localDate(slot.at, deps.zone), wanted, options);
    frozenAt ??= freeze.frozenAt;
    return freeze;
  }
  const readAny = (wanted: readonly Register[]) =>
    plan.kind === 'freeze-daily' ? readFreeze(wanted) : session.read(wanted, options);

  const result = await repeatRead(registers, {
    before,
    retries: plan.retries,
    obstacle: () => obstacleTo(task, deps),
    isHopeful: (failure) => isHeard && !isBusy(failure),
    async read(wanted) {
      const pass = await tryOnce(wanted, readAny);
      isHeard ||= evidenceOf({ ...pass, attempts: 1 }) !== 'silence';
      return pass;
    },
  });
  return { ...result, frozenAt };
}

/**
 * What is known of the slot after this attempt: a meter that is wholly silent, or busy, is not
 * asked twice in a row. Never rejects: what goes wrong is in the failures.
 */
export async function attemptSlot(task: Task, deps: AttemptDeps): Promise<Outcome> {
  const before = task.progress.outcome;
  // A freeze begins with a single question by itself.
  const needsProbe = task.plan.kind !== 'freeze-daily' && obstacleTo(task, deps) === null;
  if (deps.probe === null || !needsProbe) return readRest(task, before, deps);
  const { outcome, isVain } = await probe(task, deps.probe, before, deps.abort);
  return isVain ? outcome : readRest(task, outcome, deps);
}
