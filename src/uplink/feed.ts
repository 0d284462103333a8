import type { StoredRow } from '../core/store.ts';
import type { Batch } from './batch.ts';
import type { Caution } from './caution.ts';
import { createReadAhead } from './read-ahead.ts';

/** Numbers `from` to `to`, sent as one message. Numbers without a row count as sent. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Outgoing extends Span {
  readonly payload: string | Buffer;
}

/** What a feed asks of the store and tells its owner. */
export interface FeedDeps {
  readonly topic: string;
  readonly delivery: 'broker' | 'headend';
  /** Messages in flight at the most. */
  readonly most: number;
  /** Rows of a message at the most. */
  readonly rows: number;
  /** Milliseconds that rows wait for others to fill a message with them. */
  readonly gather: number;
  /** Milliseconds; delivery `headend` only. */
  readonly resendAfter: number;
  /** Of this stream; it outlives the connection. */
  readonly caution: Caution;
  readonly head: () => number;
  readonly acked: () => number;
  readonly range: (from: number, limit: number) => Promise<readonly StoredRow[]>;
  readonly batch: (rows: readonly StoredRow[]) => Batch | null;
  readonly payloadOf: (text: string) => string | Buffer;
  /**
   * The cursor may move here. Delivery `broker`: everything up to here is with the broker.
   * Delivery `headend`: the headend has acknowledged what comes before numbers that it never gets.
   */
  readonly onDelivered: (upTo: number) => void;
  /** Everything up to here has been handed to the connection. */
  readonly onTaken: (upTo: number) => void;
  /** These numbers are never sent: there is no row, or it is too large. */
  readonly onGap: (from: number, to: number) => void;
  /** Resolves when it is on the disk that the row of this number is left out. */
  readonly onTooLarge: (seq: number, bytes: number) => Promise<void>;
  /** `take` may give more than a moment ago. */
  readonly onReady: () => void;
}

/**
 * What of one stream goes out next over one connection. Times are monotonic milliseconds.
 * It starts behind the cursor, so what an earlier connection left unacknowledged goes again.
 */
export interface Feed {
  readonly topic: string;
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

/** Lets a message wait until it is full, but not for longer than `ms`. */
function createGathering(ms: number) {
  let since: number | null = null;
  return {
    isOver(now: number, isFull: boolean): boolean {
      since ??= now;
      if (!isFull && now < since + ms) return false;
      since = null;
      return true;
    },
    get until() {
      return since === null ? null : since + ms;
    },
  };
}

/**
 * Numbers that the headend never gets. It cannot acknowledge them, so the cursor passes them as
 * soon as the headend has acknowledged everything before.
 */
function createHoles() {
  let holes: readonly Span[] = [];
  return {
    add(hole: Span) {
      if (!holes.some(({ from }) => from === hole.from)) holes = [...holes, hole];
    },
    /** Where the cursor goes from here. */
    pass(acked: number): number {
      let upTo = acked;
      for (const { from, to } of holes) if (from <= upTo + 1) upTo = Math.max(upTo, to);
      holes = holes.filter(({ to }) => to > upTo);
      return upTo;
    },
  };
}

function laterThan(now: number, at: number | null): number | null {
  return at !== null && at > now ? at : null;
}

export function createFeed(deps: FeedDeps): Feed {
  const {
    topic,
    caution,
    delivery,
    most,
    rows: enough,
    resendAfter,
    head,
    acked,
    range,
    onReady,
  } = deps;
  let prefix = createPrefix(acked());
  const ahead = createReadAhead({ range, enough, onReady });
  const holes = createHoles();
  const gathering = createGathering(deps.gather);
  let next = acked() + 1;
  let inFlight = 0;
  /** The highest number handed out. */
  let taken = acked();
  /** Since when the headend owes an answer: the oldest unanswered sending or its last answer. */
  let waitingSince: number | null = null;
  /** What kept a row from being left out; told at the next `take`. */
  let trouble: { readonly thrown: unknown } | null = null;

  const resendAt = () =>
    delivery === 'headend' && waitingSince !== null && next > head()
      ? waitingSince + resendAfter
      : null;

  const passHoles = () => {
    const upTo = holes.pass(acked());
    if (delivery === 'headend' && upTo > acked()) deps.onDelivered(upTo);
  };

  const arrived = (span: Span) => {
    const upTo = prefix.add(span);
    if (upTo === null) return;
    // Messages behind a refused one went through: they need not go again.
    next = Math.max(next, upTo + 1);
    if (delivery === 'broker') deps.onDelivered(upTo);
  };

  const leave = (hole: Span) => {
    deps.onGap(hole.from, hole.to);
    holes.add(hole);
    passHoles();
  };

  const owe = (now: number) => {
    waitingSince = acked() < taken ? now : null;
  };

  const rewindIfUnheard = (now: number) => {
    const at = resendAt();
    if (at === null || now < at) return;
    next = acked() + 1;
    // What had its PUBACK counts for nothing any more.
    prefix = createPrefix(acked());
    owe(now);
  };

  const pass = (span: Span) => {
    caution.delivered(span);
    arrived(span);
  };

  /** Nothing is left of these numbers: they were dropped or are damaged. */
  const skipTo = (to: number) => {
    const hole = { from: next, to };
    next = to + 1;
    leave(hole);
    pass(hole);
  };

  /** The row counts as in flight until it is told of. */
  const leaveOut = async (seq: number, bytes: number) => {
    const hole = { from: next, to: seq };
    next = seq + 1;
    inFlight += 1;
    try {
      await deps.onTooLarge(seq, bytes);
      leave(hole);
      pass(hole);
    } catch (thrown) {
      next = Math.min(next, hole.from);
      trouble = { thrown };
    }
    inFlight -= 1;
    onReady();
  };

  const complain = () => {
    if (trouble === null) return;
    const { thrown } = trouble;
    trouble = null;
    throw thrown;
  };

  const send = (batch: Extract<Batch, { kind: 'message' }>, now: number): Outgoing => {
    if (batch.from > next) leave({ from: next, to: batch.from - 1 });
    const outgoing = { from: next, to: batch.to, payload: deps.payloadOf(batch.text) };
    next = batch.to + 1;
    inFlight += 1;
    waitingSince ??= now;
    taken = Math.max(taken, outgoing.to);
    deps.onTaken(outgoing.to);
    return outgoing;
  };

  return {
    topic,
    take(now) {
      complain();
      rewindIfUnheard(now);
      const last = head();
      if (next > last || inFlight >= most || !caution.allows(now, inFlight)) return null;
      const rows = ahead.rows(next, last);
      if (rows === null || !gathering.isOver(now, rows.length >= enough)) return null;
      const batch = deps.batch(rows);
      if (batch?.kind === 'message') return send(batch, now);
      if (batch === null) skipTo(last);
      else void leaveOut(batch.seq, batch.bytes);
      return null;
    },
    delivered(span) {
      inFlight -= 1;
      pass(span);
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
      owe(now);
      passHoles();
    },
    wakeAt(now) {
      if (next > head()) return laterThan(now, resendAt());
      return laterThan(now, Math.max(caution.notBefore, gathering.until ?? 0));
    },
  };
}
