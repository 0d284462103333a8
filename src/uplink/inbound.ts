import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { toAmrError } from '../core/errors.ts';
import type { Stream } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import {
  type Ack,
  ackSchema,
  ackTopic,
  type Cmd,
  type CmdRes,
  CONTRACT_VERSION,
  cmdHeadSchema,
  cmdSchema,
  cmdTopic,
  type GatewayPath,
  MAX_MESSAGE_BYTES,
} from './contract.ts';
import type { Report } from './report.ts';
import type { IncomingMessage } from './session.ts';

export interface InboundDeps {
  /** Name of the uplink's cursor in the store. */
  readonly name: string;
  readonly at: GatewayPath;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: Report;
  /** The highest number of this stream that may have been published. */
  readonly published: (stream: Stream) => number;
  /** The headend moves the cursor of this stream; resolves when that is on the disk. */
  readonly onAck: (stream: Stream, upTo: number) => Promise<void>;
  /** A command came; it is carried out in its own time. */
  readonly onCommand: (cmd: Cmd, message: IncomingMessage) => void;
  /** The answer to what is no command of the contract. */
  readonly onReply: (reply: CmdRes, message: IncomingMessage) => void;
}

/** `body` is there where it was JSON. */
type Parsed<T> = { readonly value: T } | { readonly problem: string; readonly body?: unknown };

/** The body as the schema has it, or what is wrong with it. */
function parseBody<T>({ payload, retain }: IncomingMessage, schema: z.ZodType<T>): Parsed<T> {
  if (retain) return { problem: 'retained' };
  if (payload.length > MAX_MESSAGE_BYTES) return { problem: 'too large' };
  let body: unknown;
  try {
    body = JSON.parse(payload.toString('utf8'));
  } catch {
    return { problem: 'not JSON' };
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const problem = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
  return { problem, body };
}

/** A refusal is better than silence; `null` for what has no id to answer to. */
function refusal(body: unknown, message: string): CmdRes | null {
  const head = cmdHeadSchema.safeParse(body);
  if (!head.success) return null;
  const error = { code: 'UPLINK_BAD_MESSAGE', message };
  return { v: CONTRACT_VERSION, ...head.data, state: 'refused', error };
}

/**
 * So many messages a second are looked at. A headend may acknowledge every message of a backlog;
 * commands come from people.
 */
const MOST_PER_SECOND = { ack: 1000, cmd: 20 } as const;

function createBudget(clock: Clock, perSecond: number) {
  let left = perSecond;
  let filledAt = clock.monotonic();
  return {
    perSecond,
    allows(): boolean {
      const now = clock.monotonic();
      left = Math.min(perSecond, left + ((now - filledAt) * perSecond) / 1000);
      filledAt = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}

/** Moves one cursor after the other, each to the latest number that was heard of meanwhile. */
function createMoves({ name, store, onAck, log }: InboundDeps) {
  const waiting = new Map<Stream, number>();
  let isMoving = false;

  const moveAll = async () => {
    for (const [stream, upTo] of waiting) {
      waiting.delete(stream);
      if (upTo <= store.acked(name, stream)) continue;
      // The next acknowledgement covers this one.
      await onAck(stream, upTo).catch((thrown: unknown) =>
        log.error({ err: toAmrError(thrown), stream, upTo }, 'cursor not moved'),
      );
    }
    isMoving = false;
  };

  return (stream: Stream, upTo: number) => {
    waiting.set(stream, Math.max(upTo, waiting.get(stream) ?? 0));
    if (isMoving) return;
    isMoving = true;
    void moveAll();
  };
}

interface Handling<T> {
  readonly schema: z.ZodType<T>;
  readonly take: (value: T) => void;
  /** Hears of what is not of the schema; `body` is there where it was JSON. */
  readonly refuse?: (body: unknown, problem: string) => void;
}

function handle<T>(
  message: IncomingMessage,
  report: Report,
  { schema, take, refuse }: Handling<T>,
): void {
  const parsed = parseBody(message, schema);
  if ('value' in parsed) {
    take(parsed.value);
    return;
  }
  const { topic, payload } = message;
  const { problem, body } = parsed;
  report('uplink.bad-message', 'warning', { topic, bytes: payload.length, problem });
  refuse?.(body, problem);
}

/** Takes acknowledgements. They are cumulative, so one that is passed over does no harm. */
function createAckTaking(deps: InboundDeps) {
  const { store, report, published } = deps;
  const move = createMoves(deps);
  return ({ epoch, stream, upTo }: Ack) => {
    const upToPublished = published(stream);
    if (epoch !== store.epoch || upTo > upToPublished) {
      const detail = { epoch, stream, upTo, presentEpoch: store.epoch, published: upToPublished };
      report('uplink.ack-unknown', 'warning', detail);
      return;
    }
    move(stream, upTo);
  };
}

/** Takes what the headend sends. The function given never throws. */
export function createInbound(deps: InboundDeps): (message: IncomingMessage) => void {
  const { at, clock, report, onCommand, onReply } = deps;
  const takeAck = createAckTaking(deps);

  const takeCommand = (message: IncomingMessage) =>
    handle(message, report, {
      schema: cmdSchema,
      take: (cmd) => onCommand(cmd, message),
      refuse(body, problem) {
        const reply = refusal(body, problem);
        if (reply !== null) onReply(reply, message);
      },
    });

  const kinds = [
    {
      topic: ackTopic(at),
      budget: createBudget(clock, MOST_PER_SECOND.ack),
      take: (message: IncomingMessage) =>
        handle(message, report, { schema: ackSchema, take: takeAck }),
    },
    {
      topic: cmdTopic(at),
      budget: createBudget(clock, MOST_PER_SECOND.cmd),
      take: takeCommand,
    },
  ];

  return (message) => {
    const { topic } = message;
    const kind = kinds.find((each) => each.topic === topic);
    if (kind === undefined) return;
    if (kind.budget.allows()) kind.take(message);
    else report('uplink.flood', 'warning', { topic, perSecond: kind.budget.perSecond });
  };
}
