/** Rows as the database has them and as they arrive: one shape, so that the two can be compared. */
import { z } from 'zod';
import { type Reading, readingSchema, STREAMS, type Stream } from '../../src/core/reading.ts';

/** One numbered reading or event; `body` is its JSON. */
export interface Entry {
  readonly epoch: number;
  readonly stream: Stream;
  readonly seq: number;
  readonly body: string;
}

/** Numbers `from` to `to` of a stream. */
export interface Span {
  /** The last epoch in which these numbers are meant. */
  readonly epoch: number;
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

/** The number as a key. */
export const numberOf = ({ epoch, stream, seq }: Omit<Entry, 'body'>) =>
  `${epoch} ${stream} ${seq}`;

/** `null` for what is no reading: an event. */
export function readingIn({ stream, body }: Entry): Reading | null {
  return stream === 'event' ? null : readingSchema.parse(JSON.parse(body));
}

/** What the entry is the only one of: meter, kind, slot and revision; the whole text of an event. */
export function identityOf(entry: Entry): string {
  const reading = readingIn(entry);
  if (reading === null) return `event ${entry.body}`;
  const { meter, kind, slot, rev = 0 } = reading;
  return `${meter} ${kind} ${Date.parse(slot)} ${rev}`;
}

const namingSchema = z.object({
  type: z.enum(['store.tail-lost', 'store.dropped', 'store.row-damaged']),
  detail: z.object({
    epoch: z.int().optional(),
    stream: z.enum(STREAMS),
    from: z.int().optional(),
    to: z.int().optional(),
    seq: z.int().optional(),
  }),
});

/** The numbers that an event says are not there any more; `null` for all other entries. */
export function namedIn({ stream, body }: Entry): Span | null {
  if (stream !== 'event') return null;
  const parsed = namingSchema.safeParse(JSON.parse(body));
  if (!parsed.success) return null;
  const { epoch = Infinity, stream: named, from, to, seq = 0 } = parsed.data.detail;
  return { epoch, stream: named, from: from ?? seq, to: to ?? seq };
}
