/** One slot of one meter, read while the slot is open, the port is there and the gateway runs. */
import type { Clock } from '../core/clock.ts';
import type { ReadResult } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import type { Register } from '../core/registers.ts';
import { localDate } from '../core/zoned-time.ts';
import type { Task } from './agenda.ts';
import { type RepeatedRead, repeatRead } from './repeat.ts';

/** What the attempts have brought together. */
export interface Outcome extends RepeatedRead {
  /** The meter's wall time of the freeze that was read. */
  readonly frozenAt: string | null;
}

export interface AttemptDeps {
  readonly line: Pick<Line, 'fault'>;
  readonly clock: Clock;
  readonly zone: string;
  /** No further attempt starts after this. */
  readonly stop: AbortSignal;
  /** Ends even a running exchange. */
  readonly abort: AbortSignal;
}

/** Why no further attempt can be made, `null` while one can. */
function obstacleTo(task: Task, { line, clock, stop }: AttemptDeps): AmrError | null {
  if (stop.aborted) return new AmrError('GATEWAY_STOPPED', 'the gateway was stopped');
  if (line.fault !== null) return line.fault;
  if (clock.now() < task.slot.closesAt) return null;
  return new AmrError('SLOT_EXPIRED', 'the slot ended');
}

/** Never rejects: what goes wrong is in the failures. */
export async function attemptSlot(task: Task, deps: AttemptDeps): Promise<Outcome> {
  const { session, plan, slot, registers } = task;
  const options = { priority: plan.priority, signal: deps.abort };
  let frozenAt: string | null = null;

  async function readFreeze(wanted: readonly Register[]): Promise<ReadResult> {
    if (session.readDailyFreeze === undefined) {
      throw new AmrError('METER_UNSUPPORTED', 'the protocol has no daily freeze');
    }
    const freeze = await session.readDailyFreeze(localDate(slot.at, deps.zone), wanted, options);
    frozenAt ??= freeze.frozenAt;
    return freeze;
  }

  const result = await repeatRead(registers, {
    retries: plan.retries,
    obstacle: () => obstacleTo(task, deps),
    read: (wanted) =>
      plan.kind === 'freeze-daily' ? readFreeze(wanted) : session.read(wanted, options),
  });
  return { ...result, frozenAt };
}
