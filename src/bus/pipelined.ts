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
import { createAlarm } from './alarm.ts';
import { createCounters, type PipelinedBus } from './counted.ts';
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
  /** By the monotonic clock. */
  readonly dueBy: number;
  readonly signal: AbortSignal;
  /** True where the frame is its answer; the exchange is over then. */
  take(frame: unknown): boolean;
  /** The exchange is over. */
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

  /** Fails what is overdue. One timer serves all, and is not set anew for what was answered. */
  const alarm = createAlarm(clock, () => {
    const now = clock.monotonic();
    for (const { dueBy, fail } of pending) {
      if (dueBy > now) alarm.setFor(dueBy);
      else fail(new AmrError('BUS_NO_REPLY', 'no answer came'));
    }
  });

  function failAll(reason: AmrError): void {
    alarm.off();
    for (const one of pending) one.fail(reason);
  }

  const heeded = new WeakSet<AbortSignal>();

  /** One listener a signal, for good: to come and go with each exchange is dear. */
  function heed(signal: AbortSignal): void {
    if (heeded.has(signal)) return;
    heeded.add(signal);
    const stop = () => {
      for (const one of pending) if (one.signal === signal) one.fail(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  function restart(why: string): void {
    counters.restarts += 1;
    log.debug({ why }, 'connecting anew');
    line.restart(new AmrError('PORT_LOST', why));
  }

  function sort(frame: unknown): void {
    for (const one of pending) if (one.take(frame)) return;
    if (pending.size > 0) counters.foreignFrames += 1;
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
  function answerTo<Frame>(exchange: Exchange<Frame>): Promise<Frame> {
    const { match, request, firstByteMs, signal } = exchange;
    return new Promise((resolve, reject) => {
      const own: Pending = {
        dueBy: clock.monotonic() + firstByteMs + settings.latencyMs,
        signal,
        take(frame) {
          if (!match(frame as Frame)) return false;
          pending.delete(own);
          resolve(frame as Frame);
          return true;
        },
        fail(reason) {
          pending.delete(own);
          reject(reason);
        },
      };
      pending.add(own);
      alarm.setFor(own.dueBy);
      heed(signal);
      if (signal.aborted) own.fail(signal.reason);
      else line.write(request).catch(own.fail);
    });
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
