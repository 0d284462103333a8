/** What comes back for one request: the echo is stripped, the answer found, the deadlines kept. */
import type { Exchange } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import { type TransportInfo, transmitMs } from '../core/transport.ts';
import { createEchoStripper } from './echo.ts';

/** No answer of any protocol here is longer; more without a frame is a stuck transmitter. */
const LARGEST_BUFFER = 4096;
/** However slowly the bytes trickle, an exchange ends this long after its request. */
const LONGEST_ANSWER_MS = 30_000;

export interface Reception<Frame> {
  take(bytes: Uint8Array): void;
  /** The matching frame. Rejects with BUS_NO_REPLY, _PARTIAL_REPLY, _FOREIGN_REPLY or _JAMMED. */
  outcome(): Promise<Frame>;
  /** When the answer would have begun at the latest, by the monotonic clock. */
  readonly answerDueBy: number;
  readonly isTimedOut: boolean;
  readonly sawEcho: boolean;
  readonly foreignFrames: number;
  /** Bytes that came, the echo included. */
  readonly bytes: number;
  /** Bytes that were neither echo nor part of an answer that was taken. */
  readonly strayBytes: number;
}

/** Starts the count of time: call it right before the request is written. */
export function createReception<Frame>(
  exchange: Exchange<Frame>,
  { info, clock, latencyMs }: { info: TransportInfo; clock: Clock; latencyMs: number },
): Reception<Frame> {
  const { request, framer, match, firstByteMs, idleMs, signal } = exchange;
  // The operating system takes the bytes at once; the line is busy with them for longer.
  const sentAt = clock.monotonic() + transmitMs(request.length, info);
  const answerDueBy = sentAt + firstByteMs + latencyMs;
  const endsBy = sentAt + LONGEST_ANSWER_MS;
  const echo = createEchoStripper(request);
  const answer = Promise.withResolvers<Frame>();
  // It may be rejected while the request is still being written and nobody waits for it yet.
  answer.promise.catch(() => undefined);
  const waiting = new AbortController();
  let deadline = answerDueBy;
  let bytes = 0;
  let foreignFrames = 0;
  let isTimedOut = false;
  let isAnswered = false;
  /** What is held back as the beginning of an echo is none before it is whole. */
  const answerBytes = () => (echo.isComplete ? bytes - request.length : bytes);

  function take(chunk: Uint8Array): void {
    bytes += chunk.length;
    deadline = Math.max(deadline, clock.monotonic() + idleMs + latencyMs);
    const rest = echo.strip(chunk);
    if (rest.length === 0 || isAnswered) return;
    for (const frame of framer.push(rest)) {
      if (isAnswered || !match(frame)) foreignFrames += 1;
      else {
        isAnswered = true;
        answer.resolve(frame);
      }
    }
    if (!isAnswered && answerBytes() > LARGEST_BUFFER) {
      answer.reject(
        new AmrError('BUS_JAMMED', `${answerBytes()} bytes came and no answer in them`),
      );
    }
  }

  function silence(): AmrError {
    if (foreignFrames > 0) {
      return new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came', {
        context: { frames: foreignFrames },
      });
    }
    if (answerBytes() > 0) {
      return new AmrError('BUS_PARTIAL_REPLY', `${answerBytes()} bytes came, but no whole frame`);
    }
    return new AmrError('BUS_NO_REPLY', 'no answer came', { context: { echo: echo.isComplete } });
  }

  async function expire(): Promise<never> {
    for (;;) {
      const left = Math.min(deadline, endsBy) - clock.monotonic();
      if (left <= 0) break;
      await clock.sleep(left, waiting.signal);
    }
    isTimedOut = true;
    throw silence();
  }

  async function outcome(): Promise<Frame> {
    const stop = () => waiting.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([answer.promise, expire()]);
    } finally {
      signal.removeEventListener('abort', stop);
      waiting.abort();
    }
  }

  return {
    take,
    outcome,
    answerDueBy,
    get isTimedOut() {
      return isTimedOut;
    },
    get sawEcho() {
      return echo.isComplete;
    },
    get foreignFrames() {
      return foreignFrames;
    },
    get bytes() {
      return bytes;
    },
    get strayBytes() {
      return isAnswered ? 0 : answerBytes();
    },
  };
}
