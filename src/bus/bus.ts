/**
 * One physical line, one exchange at a time.
 *
 * Silence is kept where the line needs it: a short turnaround after an answer, a longer quiet
 * time after a failure, so that an answer that comes too late meets nobody who could take it for
 * his own. Bytes that come while nobody waits are counted and thrown away.
 */
import type { Logger } from 'pino';
import type { Bus, Exchange, Framer, Sender, Sending } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import { transmitMs } from '../core/transport.ts';
import { createHangWatch } from './hang.ts';
import { createQueue } from './queue.ts';
import { createReception, type Reception } from './reception.ts';
import { createSilence } from './silence.ts';

export interface BusSettings {
  readonly name: string;
  /** Added to every first-byte and idle deadline: adapters, serial servers, radio links. */
  readonly latencyMs: number;
  /** Silence between an answer and the next request. */
  readonly turnaroundMs: number;
}

/** What the line has done since the start. */
export interface BusCounters {
  exchanges: number;
  answered: number;
  timeouts: number;
  /** Requests that came back from the adapter. */
  echoes: number;
  /** Whole frames that answered something else, refused during an exchange. */
  foreignFrames: number;
  /** Whole frames that came after their exchange had ended, refused. */
  lateFrames: number;
  /** Bytes that belonged to no accepted frame. */
  strayBytes: number;
  /** Requests that nobody was to answer. */
  sent: number;
  restarts: number;
}

export interface CountedBus extends Bus, Sender {
  readonly counters: Readonly<BusCounters>;
}

type Turn = Pick<Sending, 'priority' | 'signal'>;

export function createBus(
  settings: BusSettings,
  { line, clock, log }: { line: Line; clock: Clock; log: Logger },
): CountedBus {
  const counters: BusCounters = {
    exchanges: 0,
    answered: 0,
    timeouts: 0,
    echoes: 0,
    foreignFrames: 0,
    lateFrames: 0,
    strayBytes: 0,
    sent: 0,
    restarts: 0,
  };
  const queue = createQueue(clock);
  const silence = createSilence(clock, settings.turnaroundMs);
  const hangs = createHangWatch(clock);
  let reception: Reception<unknown> | null = null;
  let lateFramer: Framer<unknown> | null = null;

  line.onData((bytes) => {
    if (reception !== null) {
      reception.take(bytes);
      return;
    }
    counters.strayBytes += bytes.length;
    counters.lateFrames += lateFramer?.push(bytes).length ?? 0;
    silence.broken();
  });

  /** Nothing is sent while the port is away or the line is not silent. */
  async function makeReady(signal: AbortSignal): Promise<void> {
    if (line.fault !== null) throw line.fault;
    await silence.wait(signal);
    lateFramer = null;
  }

  function count(taken: Reception<unknown>, mayBeSilent: boolean): void {
    counters.echoes += taken.sawEcho ? 1 : 0;
    counters.foreignFrames += taken.foreignFrames;
    counters.strayBytes += taken.strayBytes;
    if (!hangs(taken.bytes, taken.isTimedOut && !mayBeSilent)) return;
    counters.restarts += 1;
    log.debug('no byte for long, opening the port anew');
    line.restart(new AmrError('PORT_LOST', 'no byte came for long'));
  }

  async function perform<Frame>(exchange: Exchange<Frame>): Promise<Frame> {
    await makeReady(exchange.signal);
    counters.exchanges += 1;
    const taken = createReception(exchange, {
      info: line.info,
      clock,
      latencyMs: settings.latencyMs,
    });
    reception = taken;
    try {
      exchange.onSent?.();
      await line.write(exchange.request);
      const frame = await taken.outcome();
      counters.answered += 1;
      silence.keep(clock.monotonic() + settings.turnaroundMs, settings.turnaroundMs);
      return frame;
    } catch (thrown) {
      counters.timeouts += taken.isTimedOut ? 1 : 0;
      lateFramer = exchange.framer;
      const answerOverBy = Math.max(clock.monotonic(), taken.answerDueBy);
      silence.keep(answerOverBy + exchange.quietMs, exchange.quietMs);
      throw line.fault ?? thrown;
    } finally {
      reception = null;
      count(taken, exchange.mayBeSilent ?? false);
    }
  }

  async function transmit({ request, quietMs, signal }: Sending): Promise<void> {
    await makeReady(signal);
    counters.sent += 1;
    const bytes = request();
    const sentAt = clock.monotonic() + transmitMs(bytes.length, line.info);
    silence.keep(sentAt + quietMs, quietMs);
    await line.write(bytes);
  }

  /** Takes its turn on the line. */
  function inTurn<T>(who: Turn, work: () => Promise<T>): Promise<T> {
    return queue.run(who, work).catch((thrown: unknown) => {
      throw who.signal.aborted && thrown === who.signal.reason
        ? new AmrError('BUS_ABORTED', 'the exchange was aborted', { cause: thrown })
        : thrown;
    });
  }

  return {
    name: settings.name,
    kind: 'line',
    counters,
    exchange: (exchange) => inTurn(exchange, () => perform(exchange)),
    send: (sending) => inTurn(sending, () => transmit(sending)),
  };
}
