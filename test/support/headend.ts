import { inflateSync } from 'node:zlib';
import { connectAsync, type MqttClient } from 'mqtt';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import {
  CONTRACT,
  type ContractRow,
  DEFLATE_SUFFIX,
  eventsMessageSchema,
  readingsMessageSchema,
} from '../../src/uplink/contract.ts';

/** A message as it came, after its body was checked against the contract. */
export interface HeadendMessage {
  /** Below `amr/v1/{site}/{gateway}/`. */
  readonly topic: string;
  readonly body: unknown;
  readonly retain: boolean;
}

/**
 * The billing center as a strict judge: it checks every message against the contract and keeps
 * the books on the numbers.
 */
export interface Headend {
  readonly messages: readonly HeadendMessage[];
  /** What broke the contract, or came under a number that had other content before. */
  readonly violations: readonly string[];
  /** Entries that came again, same number and content. */
  readonly duplicates: number;
  /** Numbers of a stream in the order of their first arrival. */
  arrivals(stream: Stream): readonly number[];
  /** The JSON of an entry. */
  entry(stream: Stream, seq: number): string | undefined;
  /** The end of the run that starts at number 1. */
  contiguous(stream: Stream): number;
  send(topic: string, body: unknown, retain?: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface HeadendOptions {
  readonly url: string;
  readonly site: string;
  readonly gateway: string;
  /** Acknowledges what is contiguous after every message. */
  readonly acknowledges?: boolean;
}

const rows = Object.values(CONTRACT).flatMap((row: ContractRow) =>
  [row.topic, ...(row.deflated === undefined ? [] : [row.deflated])].map(
    (topic) => [new RegExp(`^${topic.replace(/\{\w+\}/g, '[A-Za-z0-9_-]+')}$`), row] as const,
  ),
);

/** The body by its topic alone. */
function textOf(topic: string, payload: Buffer): string {
  const isDeflated = topic.endsWith(DEFLATE_SUFFIX);
  return (isDeflated ? inflateSync(payload) : payload).toString('utf8');
}

function createBooks() {
  const streams = Object.fromEntries(
    STREAMS.map((stream) => [stream, new Map<number, string>()]),
  ) as Record<Stream, Map<number, string>>;
  const violations: string[] = [];
  let duplicates = 0;

  const enter = (stream: Stream, seq: number, entry: string) => {
    const known = streams[stream].get(seq);
    if (known === undefined) streams[stream].set(seq, entry);
    else if (known === entry) duplicates += 1;
    else violations.push(`${stream} ${seq} has two contents`);
  };

  return {
    streams,
    violations,
    get duplicates() {
      return duplicates;
    },
    contiguous(stream: Stream) {
      let upTo = 0;
      while (streams[stream].has(upTo + 1)) upTo += 1;
      return upTo;
    },
    check(topic: string, body: unknown, retain: boolean) {
      const [, row] = rows.find(([pattern]) => pattern.test(topic)) ?? [];
      const result = row?.schema.safeParse(body);
      if (!result?.success)
        violations.push(`${topic}: ${result?.error.message ?? 'no such topic'}`);
      if (retain && row?.retained === false) violations.push(`${topic} is retained`);
    },
    enterMessage(topic: string, body: unknown): { stream: Stream; epoch: number } | null {
      if (topic === 'event' || topic === `event${DEFLATE_SUFFIX}`) {
        const { epoch, seq, events } = eventsMessageSchema.parse(body);
        for (const [index, event] of events.entries()) {
          enter('event', seq + index, JSON.stringify(event));
        }
        return { stream: 'event', epoch };
      }
      if (!topic.startsWith('data/')) return null;
      const { epoch, stream, seq, readings } = readingsMessageSchema.parse(body);
      for (const [index, reading] of readings.entries()) {
        enter(stream, seq + index, JSON.stringify(reading));
      }
      return { stream, epoch };
    },
  };
}

/** Connects with a session that survives the broker's silence; reconnects by itself. */
export async function startHeadend(options: HeadendOptions): Promise<Headend> {
  const { url, site, gateway, acknowledges = false } = options;
  const root = `amr/v1/${site}/${gateway}/`;
  const books = createBooks();
  const messages: HeadendMessage[] = [];
  const client: MqttClient = await connectAsync(url, {
    clientId: 'headend',
    clean: true,
    reconnectPeriod: 50,
  });
  const send = async (topic: string, body: unknown, retain = false) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    await client.publishAsync(root + topic, text, { qos: 1, retain });
  };
  client.on('error', () => {});
  client.on('message', (name, payload, { retain }) => {
    const topic = name.slice(root.length);
    if (topic === 'ack' || topic === 'cmd') return;
    const body: unknown = JSON.parse(textOf(topic, payload));
    messages.push({ topic, body, retain });
    books.check(topic, body, retain);
    const entered = books.enterMessage(topic, body);
    if (entered === null || !acknowledges || !client.connected) return;
    send('ack', { ...entered, upTo: books.contiguous(entered.stream) }).catch(() => {});
  });
  await client.subscribeAsync(`${root}#`, { qos: 1 });

  return {
    messages,
    violations: books.violations,
    get duplicates() {
      return books.duplicates;
    },
    arrivals: (stream) => [...books.streams[stream].keys()],
    entry: (stream, seq) => books.streams[stream].get(seq),
    contiguous: books.contiguous,
    send,
    close: () => client.endAsync(true),
  };
}
