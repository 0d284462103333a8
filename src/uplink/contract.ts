import { z } from 'zod';
import {
  eventSchema,
  ID_PATTERN,
  READING_STREAMS,
  readingSchema,
  STREAMS,
  type Stream,
} from '../core/reading.ts';
import { SIDES } from '../core/side.ts';

/*
 * The wire contract with the headend, version 1: topics and bodies. Everything is JSON, QoS 1;
 * receivers ignore fields that they do not know, and version 1 only grows.
 */

export const CONTRACT_VERSION = 1;
/** Readings or events in one message at the most. */
export const MAX_MESSAGE_READINGS = 200;
/** Bytes of one body at the most, both directions. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** The two topic levels that name a gateway. */
export interface GatewayPath {
  readonly site: string;
  readonly gateway: string;
}

const under = (rest: string) => (at: GatewayPath) => `amr/v1/${at.site}/${at.gateway}/${rest}`;

/** What all topics of the gateway begin with, the slash included. */
export const rootTopic = under('');

export const statusTopic = under('status');
export const birthTopic = under('birth');
export const ackTopic = under('ack');
export const cmdTopic = under('cmd');
export const cmdResTopic = under('cmd/res');

export function metaTopic(at: GatewayPath, meter: string): string {
  return under(`meta/${meter}`)(at);
}

/** What stands behind the topic of a message whose body is compressed. */
export const DEFLATE_SUFFIX = '/deflate';

/**
 * `data/{stream}` for readings, `event` for the stream of events; with `/deflate` behind it where
 * the whole body is compressed.
 */
export function streamTopic(at: GatewayPath, stream: Stream, isDeflated = false): string {
  const topic = under(stream === 'event' ? 'event' : `data/${stream}`)(at);
  return isDeflated ? topic + DEFLATE_SUFFIX : topic;
}

const version = z.literal(CONTRACT_VERSION);
const id = z.string().regex(ID_PATTERN);
const instant = z.iso.datetime({ offset: true });
const epoch = z.int().min(1).describe('numbers are compared within one epoch only');
const sequence = z.int().min(1);
const clock = z.enum(['synced', 'rtc', 'unsynced']).describe('how far the wall time is known');
const stream = z.enum(STREAMS);

export const statusSchema = z.object({
  v: version,
  state: z.enum(['online', 'degraded', 'offline']),
  bootId: z.string().describe('new at each start of the gateway'),
  since: instant.describe('when this start was'),
  epoch,
  version: z.string().describe('of the software'),
});

const streamPosition = z.object({
  head: z.int().min(0).describe('highest number committed'),
  acked: z.int().min(0).describe('highest number acknowledged on this uplink'),
});

export const birthSchema = z.object({
  v: version,
  gateway: id,
  at: instant,
  bootId: z.string(),
  epoch,
  software: z.object({ name: z.string(), version: z.string() }),
  clock,
  configHash: z.string(),
  buses: z.array(z.object({ name: id, transport: z.string(), meters: z.int().min(0) })),
  streams: z.record(stream, streamPosition),
});

export const metaSchema = z.object({
  v: version,
  meter: id,
  address: z.string().describe('on the bus'),
  protocol: z.string(),
  model: z.string(),
  ct: z
    .number()
    .positive()
    .describe('current transformer ratio as configured, applied to no value'),
  pt: z
    .number()
    .positive()
    .describe('voltage transformer ratio as configured, applied to no value'),
  side: z
    .enum(SIDES)
    .optional()
    .describe(
      'what the values are of: primary has the ratios in, secondary is to be multiplied by ct x pt, as-set depends on how the meter is set, direct has no transformers',
    ),
  registers: z.array(
    z.object({
      obis: z.string().nullable(),
      name: z.string(),
      unit: z.string(),
      resolution: z.string().nullable().describe('smallest step as a decimal, null if unknown'),
    }),
  ),
});

const envelope = {
  v: version,
  gateway: id,
  epoch,
  seq: sequence.describe('number of the first entry; the others follow by one'),
  sent: instant,
  clock,
};

export const readingsMessageSchema = z.object({
  ...envelope,
  stream: z.enum(READING_STREAMS),
  readings: z.array(readingSchema).min(1).max(MAX_MESSAGE_READINGS),
});

export const eventsMessageSchema = z.object({
  ...envelope,
  stream: z.literal('event'),
  events: z.array(eventSchema).min(1).max(MAX_MESSAGE_READINGS),
});

export const ackSchema = z.object({
  epoch,
  stream,
  upTo: z.int().min(0).describe('everything up to this number has arrived'),
});

/** Seconds a read may take where the command does not say. */
export const READ_DEADLINE_S = 30;
/** Words of one read at the most. */
const MAX_COMMAND_REGISTERS = 200;

const commandId = z
  .string()
  .min(1)
  .max(128)
  .describe('chosen by the headend; the same id is the same command');

const command = {
  v: version,
  id: commandId,
  expires: instant.optional().describe('not begun, and not waited for, after this moment'),
};

export const cmdSchema = z.discriminatedUnion('op', [
  z.object({
    ...command,
    op: z.literal('read'),
    meter: id,
    registers: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(MAX_COMMAND_REGISTERS)
      .describe("OBIS codes, names or groups of the meter's model"),
    deadline: z
      .int()
      .min(1)
      .max(300)
      .default(READ_DEADLINE_S)
      .describe('seconds from its arrival within which it is answered'),
  }),
  z.object({
    ...command,
    op: z.literal('resend'),
    epoch,
    stream,
    from: sequence,
    to: sequence,
  }),
]);

/** What can be said of a command that is not of the contract, so that it gets an answer too. */
export const cmdHeadSchema = z.object({ id: commandId, op: z.string().max(64) });

const resent = z
  .object({
    stream,
    from: sequence,
    to: sequence,
    rows: z.int().min(0).describe('published again'),
    absent: z.int().min(0).describe('dropped, damaged or too large: they do not come any more'),
  })
  .describe('rows and absent together are the numbers from `from` to `to`');

export const cmdResSchema = z.object({
  v: version,
  id: z.string(),
  op: z.string(),
  state: z.enum(['done', 'refused', 'failed', 'expired']),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  reading: readingSchema.optional(),
  resent: resent.optional(),
});

export type StatusMessage = z.infer<typeof statusSchema>;
export type BirthMessage = z.infer<typeof birthSchema>;
export type MetaMessage = z.infer<typeof metaSchema>;
export type ReadingsMessage = z.infer<typeof readingsMessageSchema>;
export type EventsMessage = z.infer<typeof eventsMessageSchema>;
export type Ack = z.infer<typeof ackSchema>;
export type Cmd = z.infer<typeof cmdSchema>;
export type CmdRes = z.infer<typeof cmdResSchema>;
export type Resent = z.infer<typeof resent>;

export interface ContractRow {
  /** Below `amr/v1/{site}/{gateway}/`. */
  readonly topic: string;
  /** `up` is from the gateway to the headend. */
  readonly direction: 'up' | 'down';
  readonly retained: boolean;
  readonly schema: z.ZodType;
  /** Where the same body comes compressed as a whole: zlib format, RFC 1950. */
  readonly deflated?: string;
}

/** Every message of the contract. */
export const CONTRACT = {
  status: { topic: 'status', direction: 'up', retained: true, schema: statusSchema },
  birth: { topic: 'birth', direction: 'up', retained: true, schema: birthSchema },
  meta: { topic: 'meta/{meter}', direction: 'up', retained: true, schema: metaSchema },
  data: {
    topic: 'data/{stream}',
    direction: 'up',
    retained: false,
    schema: readingsMessageSchema,
    deflated: `data/{stream}${DEFLATE_SUFFIX}`,
  },
  event: {
    topic: 'event',
    direction: 'up',
    retained: false,
    schema: eventsMessageSchema,
    deflated: `event${DEFLATE_SUFFIX}`,
  },
  ack: { topic: 'ack', direction: 'down', retained: false, schema: ackSchema },
  cmd: { topic: 'cmd', direction: 'down', retained: false, schema: cmdSchema },
  'cmd-res': { topic: 'cmd/res', direction: 'up', retained: false, schema: cmdResSchema },
} as const satisfies Record<string, ContractRow>;

/**
 * The contract as JSON Schema 2020-12: file name -> text. Unknown properties are allowed, as a
 * receiver must allow them.
 */
export function contractSchemas(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name, { topic, direction, retained, schema }] of Object.entries(CONTRACT)) {
    // The input form is the one that leaves additional properties open.
    const { $schema, ...body } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
    const head = {
      $schema,
      title: name,
      description: `amr/v1/{site}/{gateway}/${topic}, ${direction}${retained ? ', retained' : ''}`,
    };
    files[`${name}.schema.json`] = `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
  }
  return files;
}
