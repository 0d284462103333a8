/** What comes back for one request: the echo is stripped, the answer found, the deadlines kept. */
import type { Exchange } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import { type TransportInfo, transmitMs } from '../core/transport.ts';
import { createAlarm } from './alarm.ts';
import { createEchoStripper } from './echo.ts';

/** No answer of any protocol here is longer; more without a frame is a stuck transmitter. */
const LARGEST_BUFFER = 4096;
/** However slowly the bytes trickle, an exchange ends this long after its request. */
const LONGEST_ANSWER_MS = 30_000;

export interface Reception<Frame> {
  take(bytes: Uint8Array): void;
  /** Nothing more can come: the wait ends at once, with this. */
  fail(reason: AmrError): void;
  /**
   * The matching frame. Rejects with BUS_NO_REPLY, _PARTIAL_REPLY, _FOREIGN_REPLY or _JAMMED, or
   * what it was told to fail with.
   */
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

interface ReceptionDeps {
  readonly info: TransportInfo;
  readonly clock: Clock;
  readonly latencyMs: number;
}

/** How long to wait: for the answer to begin, then for each byte after the last one. */
function createDeadlines<Frame>(
  { request, firstByteMs, idleMs }: Exchange<Frame>,
  { info, clock, latencyMs }: ReceptionDeps,
) {
  // The operating system takes the bytes at once; the line is busy with them for longer.
  const sentAt = clock.monotonic() + transmitMs(request.length, info);
  const answerDueBy = sentAt + firstByteMs + latencyMs;
  const endsBy = sentAt + LONGEST_ANSWER_MS;
  let deadline = answerDueBy;
  return {
    answerDueBy,
    /** Bytes came. */
    extend() {
      deadline = Math.max(deadline, clock.monotonic() + idleMs + latencyMs);
    },
    present: () => Math.min(deadline, endsBy),
  };
}

/** The bytes that came and the answer among them. */
function createIntake<Frame>({ request, framer, match }: Exchange<Frame>) {
  const echo = createEchoStripper(request);
  const answer = Promise.withResolvers<Frame>();
  // It may be rejected while the request is still being written and nobody waits for it yet.
  answer.promise.catch(() => undefined);
  const count = { bytes: 0, foreignFrames: 0 };
  let isAnswered = false;
  /** What is held back as the beginning of an echo is none before it is whole. */
  const answerBytes = () => (echo.isComplete ? count.bytes - request.length : count.bytes);

  function sort(frame: Frame): void {
    if (isAnswered || !match(frame)) count.foreignFrames += 1;
    else {
      isAnswered = true;
      answer.resolve(frame);
    }
  }

  return {
    /** Rejects with BUS_JAMMED, or what `fail` was told. */
    answer: answer.promise,
    fail: answer.reject,
    echo,
    count,
    answerBytes,
    strayBytes: () => (isAnswered ? 0 : answerBytes()),
    take(chunk: Uint8Array): void {
      count.bytes += chunk.length;
      const rest = echo.strip(chunk);
      if (rest.length === 0 || isAnswered) return;
      for (const frame of framer.push(rest)) sort(frame);
      if (!isAnswered && answerBytes() > LARGEST_BUFFER) {
        answer.reject(
          new AmrError('BUS_JAMMED', `${answerBytes()} bytes came and no answer in them`),
        );
      }
    },
  };
}

/** Why the time ran out without an answer. */
function noAnswer({ count, echo, answerBytes }: ReturnType<typeof createIntake>): AmrError {
  if (count.foreignFrames > 0) {
    return new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came', {
      context: { frames: count.foreignFrames },
    });
  }
  if (answerBytes() > 0) {
    return new AmrError('BUS_PARTIAL_REPLY', `${answerBytes()} bytes came, but no whole frame`);
  }
  return new AmrError('BUS_NO_REPLY', 'no answer came', { context: { echo: echo.isComplete } });
}

/** Starts the count of time: call it right before the request is written. */
export function createReception<Frame>(
  exchange: Exchange<Frame>,
  deps: ReceptionDeps,
): Reception<Frame> {
  const deadlines = createDeadlines(exchange, deps);
  const intake = createIntake(exchange);
  let isTimedOut = false;

  const alarm = createAlarm(deps.clock, () => {
    if (deps.clock.monotonic() < deadlines.present()) {
      alarm.setFor(deadlines.present());
      return;
    }
    isTimedOut = true;
    intake.fail(noAnswer(intake));
  });

  async function outcome(): Promise<Frame> {
    const { signal } = exchange;
    const stop = () => intake.fail(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    alarm.setFor(deadlines.present());
    try {
      return await intake.answer;
    } finally {
      signal.removeEventListener('abort', stop);
      alarm.off();
    }
  }

  return {
    take(chunk) {
      deadlines.extend();
      intake.take(chunk);
    },
    fail: intake.fail,
    outcome,
    answerDueBy: deadlines.answerDueBy,
    get isTimedOut() {
      return isTimedOut;
    },
    get sawEcho() {
      return intake.echo.isComplete;
    },
    get foreignFrames() {
      return intake.count.foreignFrames;
    },
    get bytes() {
      return intake.count.bytes;
    },
    get strayBytes() {
      return intake.strayBytes();
    },
  };
}
