/**
 * One physical line, one exchange at a time.
 *
 * Silence is kept where the line needs it: a short turnaround after an answer, a longer quiet
 * time after a failure, so that an answer that comes too late meets nobody who could take it for
 * his own. Bytes that come while nobody waits are counted and thrown away.
 */
import type { Logger } from 'pino';
import type { Bus, Exchange, Framer } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import { createQueue } from './queue.ts';
import { createReception, type Reception } from './reception.ts';

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
  restarts: number;
}

export interface CountedBus extends Bus {
  readonly counters: Readonly<BusCounters>;
}

/** After so many exchanges without a single byte the port itself may hang: it is opened anew. */
const SILENT_EXCHANGES = 10;
/** Where that did not help, it is not tried again so soon: the meters may be without power. */
const RESTART_PAUSE_MS = 600_000;
/** However noisy the line, its quiet time is drawn out by no more than this. */
const LONGEST_QUIET_MS = 5000;

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
    restarts: 0,
  };
  const queue = createQueue(clock);
  let reception: Reception<unknown> | null = null;
  let lateFramer: Framer<unknown> | null = null;
  let quietUntil = 0;
  let quietMs = settings.turnaroundMs;
  let silent = 0;
  let restartedAt = Number.NEGATIVE_INFINITY;

  line.onData((bytes) => {
    if (reception !== null) {
      reception.take(bytes);
      return;
    }
    counters.strayBytes += bytes.length;
    counters.lateFrames += lateFramer?.push(bytes).length ?? 0;
    quietUntil = Math.max(quietUntil, clock.monotonic() + quietMs);
  });

  /** Nothing is sent before the line has been silent long enough. */
  async function waitForSilence(signal: AbortSignal): Promise<void> {
    const giveUpAt = Math.max(clock.monotonic(), quietUntil) + LONGEST_QUIET_MS;
    for (let now = clock.monotonic(); now < quietUntil; now = clock.monotonic()) {
      if (now >= giveUpAt) throw new AmrError('BUS_JAMMED', 'the line does not fall silent');
      await clock.sleep(Math.min(quietUntil, giveUpAt) - now, signal);
    }
    lateFramer = null;
    quietMs = settings.turnaroundMs;
  }

  function count(taken: Reception<unknown>): void {
    counters.echoes += taken.sawEcho ? 1 : 0;
    counters.foreignFrames += taken.foreignFrames;
    counters.strayBytes += taken.strayBytes;
    if (taken.bytes > 0) {
      silent = 0;
      restartedAt = Number.NEGATIVE_INFINITY;
    } else if (taken.isTimedOut) silent += 1;
    const isRested = clock.monotonic() - restartedAt >= RESTART_PAUSE_MS;
    if (silent < SILENT_EXCHANGES || !isRested) return;
    silent = 0;
    restartedAt = clock.monotonic();
    counters.restarts += 1;
    log.debug('no byte for long, opening the port anew');
    line.restart(new AmrError('PORT_LOST', 'no byte came for long'));
  }

  async function perform<Frame>(exchange: Exchange<Frame>): Promise<Frame> {
    if (line.fault !== null) throw line.fault;
    await waitForSilence(exchange.signal);
    counters.exchanges += 1;
    const taken = createReception(exchange, {
      info: line.info,
      clock,
      latencyMs: settings.latencyMs,
    });
    reception = taken;
    try {
      await line.write(exchange.request);
      const frame = await taken.outcome();
      counters.answered += 1;
      quietUntil = clock.monotonic() + settings.turnaroundMs;
      return frame;
    } catch (thrown) {
      counters.timeouts += taken.isTimedOut ? 1 : 0;
      lateFramer = exchange.framer;
      quietMs = exchange.quietMs;
      quietUntil = Math.max(clock.monotonic(), taken.answerDueBy) + exchange.quietMs;
      throw line.fault ?? thrown;
    } finally {
      reception = null;
      count(taken);
    }
  }

  return {
    name: settings.name,
    counters,
    exchange: (exchange) =>
      queue
        .run(exchange, () => perform(exchange))
        .catch((thrown: unknown) => {
          throw exchange.signal.aborted && thrown === exchange.signal.reason
            ? new AmrError('BUS_ABORTED', 'the exchange was aborted', { cause: thrown })
            : thrown;
        }),
  };
}
