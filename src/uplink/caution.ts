import { retryDelayMs } from './backoff.ts';

/** How long a stream rests that the broker forbids. */
const PARK_MS = 300_000;
/** MQTT 5 §3.4.2.1: not authorised. */
const NOT_AUTHORISED = 0x87;

/** What a stream has learned of refusals. Times are monotonic milliseconds. */
export interface Caution {
  /** May another message go out now, beside so many in flight? */
  allows(now: number, inFlight: number): boolean;
  refused(from: number, reason: number | null, now: number): void;
  delivered(span: { readonly from: number; readonly to: number }): void;
  /** Nothing goes out before. */
  readonly notBefore: number;
}

/**
 * After a refusal: waits, then sends from the refused number on, one message at a time until the
 * refused one is through. So a message that no broker takes costs one try a minute, and what is
 * behind it is not sent over and over. It holds over connections, since some brokers close one with
 * every refusal.
 */
export function createCaution(random: () => number): Caution {
  let notBefore = 0;
  let failures = 0;
  let refusedFrom: number | null = null;
  return {
    allows: (now, inFlight) => now >= notBefore && (refusedFrom === null || inFlight === 0),
    refused(from, reason, now) {
      refusedFrom = Math.min(refusedFrom ?? from, from);
      // A whole window is refused at once; that is one failure.
      if (now < notBefore) return;
      failures += 1;
      notBefore = now + (reason === NOT_AUTHORISED ? PARK_MS : retryDelayMs(failures, random));
    },
    delivered({ from, to }) {
      if (refusedFrom === null || from > refusedFrom || to < refusedFrom) return;
      refusedFrom = null;
      failures = 0;
    },
    get notBefore() {
      return notBefore;
    },
  };
}
