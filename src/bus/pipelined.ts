/**
 * One Modbus TCP connection: several exchanges under way at the same time, as their answers carry
 * the number of their request. `match` finds whose a frame is.
 *
 * Nobody else speaks on a connection and nothing is echoed, so there is no silence to keep: gap,
 * idle time and quiet time of an exchange have no meaning here.
 */
import type { Logger } from 'pino';
import type { Exchange, Framer } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import { createCounters, type PipelinedBus } from './counted.ts';
import { beforeExpiry } from './expiry.ts';
import { createHangWatch } from './hang.ts';
import { createQueue, inTurn } from './queue.ts';

export interface PipelinedSettings {
  readonly name: string;
  /** Added to every deadline. */
  readonly latencyMs: number;
  /** Exchanges under way at the most. */
  readonly inFlight: number;
}

/** One exchange under way. */
interface Pending {
  /** True where the frame is its answer; the exchange is over then. */
  take(frame: unknown): boolean;
  fail(reason: unknown): void;
}

const noStream = () =>
  new AmrError('FRAME_MALFORMED', 'what came is no frame of the protocol; does it speak another?');

export function createPipelinedBus(
  settings: PipelinedSettings,
  { line, clock, log }: { line: Line; clock: Clock; log: Logger },
): PipelinedBus {
  const counters = createCounters();
  const queue = createQueue(clock, settings.inFlight);
  const hangs = createHangWatch(clock);
  const pending = new Set<Pending>();
  /** That of the first exchange of this connection. */
  let framer: Framer<unknown> | null = null;
  let heard = 0;

  function failAll(reason: AmrError): void {
    for (const one of pending) one.fail(reason);
    pending.clear();
  }

  function restart(why: string): void {
    counters.restarts += 1;
    log.debug({ why }, 'connecting anew');
    line.restart(new AmrError('PORT_LOST', why));
  }

  function sort(frame: unknown): void {
    const owner = [...pending].find((one) => one.take(frame));
    if (owner !== undefined) pending.delete(owner);
    else if (pending.size > 0) counters.foreignFrames += 1;
    else counters.lateFrames += 1;
  }

  line.onFault((reason) => {
    framer = null;
    failAll(reason);
  });
  line.onData((bytes) => {
    heard += bytes.length;
    if (pending.size === 0) counters.strayBytes += bytes.length;
    for (const frame of framer?.push(bytes) ?? []) sort(frame);
    if (framer?.isBroken !== true) return;
    failAll(noStream());
    restart('what came is no frame of the protocol');
  });

  /** Sends, and gives the frame that answers. Rejects with BUS_NO_REPLY when the time is over. */
  async function answerTo<Frame>(exchange: Exchange<Frame>): Promise<Frame> {
    const { match, request, firstByteMs, signal } = exchange;
    const dueBy = clock.monotonic() + firstByteMs + settings.latencyMs;
    const answer = Promise.withResolvers<Frame>();
    const own: Pending = {
      take(frame) {
        const isAnswer = match(frame as Frame);
        if (isAnswer) answer.resolve(frame as Frame);
        return isAnswer;
      },
      fail: answer.reject,
    };
    const expire = async (waiting: AbortSignal): Promise<never> => {
      for (let now = clock.monotonic(); now < dueBy; now = clock.monotonic()) {
        await clock.sleep(dueBy - now, waiting);
      }
      throw new AmrError('BUS_NO_REPLY', 'no answer came');
    };
    pending.add(own);
    try {
      line.write(request).catch(answer.reject);
      return await beforeExpiry(answer.promise, expire, signal);
    } finally {
      pending.delete(own);
    }
  }

  async function perform<Frame>(exchange: Exchange<Frame>): Promise<Frame> {
    if (line.fault !== null) throw line.fault;
    counters.exchanges += 1;
    framer ??= exchange.framer;
    exchange.onSent?.();
    const heardBefore = heard;
    let isSilence = false;
    try {
      const frame = await answerTo(exchange);
      counters.answered += 1;
      return frame;
    } catch (thrown) {
      const isTimedOut = thrown instanceof AmrError && thrown.code === 'BUS_NO_REPLY';
      counters.timeouts += isTimedOut ? 1 : 0;
      isSilence = isTimedOut && !(exchange.mayBeSilent ?? false);
      throw thrown;
    } finally {
      if (hangs(heard - heardBefore, isSilence)) restart('no byte came for long');
    }
  }

  return {
    name: settings.name,
    kind: 'modbus-tcp',
    counters,
    exchange: (exchange) => inTurn(queue, exchange, () => perform(exchange)),
  };
}
