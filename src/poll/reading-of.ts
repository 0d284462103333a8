/** From what the attempts brought to the reading that is stored and published. */
import type { ClockState } from '../core/clock.ts';
import { formatDecimal } from '../core/decimal.ts';
import { FLAG_ABSENT, type RegisterValue } from '../core/driver.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Reading, WireValue } from '../core/reading.ts';
import { formatInstant, zonedToEpoch } from '../core/zoned-time.ts';
import { qualityOf } from '../validate/quality.ts';
import type { Task } from './agenda.ts';
import type { Outcome } from './outcome.ts';

export interface Circumstances {
  readonly readAt: number;
  readonly zone: string;
  readonly clockState: ClockState;
}

/** What a reading says of its task. */
export type ReadTask = Pick<Task, 'meter' | 'rev'> & {
  readonly plan: Pick<Task['plan'], 'kind'>;
  readonly slot: Pick<Task['slot'], 'at'>;
};

/** The cause of a missing reading: why its first register was not read. */
function causeOf({ failures }: Outcome): ErrorCode {
  return failures[0]?.error.code ?? 'INTERNAL';
}

/** Maximum demands carry their moment, which meters show as wall time of the zone. */
function wireValueOf({ value, at }: RegisterValue, zone: string): WireValue {
  const digits = value === null ? null : formatDecimal(value);
  if (at === undefined) return digits;
  return { value: digits, at: at === null ? null : formatInstant(zonedToEpoch(at, zone), zone) };
}

function content(outcome: Outcome, zone: string): Pick<Reading, 'values' | 'flags'> {
  const values: Record<string, WireValue> = {};
  const flags: Record<string, string[]> = {};
  for (const shown of outcome.values) {
    values[shown.register.id] = wireValueOf(shown, zone);
    if (shown.flags.length > 0) flags[shown.register.id] = [...shown.flags];
  }
  for (const register of outcome.failures.flatMap(({ registers }) => registers)) {
    values[register.id] = null;
    flags[register.id] = [FLAG_ABSENT];
  }
  return Object.keys(flags).length === 0 ? { values } : { values, flags };
}

export function readingOf(task: ReadTask, outcome: Outcome, circumstances: Circumstances): Reading {
  const { readAt, zone, clockState } = circumstances;
  const quality = qualityOf(outcome, clockState);
  const head = {
    meter: task.meter,
    kind: task.plan.kind,
    slot: formatInstant(task.slot.at, zone),
    ...(task.rev === 0 ? {} : { rev: task.rev }),
    readAt: formatInstant(readAt, zone),
    source: 'poll' as const,
    quality,
  };
  if (quality === 'missing') return { ...head, values: {}, cause: causeOf(outcome) };
  if (outcome.frozenAt === null) return { ...head, ...content(outcome, zone) };
  const meterTime = formatInstant(zonedToEpoch(outcome.frozenAt, zone), zone);
  return { ...head, meterTime, ...content(outcome, zone) };
}
