/** What the loop of a bus tells besides readings: events for the headend, lines for the log. */
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { AmrEvent, Reading } from '../core/reading.ts';
import { formatInstant } from '../core/zoned-time.ts';
import type { Task } from './agenda.ts';
import type { Skip } from './duty.ts';
import type { LackChange } from './lacking.ts';

interface Circumstances {
  readonly bus: string;
  readonly clock: Clock;
  readonly zone: string;
}

/** Less than this is the clock being kept in time, not set. */
const CLOCK_STEP_MS = 5000;

/** Tells when the wall clock has moved otherwise than time did, in milliseconds; else 0. */
export function createStepWatch(clock: Clock) {
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

export function stepEvent(stepMs: number, { bus, clock, zone }: Circumstances): AmrEvent {
  return {
    at: formatInstant(clock.now(), zone),
    type: 'clock.stepped',
    severity: 'warning',
    bus,
    detail: { seconds: Math.round(stepMs / 1000) },
  };
}

export function skipEvent(skip: Skip, { bus, clock, zone }: Circumstances): AmrEvent {
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

/** One event for all registers that went, one for all that came back; names apart by blanks. */
export function lackEvents(
  { meter, plan }: Task,
  { lost, back }: LackChange,
  { bus, clock, zone }: Circumstances,
): AmrEvent[] {
  const told = [
    { type: 'meter.registers-unsupported', severity: 'warning', names: lost },
    { type: 'meter.registers-back', severity: 'info', names: back },
  ] as const;
  return told
    .filter(({ names }) => names.length > 0)
    .map(({ type, severity, names }) => ({
      at: formatInstant(clock.now(), zone),
      type,
      severity,
      meter,
      bus,
      detail: { kind: plan.kind, registers: names.join(' ') },
    }));
}

/** A meter that stops answering is told of once, and once more when it is back. */
export function createFaultLog(log: Logger) {
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
