import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { STREAMS, type Stream } from '../core/reading.ts';
import { type GatewayPath, streamTopic } from './contract.ts';
import type { Feed, Outgoing } from './feed.ts';
import type { OutgoingMessage, Session } from './session.ts';
import { createWake } from './wake.ts';

/** Every so many messages one goes to the stream that was served longest ago. */
const FAIR_EVERY = 4;

export interface SenderDeps {
  readonly session: Session;
  readonly feeds: Readonly<Record<Stream, Feed>>;
  /** Messages without PUBACK at the most. */
  readonly window: number;
  readonly at: GatewayPath;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Sends what the feeds give over one connection, never more in flight than the window. */
export interface Sender {
  /** Sends until the signal aborts or the connection is gone. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** There may be something to send. */
  wake(): void;
  /** Sends this beside the streams if the window has room; else it is dropped. */
  sendBeside(message: OutgoingMessage): void;
  /** Resolves when nothing is in flight any more or after `ms`. */
  drain(ms: number): Promise<void>;
}

/**
 * Whose turn it is. The streams are served in the order of STREAMS, so that events and billing
 * readings overtake a backlog of curves; but every fourth message goes to the stream served
 * longest ago, so that the last one gets a sixteenth of the line whatever the others have.
 */
function createTurns() {
  const servedAt: Record<Stream, number> = { event: 0, billing: 0, curve: 0, live: 0 };
  let turn = 1;
  return {
    order: (): readonly Stream[] =>
      turn % FAIR_EVERY === 0 ? [...STREAMS].sort((a, b) => servedAt[a] - servedAt[b]) : STREAMS,
    served(stream: Stream) {
      servedAt[stream] = turn;
      turn += 1;
    },
  };
}

interface Choice {
  readonly stream: Stream;
  readonly outgoing: Outgoing;
}

export function createSender(deps: SenderDeps): Sender {
  const { session, feeds, window, at, clock, log } = deps;
  const wake = createWake(clock);
  const turns = createTurns();
  const refusals = new Set<Stream>();
  let inFlight = 0;

  const track = (sending: Promise<void>) => {
    inFlight += 1;
    sending
      .catch((thrown: unknown) => log.error({ err: toAmrError(thrown) }, 'uplink defect'))
      .finally(() => {
        inFlight -= 1;
        wake.notify();
      });
  };

  const noteRefusal = (stream: Stream, err: AmrError) => {
    const facts = { err, stream, reason: err.context['reason'] ?? null };
    if (refusals.has(stream)) log.debug(facts, 'uplink message refused again');
    else log.warn(facts, 'uplink message refused');
    refusals.add(stream);
  };

  const refused = (stream: Stream, span: Outgoing | null, error: AmrError) => {
    const reason = error.context['reason'];
    feeds[stream].refused(span, typeof reason === 'number' ? reason : null, clock.monotonic());
    noteRefusal(stream, error);
  };

  const send = async ({ stream, outgoing }: Choice) => {
    try {
      await session.publish({ topic: streamTopic(at, stream), payload: outgoing.text });
    } catch (thrown) {
      // A new connection starts behind the cursor, so nothing has to be remembered here.
      if (!session.closed.aborted) refused(stream, outgoing, toAmrError(thrown));
      return;
    }
    feeds[stream].delivered(outgoing);
    if (refusals.delete(stream)) log.info({ stream }, 'uplink messages accepted again');
  };

  const choose = (): Choice | null => {
    for (const stream of turns.order()) {
      try {
        const outgoing = feeds[stream].take(clock.monotonic());
        if (outgoing !== null) return { stream, outgoing };
      } catch (thrown) {
        refused(stream, null, toAmrError(thrown));
      }
    }
    return null;
  };

  const fill = () => {
    while (inFlight < window) {
      const choice = choose();
      if (choice === null) return;
      turns.served(choice.stream);
      track(send(choice));
    }
  };

  const idleMs = (): number | null => {
    const now = clock.monotonic();
    const times = STREAMS.map((stream) => feeds[stream].wakeAt(now)).filter(
      (time) => time !== null,
    );
    return times.length === 0 ? null : Math.min(...times) - now;
  };

  return {
    async run(signal) {
      const isOver = () => signal.aborted || session.closed.aborted;
      signal.addEventListener('abort', wake.notify, { once: true });
      session.closed.addEventListener('abort', wake.notify, { once: true });
      while (!isOver()) {
        fill();
        await wake.wait(idleMs());
      }
      signal.removeEventListener('abort', wake.notify);
    },
    wake: wake.notify,
    sendBeside(message) {
      if (inFlight >= window) return;
      const { topic } = message;
      const logged = (err: unknown) => log.debug({ err, topic }, 'uplink message lost');
      track(session.publish(message).catch(logged));
    },
    async drain(ms) {
      const until = clock.monotonic() + ms;
      for (;;) {
        const left = until - clock.monotonic();
        if (inFlight === 0 || left <= 0 || session.closed.aborted) return;
        await wake.wait(left);
      }
    },
  };
}
