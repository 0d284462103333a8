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
  /** The headend moved the cursor of this stream. */
  readonly onAcked: (stream: Stream, upTo: number) => void;
  readonly onReply: (reply: CmdRes) => void;
}

type Parsed<T> = { readonly value: T } | { readonly problem: string };

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
  return { problem: `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}` };
}

/** No operation is offered yet; a refusal is better than silence. */
function refusal({ id, op }: Cmd): CmdRes {
  const message = `this gateway does not offer ${op}`;
  return {
    v: CONTRACT_VERSION,
    id,
    op,
    state: 'refused',
    error: { code: 'UPLINK_BAD_MESSAGE', message },
  };
}

/** So many messages a second are looked at; a headend in its senses sends far fewer. */
const MOST_PER_SECOND = 20;

function createBudget(clock: Clock) {
  let left = MOST_PER_SECOND;
  let filledAt = clock.monotonic();
  return {
    allows(): boolean {
      const now = clock.monotonic();
      left = Math.min(MOST_PER_SECOND, left + ((now - filledAt) * MOST_PER_SECOND) / 1000);
      filledAt = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}

/** Takes what the headend sends; acknowledgements are cumulative, so one dropped does no harm. The function given never rejects. */
export function createInbound(deps: InboundDeps): (message: IncomingMessage) => Promise<void> {
  const { name, at, store, log, report, published, onAcked, onReply } = deps;
  const budget = createBudget(deps.clock);

  const takeAck = async ({ epoch, stream, upTo }: Ack) => {
    const upToPublished = published(stream);
    if (epoch !== store.epoch || upTo > upToPublished) {
      const detail = { epoch, stream, upTo, presentEpoch: store.epoch, published: upToPublished };
      report('uplink.ack-unknown', 'warning', detail);
      return;
    }
    if (upTo <= store.acked(name, stream)) return;
    await store.ack(name, stream, upTo);
    onAcked(stream, upTo);
  };

  const accept = async <T>(
    message: IncomingMessage,
    schema: z.ZodType<T>,
    take: (value: T) => void | Promise<void>,
  ) => {
    const parsed = parseBody(message, schema);
    if ('value' in parsed) await take(parsed.value);
    else {
      const { topic, payload } = message;
      const detail = { topic, bytes: payload.length, problem: parsed.problem };
      report('uplink.bad-message', 'warning', detail);
    }
  };

  return async (message) => {
    if (!budget.allows()) {
      report('uplink.flood', 'warning', { topic: message.topic, perSecond: MOST_PER_SECOND });
      return;
    }
    try {
      if (message.topic === ackTopic(at)) await accept(message, ackSchema, takeAck);
      if (message.topic === cmdTopic(at)) {
        await accept(message, cmdSchema, (cmd) => onReply(refusal(cmd)));
      }
    } catch (thrown) {
      log.error({ err: toAmrError(thrown), topic: message.topic }, 'message could not be taken');
    }
  };
}
