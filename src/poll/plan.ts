/** Plans as the poller runs them: which registers of which meter are due when. */
import type { Priority } from '../core/bus.ts';
import { FREEZE_DAILY, type MeterModel, resolveRegisters } from '../core/model.ts';
import type { ReadingKind, Stream } from '../core/reading.ts';
import type { Register } from '../core/registers.ts';
import type { Schedule } from './slots.ts';

export interface Plan {
  readonly name: string;
  readonly schedule: Schedule;
  readonly kind: ReadingKind;
  readonly stream: Stream;
  readonly priority: Priority;
  readonly words: readonly string[];
  readonly retries: number;
  /** The meters of the plan start spread over this time. */
  readonly jitterMs: number;
}

/** A plan as configured; durations in milliseconds. */
export type PlanSettings = {
  readonly read: readonly string[];
  readonly retries: number;
  readonly jitter?: number | undefined;
} & ({ readonly at: string } | { readonly every: number });

/** Plans faster than this are for people to look at, not for billing. */
const CURVE_FROM_MS = 60_000;
const LONGEST_JITTER_MS = 30_000;

export function compilePlan(name: string, config: PlanSettings): Plan {
  const schedule: Schedule =
    'at' in config
      ? { kind: 'daily', at: config.at, isFreeze: config.read.includes(FREEZE_DAILY) }
      : { kind: 'interval', everyMs: config.every };
  const periodMs = schedule.kind === 'interval' ? schedule.everyMs : Number.POSITIVE_INFINITY;
  return {
    name,
    schedule,
    ...purposeOf(config, periodMs),
    words: config.read,
    retries: config.retries,
    jitterMs: Math.min(config.jitter ?? LONGEST_JITTER_MS, periodMs / 10),
  };
}

function purposeOf(
  config: PlanSettings,
  periodMs: number,
): Pick<Plan, 'kind' | 'stream' | 'priority'> {
  if (config.read.includes(FREEZE_DAILY)) {
    return { kind: 'freeze-daily', stream: 'billing', priority: 'billing' };
  }
  const isCurve = periodMs >= CURVE_FROM_MS;
  return isCurve
    ? { kind: 'interval', stream: 'curve', priority: 'curve' }
    : { kind: 'interval', stream: 'live', priority: 'live' };
}

/** What the plan wants of a meter of this model. Throws CONFIG_INVALID. */
export function registersOf(plan: Plan, model: MeterModel): Register[] {
  return resolveRegisters(model, plan.words);
}

/** Where in the span of the jitter a meter starts: the same place every time, 0 to `spanMs`. */
export function jitterOf(meter: string, spanMs: number): number {
  // FNV-1a: spreads consecutive meter numbers evenly.
  let hash = 0x811c9dc5;
  for (const character of meter) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return Math.floor((hash / 0x1_0000_0000) * spanMs);
}
