import type { StoredRow } from '../core/store.ts';
import { retryDelayMs } from './backoff.ts';
import type { Batch } from './batch.ts';

/** How long a stream rests that the broker forbids, or whose next row is too large for it. */
const PARK_MS = 300_000;
/** MQTT 5 §3.4.2.1: not authorised. */
const NOT_AUTHORISED = 0x87;

/** Numbers `from` to `to`, sent as one message. Numbers without a row count as sent. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Outgoing extends Span {
  readonly text: string;
}

/** What a feed asks of the store and tells its owner. */
export interface FeedDeps {
  readonly delivery: 'broker' | 'headend';
  /** Milliseconds; delivery `headend` only. */
  readonly resendAfter: number;
  readonly random: () => number;
  readonly head: () => number;
  readonly acked: () => number;
  readonly range: (from: number) => readonly StoredRow[];
  readonly batch: (rows: readonly StoredRow[]) => Batch | null;
  /** Delivery `broker`: everything up to here is with the broker. */
  readonly onDelivered: (upTo: number) => void;
  /** Everything up to here has been handed to the connection. */
  readonly onTaken: (upTo: number) => void;
  readonly onTooLarge: (seq: number, bytes: number) => void;
}

/**
 * What of one stream goes out next over one connection. Times are monotonic milliseconds.
 * It starts behind the cursor, so what an earlier connection left unacknowledged goes again.
 */
export interface Feed {
  /** The next message, which then counts as in flight; `null` where nothing may be sent now. */
  take(now: number): Outgoing | null;
  /** PUBACK. */
  delivered(span: Span): void;
  /** The broker refused it with this reason code, or `null` where the store cannot be read. */
  refused(span: Span | null, reason: number | null, now: number): void;
  /** The headend moved the cursor. */
  heard(now: number): void;
  /** The next moment after `now` at which `take` may give more by time alone, or `null`. */
  wakeAt(now: number): number | null;
}

/** The contiguous run of delivered numbers, out of spans that come in any order. */
function createPrefix(start: number) {
  let upTo = start;
  let beyond: Span[] = [];
  return {
    /** The new end of the run where it grew, else `null`. */
    add(span: Span): number | null {
      const before = upTo;
      beyond = [...beyond, span].sort((a, b) => a.from - b.from);
      for (const { from, to } of beyond) if (from <= upTo + 1) upTo = Math.max(upTo, to);
      beyond = beyond.filter(({ to }) => to > upTo);
      return upTo > before ? upTo : null;
    },
  };
}

/**
 * After a refusal: waits, then sends from the refused number on, one message at a time until the
 * refused one is through. So a message that no broker takes costs one try a minute, and what is
 * behind it is not sent over and over.
 */
function createCaution(random: () => number) {
  let notBefore = 0;
  let failures = 0;
  let refusedFrom: number | null = null;
  return {
    allows: (now: number, inFlight: number) =>
      now >= notBefore && (refusedFrom === null || inFlight === 0),
    rest(now: number, ms: number) {
      notBefore = now + ms;
    },
    refused(from: number, reason: number | null, now: number) {
      refusedFrom = Math.min(refusedFrom ?? from, from);
      // A whole window is refused at once; that is one failure.
      if (now < notBefore) return;
      failures += 1;
      notBefore = now + (reason === NOT_AUTHORISED ? PARK_MS : retryDelayMs(failures, random));
    },
    delivered({ from, to }: Span) {
      if (refusedFrom === null || from > refusedFrom || to < refusedFrom) return;
      refusedFrom = null;
      failures = 0;
    },
    get notBefore() {
      return notBefore;
    },
  };
}

export function createFeed(deps: FeedDeps): Feed {
  const { delivery, resendAfter, head, acked } = deps;
  const caution = createCaution(deps.random);
  const prefix = createPrefix(acked());
  let next = acked() + 1;
  let inFlight = 0;
  /** Since when the headend owes an answer: the oldest unanswered sending or its last answer. */
  let waitingSince: number | null = null;

  const isCaughtUp = () => next > head() && inFlight === 0;

  const resendAt = () =>
    delivery === 'headend' && waitingSince !== null && isCaughtUp()
      ? waitingSince + resendAfter
      : null;

  const arrived = (span: Span) => {
    const upTo = prefix.add(span);
    if (upTo === null) return;
    // Messages behind a refused one went through: they need not go again.
    next = Math.max(next, upTo + 1);
    if (delivery === 'broker') deps.onDelivered(upTo);
  };

  const rewindIfUnheard = (now: number) => {
    const at = resendAt();
    if (at === null || now < at) return;
    next = acked() + 1;
    waitingSince = null;
  };

  /** Nothing is left of these numbers: they were dropped or are damaged. */
  const skipTo = (to: number) => {
    arrived({ from: next, to });
    next = to + 1;
  };

  return {
    take(now) {
      rewindIfUnheard(now);
      const last = head();
      if (next > last || !caution.allows(now, inFlight)) return null;
      const batch = deps.batch(deps.range(next));
      if (batch === null) {
        skipTo(last);
        return null;
      }
      if (batch.kind === 'too-large') {
        caution.rest(now, PARK_MS);
        deps.onTooLarge(batch.seq, batch.bytes);
        return null;
      }
      const outgoing = { from: next, to: batch.to, text: batch.text };
      next = batch.to + 1;
      inFlight += 1;
      waitingSince ??= now;
      deps.onTaken(outgoing.to);
      return outgoing;
    },
    delivered(span) {
      inFlight -= 1;
      caution.delivered(span);
      arrived(span);
    },
    refused(span, reason, now) {
      if (span !== null) {
        inFlight -= 1;
        next = Math.min(next, span.from);
      }
      caution.refused(span?.from ?? next, reason, now);
    },
    heard(now) {
      next = Math.max(next, acked() + 1);
      waitingSince = acked() + 1 < next ? now : null;
    },
    wakeAt(now) {
      const at = next > head() ? resendAt() : caution.notBefore;
      return at !== null && at > now ? at : null;
    },
  };
}
