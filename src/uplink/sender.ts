import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import type { Feed, Outgoing } from './feed.ts';
import type { Pace } from './pace.ts';
import { createRefusals } from './refusals.ts';
import type { Replies } from './replies.ts';
import type { OutgoingMessage, Session } from './session.ts';
import { createTurns, LANES, type Lane } from './turns.ts';
import type { Wake } from './wake.ts';

export interface SenderDeps {
  readonly session: Session;
  /** What there is to send on this lane, `null` where it is not in use at present. */
  readonly feedOf: (lane: Lane) => Feed | null;
  readonly replies: Replies;
  readonly pace: Pace;
  /** Notified when there may be something to send. */
  readonly wake: Wake;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Sends what there is over one connection, never more in flight than the pace allows. */
export interface Sender {
  /** Sends until the signal aborts or the connection is gone. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends this beside the lanes if the window has room; else it is dropped. */
  sendBeside(message: OutgoingMessage): void;
  /** Answers may still go out; resolves when nothing is in flight any more or after `ms`. */
  drain(ms: number): Promise<void>;
}

interface Choice {
  readonly lane: Lane;
  readonly feed: Feed;
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

function reasonOf({ context }: AmrError): number | null {
  const { reason } = context;
  return typeof reason === 'number' ? reason : null;
}

/** Takes messages from the feeds and tells them, and the pace, what became of each. */
function createFeedSending({ session, feedOf, pace, clock, log }: SenderDeps) {
  const turns = createTurns();
  const refusals = createRefusals(log);

  const refused = (lane: Lane, error: AmrError) => {
    pace.refused(reasonOf(error), clock.monotonic());
    refusals.refused(lane, error);
  };

  const send = async ({ lane, feed, outgoing }: Choice) => {
    try {
      await session.publish({ topic: feed.topic, payload: outgoing.payload });
    } catch (thrown) {
      const error = toAmrError(thrown);
      // A new connection starts behind the cursor, so a loss has not to be remembered here.
      if (session.closed.aborted && reasonOf(error) === null) return;
      feed.refused(outgoing, reasonOf(error), clock.monotonic());
      refused(lane, error);
      return;
    }
    feed.delivered(outgoing);
    pace.accepted();
    refusals.accepted(lane);
  };

  const choose = (): Choice | null => {
    for (const lane of turns.order()) {
      const feed = feedOf(lane);
      try {
        const outgoing = feed?.take(clock.monotonic()) ?? null;
        if (feed !== null && outgoing !== null) return { lane, feed, outgoing };
      } catch (thrown) {
        feed?.refused(null, null, clock.monotonic());
        refused(lane, toAmrError(thrown));
      }
    }
    return null;
  };

  /** The sending of the next message, under way; `null` where no feed gives one. */
  return (): Promise<void> | null => {
    const choice = choose();
    if (choice === null) return null;
    turns.served(choice.lane);
    return send(choice);
  };
}

/** Sends the oldest waiting answer, which goes back where the connection ends before its PUBACK. */
function createReplySending({ session, replies, log }: SenderDeps) {
  const send = async (message: OutgoingMessage) => {
    try {
      await session.publish(message);
    } catch (err) {
      if (session.closed.aborted) replies.putBack(message);
      else log.warn({ err, topic: message.topic }, 'answer to a command refused');
    }
  };
  return (): Promise<void> | null => {
    const message = replies.take();
    return message === null ? null : send(message);
  };
}

/** How long until there may be more to send by time alone, or `null`. */
function idleMs({ feedOf, pace, clock }: SenderDeps): number | null {
  const now = clock.monotonic();
  const rest = pace.wakeAt(now);
  if (rest !== null) return rest - now;
  const times = LANES.map((lane) => feedOf(lane)?.wakeAt(now) ?? null);
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known) - now;
}

export function createSender(deps: SenderDeps): Sender {
  const { session, pace, wake, clock, log } = deps;
  const flight = createFlight(wake, log);
  const sendReply = createReplySending(deps);
  const sendRow = createFeedSending(deps);
  const hasRoom = () => flight.size < pace.window(clock.monotonic());

  const fill = (next: () => Promise<void> | null) => {
    while (hasRoom()) {
      const sending = next();
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
        fill(() => sendReply() ?? sendRow());
        await wake.wait(idleMs(deps));
      }
      signal.removeEventListener('abort', wake.notify);
      if (session.closed.aborted) {
        pace.refused(reasonOf(toAmrError(session.closed.reason)), clock.monotonic());
      }
    },
    sendBeside(message) {
      if (!hasRoom()) return;
      const { topic } = message;
      const logged = (err: unknown) => log.debug({ err, topic }, 'uplink message lost');
      flight.track(session.publish(message).catch(logged));
    },
    async drain(ms) {
      const until = clock.monotonic() + ms;
      for (;;) {
        if (!session.closed.aborted) fill(sendReply);
        const left = until - clock.monotonic();
        if (flight.size === 0 || left <= 0 || session.closed.aborted) return;
        await wake.wait(left);
      }
    },
  };
}
