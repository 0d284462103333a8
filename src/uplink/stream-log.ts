import type { Stream } from '../core/reading.ts';
import type { BirthMessage, Resent } from './contract.ts';

/** So long the answer to a resend is waited for before the same rows are asked for again. */
const ASK_PERIOD_MS = 60_000;

/** First and last number, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** What a headend has of the numbers of one stream, in one epoch. */
export interface StreamLog {
  readonly epoch: number;
  /** Nothing misses up to this number: what an acknowledgement says. */
  readonly upTo: number;
  /** These have arrived. */
  arrived(range: NumberRange): void;
  /** The answer to a resend: where no more misses than is gone for good, it is waited for no longer. */
  answered(resent: Resent): void;
  /**
   * The lowest numbers that miss below one that is there, `null` where none do and while the
   * answer is awaited; `now` in milliseconds.
   */
  gapToAsk(now: number): NumberRange | null;
}

/**
 * The log of a stream after this birth. It begins at what the gateway knows to be acknowledged. A
 * new epoch keeps the rows that are left under their numbers, so what missed before misses still.
 */
export function openStreamLog(
  { epoch, streams }: BirthMessage,
  stream: Stream,
  previous?: StreamLog,
): StreamLog {
  if (previous?.epoch === epoch) return previous;
  const { acked } = streams[stream];
  const above = new Set<number>();
  let upTo = Math.min(acked, previous?.upTo ?? acked);
  let asked = { to: 0, at: Number.NEGATIVE_INFINITY };

  const arrived = ({ from, to }: NumberRange) => {
    for (let seq = Math.max(from, upTo + 1); seq <= to; seq += 1) above.add(seq);
    while (above.delete(upTo + 1)) upTo += 1;
  };

  return {
    epoch,
    get upTo() {
      return upTo;
    },
    arrived,
    answered({ from, to, absent }) {
      let missing = 0;
      for (let seq = Math.max(from, upTo + 1); seq <= to; seq += 1)
        missing += above.has(seq) ? 0 : 1;
      if (missing <= absent) arrived({ from, to });
    },
    gapToAsk(now) {
      const isAwaited = upTo < asked.to && now - asked.at < ASK_PERIOD_MS;
      if (above.size === 0 || isAwaited) return null;
      let first = Number.POSITIVE_INFINITY;
      for (const seq of above) first = Math.min(first, seq);
      asked = { to: first - 1, at: now };
      return { from: upTo + 1, to: first - 1 };
    },
  };
}
