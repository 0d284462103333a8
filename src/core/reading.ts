import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from './errors.ts';

/** Streams in the order in which they are served when all of them have a backlog. */
export const STREAMS = ['event', 'billing', 'curve', 'live'] as const;
export type Stream = (typeof STREAMS)[number];
/** The streams that carry readings. */
export const READING_STREAMS = ['billing', 'curve', 'live'] as const;

/** Ids of sites, gateways, buses, meters, plans and uplinks: they become topic levels. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

const instant = z.iso.datetime({ offset: true });
const decimalText = z.string().regex(/^-?\d+(\.\d+)?$/);

/** A register's value: the meter's own digits, `null` where it showed none; demands carry their time. */
export const registerValueSchema = z.union([
  decimalText,
  z.null(),
  z.object({ value: decimalText.nullable(), at: instant.nullable() }),
]);

/**
 * What one meter answered for one slot, in the form in which it is stored and published.
 * `(meter, kind, slot, rev)` is its identity.
 */
export const readingSchema = z
  .object({
    meter: z.string().regex(ID_PATTERN).describe('id of the meter'),
    kind: z.enum(['interval', 'freeze-daily', 'freeze-monthly', 'settlement', 'on-demand']),
    slot: instant.describe('the moment the reading was due for'),
    rev: z.int().min(0).optional().describe('revision, 0 when absent'),
    readAt: instant.describe('when the answer was complete, by the clock of the gateway'),
    meterTime: instant.optional().describe('the moment the meter says the values are of'),
    source: z.enum(['poll', 'backfill', 'on-demand']),
    quality: z.enum(['good', 'suspect', 'missing', 'time-doubtful']),
    values: z
      .record(z.string(), registerValueSchema)
      .describe('by OBIS code, or by x_ name where there is no code'),
    flags: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .describe('quality codes 2.category.index by register'),
    cause: z
      .enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])
      .optional()
      .describe('why a missing reading is missing'),
  })
  .describe('one reading');

export type Reading = z.infer<typeof readingSchema>;
export type ReadingKind = Reading['kind'];
export type Quality = Reading['quality'];
export type WireValue = z.infer<typeof registerValueSchema>;

/** A happening that the headend should know of. */
export const eventSchema = z
  .object({
    at: instant,
    type: z.string().describe('a dotted word, such as uplink.ack-unknown'),
    severity: z.enum(['info', 'warning', 'alarm']),
    meter: z.string().optional(),
    bus: z.string().optional(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .describe('one event');

export type AmrEvent = z.infer<typeof eventSchema>;
