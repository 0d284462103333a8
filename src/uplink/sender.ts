import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { STREAMS, type Stream } from '../core/reading.ts';
import { type GatewayPath, streamTopic } from './contract.ts';
import type { Feed, Outgoing } from './feed.ts';
import { createRefusals } from './refusals.ts';
import type { OutgoingMessage, Session } from './session.ts';
import { createTurns } from './turns.ts';
import { createWake, type Wake } from './wake.ts';

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

interface Choice {
  readonly stream: Stream;
  readonly outgoing: Outgoing;
}

/** What is sent and not yet settled. Each settling wakes the sender; none of them rejects. */
function createFlight(wake: Wake, log: Logger) {
  let inFlight = 0;
  return {
    track(sending: Promise<void>) {
      inFlight += 1;
      sending
        .catch((thrown: unknown) => log.error({ err: toAmrError(thrown) }, 'uplink defect'))
        .finally(() => {
          inFlight -= 1;
          wake.notify();
        });
    },
    get size() {
      return inFlight;
    },
  };
}

/** Takes messages from the feeds and tells them what became of each. */
function createStreamSending({ session, feeds, at, clock, log }: SenderDeps) {
  const turns = createTurns();
  const refusals = createRefusals(log);

  const refused = (stream: Stream, span: Outgoing | null, error: AmrError) => {
    const reason = error.context['reason'];
    feeds[stream].refused(span, typeof reason === 'number' ? reason : null, clock.monotonic());
    refusals.refused(stream, error);
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
    refusals.accepted(stream);
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

  /** The sending of the next message, under way; `null` where no feed gives one. */
  return (): Promise<void> | null => {
    const choice = choose();
    if (choice === null) return null;
    turns.served(choice.stream);
    return send(choice);
  };
}

/** How long until a feed may give more by time alone, or `null`. */
function idleMs(feeds: SenderDeps['feeds'], now: number): number | null {
  const times = STREAMS.map((stream) => feeds[stream].wakeAt(now)).filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times) - now;
}

export function createSender(deps: SenderDeps): Sender {
  const { session, feeds, window, clock, log } = deps;
  const wake = createWake(clock);
  const flight = createFlight(wake, log);
  const sendNext = createStreamSending(deps);

  const fill = () => {
    while (flight.size < window) {
      const sending = sendNext();
      if (sending === null) return;
      flight.track(sending);
    }
  };

  return {
    async run(signal) {
      const isOver = () => signal.aborted || session.closed.aborted;
      signal.addEventListener('abort', wake.notify, { once: true });
      session.closed.addEventListener('abort', wake.notify, { once: true });
      while (!isOver()) {
        fill();
        await wake.wait(idleMs(feeds, clock.monotonic()));
      }
      signal.removeEventListener('abort', wake.notify);
    },
    wake: wake.notify,
    sendBeside(message) {
      if (flight.size >= window) return;
      const { topic } = message;
      const logged = (err: unknown) => log.debug({ err, topic }, 'uplink message lost');
      flight.track(session.publish(message).catch(logged));
    },
    async drain(ms) {
      const until = clock.monotonic() + ms;
      for (;;) {
        const left = until - clock.monotonic();
        if (flight.size === 0 || left <= 0 || session.closed.aborted) return;
        await wake.wait(left);
      }
    },
  };
}
