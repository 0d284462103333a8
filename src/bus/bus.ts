/**
 * One physical line, one exchange at a time.
 *
 * Silence is kept where the line needs it: a short turnaround or the gap of the protocol before a
 * request, a longer quiet time after a failure, so that an answer that comes too late meets nobody
 * who could take it for his own. Bytes that come while nobody waits are counted and thrown away.
 *
 * Meters that talk otherwise than the bus is set get the port set for their exchange. Whoever
 * decides the order decides how often that happens.
 */
import type { Logger } from 'pino';
import type { Exchange, Framer, Sending } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import { transmitMs } from '../core/transport.ts';
import { createCounters, type LineBus } from './counted.ts';
import { createHangWatch } from './hang.ts';
import { createQueue, inTurn } from './queue.ts';
import { createReception, type Reception } from './reception.ts';
import { createSilence } from './silence.ts';

export interface BusSettings {
  readonly name: string;
  /** Added to every first-byte and idle deadline: adapters, serial servers, radio links. */
  readonly latencyMs: number;
  /** Silence between an answer and the next request. */
  readonly turnaroundMs: number;
}

type Demands = Pick<Exchange<unknown>, 'signal' | 'line' | 'gapMs'>;

export function createBus(
  settings: BusSettings,
  { line, clock, log }: { line: Line; clock: Clock; log: Logger },
): LineBus {
  const counters = createCounters();
  const queue = createQueue(clock);
  const silence = createSilence(clock, settings.turnaroundMs);
  const hangs = createHangWatch(clock);
  let reception: Reception<unknown> | null = null;
  let lateFramer: Framer<unknown> | null = null;

  line.onFault((reason) => reception?.fail(reason));
  line.onData((bytes) => {
    silence.broken(clock.monotonic());
    if (reception !== null) {
      reception.take(bytes);
      return;
    }
    counters.strayBytes += bytes.length;
    counters.lateFrames += lateFramer?.push(bytes).length ?? 0;
  });

  /**
   * Nothing is sent while the port is away, set otherwise than wanted, or the line not silent.
   * It is silent before the port is set, too: the late answer of another would be noise behind it.
   */
  async function makeReady({ signal, line: wanted, gapMs }: Demands): Promise<void> {
    if (line.fault !== null) throw line.fault;
    let isSwitched = true;
    // Once more after a change: the port may have been opened anew during the gap that follows it.
    while (isSwitched) {
      await silence.wait(signal, gapMs?.(line.info) ?? 0);
      isSwitched = await line.configure(wanted ?? null);
      counters.switches += isSwitched ? 1 : 0;
    }
    signal.throwIfAborted();
    lateFramer = null;
  }

  async function write(bytes: Uint8Array): Promise<void> {
    silence.broken(clock.monotonic() + transmitMs(bytes.length, line.info));
    await line.write(bytes);
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
    await makeReady(exchange);
    counters.exchanges += 1;
    const taken = createReception(exchange, {
      info: line.info,
      clock,
      latencyMs: settings.latencyMs,
    });
    reception = taken;
    try {
      exchange.onSent?.();
      await write(exchange.request);
      const frame = await taken.outcome();
      counters.answered += 1;
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
    await makeReady({ signal });
    counters.sent += 1;
    const bytes = request();
    const sentAt = clock.monotonic() + transmitMs(bytes.length, line.info);
    silence.keep(sentAt + quietMs, quietMs);
    await write(bytes);
  }

  return {
    name: settings.name,
    kind: 'line',
    counters,
    exchange: (exchange) => inTurn(queue, exchange, () => perform(exchange)),
    send: (sending) => inTurn(queue, sending, () => transmit(sending)),
  };
}
