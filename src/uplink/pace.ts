import { retryDelayMs } from './backoff.ts';

/** MQTT 5 §2.4: receive maximum exceeded, message rate too high, quota exceeded. */
const THROTTLES = new Set([0x93, 0x96, 0x97]);

/**
 * How much the broker bears. When it says that we are too fast, everything rests and goes on with
 * half the window, which grows by one each time that so many messages went through. It outlives
 * connections, because some brokers say so by ending one. Times are monotonic milliseconds.
 */
export interface Pace {
  /** A connection begins on which so many messages may be in flight. */
  begin(most: number): void;
  /** Messages in flight at the most at this moment; 0 while all rests. */
  window(now: number): number;
  /** PUBACK. */
  accepted(): void;
  /** A refusal or the end of a connection with this reason code; others change nothing. */
  refused(reason: number | null, now: number): void;
  /** When the rest ends, `null` where there is none. */
  wakeAt(now: number): number | null;
}

export function createPace(random: () => number): Pace {
  let most = 1;
  let width = Number.POSITIVE_INFINITY;
  let streak = 0;
  let failures = 0;
  let notBefore = 0;
  return {
    begin(limit) {
      most = limit;
      width = Math.min(width, most);
      streak = 0;
    },
    window: (now) => (now < notBefore ? 0 : width),
    accepted() {
      failures = 0;
      streak += 1;
      if (streak < width) return;
      streak = 0;
      width = Math.min(width + 1, most);
    },
    refused(reason, now) {
      // A whole window is refused at once; that is one failure.
      if (reason === null || !THROTTLES.has(reason) || now < notBefore) return;
      width = Math.max(1, Math.floor(Math.min(width, most) / 2));
      streak = 0;
      failures += 1;
      notBefore = now + retryDelayMs(failures, random);
    },
    wakeAt: (now) => (now < notBefore ? notBefore : null),
  };
}
