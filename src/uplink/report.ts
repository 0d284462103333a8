import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { toAmrError } from '../core/errors.ts';
import type { AmrEvent } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { formatInstant } from '../core/zoned-time.ts';

/** So often at the most is an event of one type appended; a headend gone mad fills no disk. */
const EVENT_PERIOD_MS = 60_000;

export interface ReportDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly zone: string;
  readonly log: Logger;
}

/**
 * Logs a happening and appends it as an event; at most one event a type a minute, the next one
 * then says how many were left out (`suppressed`).
 */
export type Report = (
  type: `uplink.${string}`,
  severity: AmrEvent['severity'],
  detail: AmrEvent['detail'],
) => void;

/** Logs a happening and appends it as an event; resolves when that is on the disk. */
export async function tell(
  { store, clock, zone, log }: ReportDeps,
  happening: Pick<AmrEvent, 'type' | 'severity' | 'detail'>,
): Promise<void> {
  const { type, detail } = happening;
  log.warn({ type, ...detail }, 'uplink event');
  const event: AmrEvent = { at: formatInstant(clock.now(), zone), ...happening };
  await store.append('event', [JSON.stringify(event)]);
}

export function createReport(deps: ReportDeps): Report {
  const { clock, log } = deps;
  const lately = new Map<string, { at: number; suppressed: number }>();
  return (type, severity, detail) => {
    const last = lately.get(type);
    if (last !== undefined && clock.monotonic() - last.at < EVENT_PERIOD_MS) {
      last.suppressed += 1;
      return;
    }
    lately.set(type, { at: clock.monotonic(), suppressed: 0 });
    const suppressed = last?.suppressed ?? 0;
    const all = suppressed > 0 ? { ...detail, suppressed } : detail;
    tell(deps, { type, severity, detail: all }).catch((thrown: unknown) => {
      log.error({ err: toAmrError(thrown), type }, 'event could not be stored');
    });
  };
}
