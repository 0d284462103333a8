import { connectAsync } from 'mqtt';
import { z } from 'zod';
import {
  eventsMessageSchema,
  type GatewayPath,
  readingsMessageSchema,
} from '../../src/uplink/contract.ts';

/** A billing center that keeps what arrives by its number and acknowledges it at its leisure. */
export interface SlowHeadend {
  /** `epoch stream seq` -> JSON as it arrived first. */
  readonly received: ReadonlyMap<string, string>;
  /** Numbers that came with other content than before. */
  readonly contradictions: readonly string[];
  /** Arrivals of what was there already. */
  readonly duplicates: number;
  close(): Promise<void>;
}

const messageSchema = z.union([readingsMessageSchema, eventsMessageSchema]);

export const numberKey = (epoch: number, stream: string, seq: number) =>
  `${epoch} ${stream} ${seq}`;

function createBook() {
  const received = new Map<string, string>();
  const contradictions: string[] = [];
  const ends = new Map<string, number>();
  let duplicates = 0;
  return {
    received,
    contradictions,
    get duplicates() {
      return duplicates;
    },
    enter(key: string, content: string) {
      const known = received.get(key);
      if (known === undefined) received.set(key, content);
      else if (known === content) duplicates += 1;
      else contradictions.push(key);
    },
    /** The end of the run of numbers that starts at 1. */
    contiguous(epoch: number, stream: string) {
      let end = ends.get(`${epoch} ${stream}`) ?? 0;
      while (received.has(numberKey(epoch, stream, end + 1))) end += 1;
      ends.set(`${epoch} ${stream}`, end);
      return end;
    },
  };
}

/** After a loss of the broker it is away so long; what is published meanwhile, nobody hears. */
const AWAY_MS = 2000;

/** `delayMs` gives how long the acknowledgement of one message waits. */
export async function startSlowHeadend(
  url: string,
  { site, gateway }: GatewayPath,
  delayMs: () => number,
): Promise<SlowHeadend> {
  const root = `amr/v1/${site}/${gateway}/`;
  const book = createBook();
  const waiting = new Set<NodeJS.Timeout>();
  const client = await connectAsync(url, { clientId: 'slow-headend', reconnectPeriod: AWAY_MS });
  client.on('error', () => undefined);
  client.on('message', (_topic, payload) => {
    const message = messageSchema.parse(JSON.parse(payload.toString('utf8')));
    const { epoch, stream, seq } = message;
    const entries = 'events' in message ? message.events : message.readings;
    for (const [index, entry] of entries.entries()) {
      book.enter(numberKey(epoch, stream, seq + index), JSON.stringify(entry));
    }
    const timer = setTimeout(() => {
      waiting.delete(timer);
      // What is not said now is said with the next message, or after it came again.
      if (!client.connected) return;
      const ack = { epoch, stream, upTo: book.contiguous(epoch, stream) };
      client.publish(`${root}ack`, JSON.stringify(ack), { qos: 1 });
    }, delayMs());
    waiting.add(timer);
  });
  await client.subscribeAsync([`${root}data/+`, `${root}event`], { qos: 1 });
  return {
    received: book.received,
    contradictions: book.contradictions,
    get duplicates() {
      return book.duplicates;
    },
    async close() {
      for (const timer of waiting) clearTimeout(timer);
      await client.endAsync(true);
    },
  };
}
