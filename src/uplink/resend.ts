import { abortable } from '../core/abort.ts';
import { AmrError } from '../core/errors.ts';
import type { Stream } from '../core/reading.ts';
import type { StoredRow } from '../core/store.ts';
import { createCaution } from './caution.ts';
import type { Resent } from './contract.ts';
import type { FeedDeps } from './feed.ts';

/** Numbers of the present epoch, all of which were published before. */
export interface ResendOrder {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

/** Rows that are published once more, over as many connections as it takes. */
export interface Resending {
  readonly stream: Stream;
  /** How its feed differs from that of its stream, which it leaves alone. */
  over(deps: FeedDeps): FeedDeps;
}

/** At most one at a time. */
export interface Resends {
  readonly present: Resending | null;
  /**
   * Resolves when all of it is with the broker. Rejects with UPLINK_BUSY while another one runs,
   * and with the signal's reason; then no more of it is sent.
   */
  run(order: ResendOrder, signal: AbortSignal): Promise<Resent>;
}

/** Of the window, so that what is new is not held up. */
const PART_OF_WINDOW = 4;

function createResending(
  { stream, from, to }: ResendOrder,
  { random, onDone }: { random: () => number; onDone: (resent: Resent) => void },
): Resending {
  // Its numbers are behind those of the stream's own feed, so it must not slow that down.
  const caution = createCaution(random);
  let progress = from - 1;
  let absent = 0;
  /** A gap below is known: it is met again when a connection is lost. */
  let seen = from - 1;
  return {
    stream,
    over: (deps) => ({
      ...deps,
      delivery: 'broker',
      caution,
      gather: 0,
      most: Math.max(1, Math.floor(deps.most / PART_OF_WINDOW)),
      acked: () => progress,
      head: () => to,
      async range(first, limit) {
        const rows = await deps.range(first, Math.min(limit, to - first + 1));
        return rows.filter(({ seq }: StoredRow) => seq <= to);
      },
      onTaken: () => undefined,
      onGap(first, last) {
        if (first <= seen) return;
        absent += last - first + 1;
        seen = last;
      },
      onDelivered(upTo) {
        progress = upTo;
        if (progress >= to) onDone({ stream, from, to, rows: to - from + 1 - absent, absent });
      },
    }),
  };
}

/** `onStarted` is called when there is something to send. */
export function createResends(onStarted: () => void, random: () => number): Resends {
  let present: Resending | null = null;
  return {
    get present() {
      return present;
    },
    async run(order, signal) {
      if (present !== null) throw new AmrError('UPLINK_BUSY', 'rows are being sent again already');
      const done = new Promise<Resent>((resolve) => {
        present = createResending(order, { random, onDone: resolve });
      });
      onStarted();
      try {
        return await abortable(done, signal);
      } finally {
        present = null;
      }
    },
  };
}
