/*
 * The contract as a headend sees it, published as `amr-gateway/contract`: the topics and schemas
 * of the contract, and what a receiver does with them. Needs neither a broker nor a database.
 */
import { inflateSync } from 'node:zlib';
import type { z } from 'zod';
import type { AmrEvent, Reading } from '../core/reading.ts';
import {
  CONTRACT,
  type ContractRow,
  type EventsMessage,
  type GatewayPath,
  MAX_MESSAGE_BYTES,
  type ReadingsMessage,
  rootTopic,
} from './contract.ts';
import type { NumberRange } from './stream-log.ts';

export {
  type AmrEvent,
  eventSchema,
  type Reading,
  readingSchema,
  STREAMS,
  type Stream,
} from '../core/reading.ts';
export * from './contract.ts';
export { type NumberRange, openStreamLog, type StreamLog } from './stream-log.ts';

type Name = keyof typeof CONTRACT;

/** A message of the contract by its kind; `at` says which gateway it is from, or to. */
export type ContractMessage = {
  [K in Name]: {
    readonly kind: K;
    readonly at: GatewayPath;
    readonly body: z.output<(typeof CONTRACT)[K]['schema']>;
  };
}[Name];

const NAMES = Object.keys(CONTRACT) as Name[];
const anywhere = (topic: string) => topic.replace(/\{\w+\}/g, '+');

/** Topic filters for everything that gateways send, compressed or not. */
export const HEADEND_FILTERS: readonly string[] = Object.values<ContractRow>(CONTRACT)
  .filter(({ direction }) => direction === 'up')
  .map(({ topic, deflated }) => `${anywhere(topic)}${deflated === undefined ? '' : '/#'}`)
  .map((filter) => rootTopic({ site: '+', gateway: '+' }) + filter);

/** The topic with its site and gateway as groups. */
function patternOf(topic: string): RegExp {
  const id = '[A-Za-z0-9_-]{1,64}';
  const root = rootTopic({ site: `(${id})`, gateway: `(${id})` });
  return new RegExp(`^${root}${topic.replace(/\{\w+\}/g, id)}$`);
}

interface Route {
  readonly kind: Name;
  readonly pattern: RegExp;
  readonly schema: z.ZodType;
  readonly isDeflated: boolean;
}

const ROUTES: readonly Route[] = NAMES.flatMap((kind) => {
  const { topic, deflated, schema }: ContractRow = CONTRACT[kind];
  const plain = { kind, pattern: patternOf(topic), schema, isDeflated: false };
  if (deflated === undefined) return [plain];
  return [plain, { kind, pattern: patternOf(deflated), schema, isDeflated: true }];
});

/**
 * What a message says, `null` where its topic is not of this contract: later ones may have more.
 * Throws a ZodError, or the error of JSON.parse or of zlib, for a body that is not of the contract.
 */
export function parseMessage(topic: string, payload: Uint8Array): ContractMessage | null {
  for (const { kind, pattern, schema, isDeflated } of ROUTES) {
    const [, site, gateway] = pattern.exec(topic) ?? [];
    if (site === undefined || gateway === undefined) continue;
    const bytes = isDeflated
      ? inflateSync(payload, { maxOutputLength: MAX_MESSAGE_BYTES })
      : payload;
    const body = schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { kind, at: { site, gateway }, body } as ContractMessage;
  }
  return null;
}

/** Two readings of one gateway with the same identity are one reading, however often it came. */
export function readingIdentity({ meter, kind, slot, rev = 0 }: Reading): string {
  return `${meter} ${kind} ${new Date(slot).toISOString()} ${rev}`;
}

/** A reading or event of a message. */
export interface Entry {
  readonly row: Reading | AmrEvent;
  /** Another one for every other row of this gateway, and the same when it comes again. */
  readonly identity: string;
}

/** The readings or events of a message in their order, with the numbers that they have. */
export function entriesOf(body: ReadingsMessage | EventsMessage): {
  readonly entries: readonly Entry[];
  readonly numbers: NumberRange;
} {
  const entries =
    body.stream === 'event'
      ? // Numbers do not tell events apart: after a change of the epoch one may come under both.
        body.events.map((row) => ({ row, identity: JSON.stringify(row) }))
      : body.readings.map((row) => ({ row, identity: readingIdentity(row) }));
  return { entries, numbers: { from: body.seq, to: body.seq + entries.length - 1 } };
}
