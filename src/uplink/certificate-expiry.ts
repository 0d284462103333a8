import type { Clock } from '../core/clock.ts';
import { daysLeft } from './certificates.ts';
import type { Credentials } from './credentials.ts';
import type { Report } from './report.ts';

/** Days before the end at which it is told, once each; 0 is the end. */
const THRESHOLDS = [0, 1, 7, 14, 30] as const;
const ALARM_DAYS = 1;
/** Events of one type are told no faster, so several certificates take turns. */
const PERIOD_MS = 60_000;

interface Expiry {
  readonly path: string;
  readonly id: string;
  readonly subject: string;
  readonly expires: string;
  readonly days: number;
  readonly threshold: number;
}

/** What expires within the largest threshold, the most urgent first. */
function expiriesOf({ certificates }: Credentials, now: number): Expiry[] {
  const expiries = certificates.flatMap(({ path, certificate }) => {
    const days = daysLeft(certificate, now);
    const threshold = THRESHOLDS.find((limit) => days <= limit);
    if (threshold === undefined) return [];
    const subject = certificate.subject.replaceAll('\n', ', ');
    const expires = certificate.validToDate.toISOString();
    return [{ path, id: certificate.fingerprint256, subject, expires, days, threshold }];
  });
  return expiries.sort((one, other) => one.days - other.days);
}

/**
 * Reports `uplink.certificate-expires` for our certificate and the trusted authorities 30, 14, 7
 * and 1 days ahead and at the end, once each; the function wants to be called now and then.
 */
export function createExpiryWarner(clock: Clock, report: Report): (inUse: Credentials) => void {
  const told = new Map<string, number>();
  let toldAt = Number.NEGATIVE_INFINITY;
  return (inUse) => {
    if (clock.monotonic() - toldAt < PERIOD_MS) return;
    const next = expiriesOf(inUse, clock.now()).find(
      ({ id, threshold }) => threshold < (told.get(id) ?? Number.POSITIVE_INFINITY),
    );
    if (next === undefined) return;
    const { id, path, subject, expires, days, threshold } = next;
    told.set(id, threshold);
    toldAt = clock.monotonic();
    const severity = days <= ALARM_DAYS ? 'alarm' : 'warning';
    report('uplink.certificate-expires', severity, { path, subject, expires, days });
  };
}
