/** The billing center: keeps everything that arrives, and acknowledges it where it is asked to. */
import { connectAsync, type MqttClient } from 'mqtt';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import {
  type BirthMessage,
  birthSchema,
  type CmdRes,
  cmdResSchema,
  type EventsMessage,
  eventsMessageSchema,
  type ReadingsMessage,
  readingsMessageSchema,
  rootTopic,
} from '../../src/uplink/contract.ts';
import { type Entry, namedIn, numberOf } from './entry.ts';
import type { Arrival, Head } from './verdict.ts';

export const AT = { site: 'hz-xihu', gateway: 'gw17' };
/** What all topics of the gateway begin with. */
export const GATEWAY_ROOT = rootTopic(AT);
/** For brokers that ask for one. */
export const HEADEND_PASSWORD = 'headend';
/** The gateway takes 20 messages a second; acknowledgements are cumulative. */
const ACK_MS = 100;

export interface Headend {
  readonly arrivals: readonly Arrival[];
  readonly heads: readonly Head[];
  readonly results: readonly CmdRes[];
  /** What was not of the contract. */
  readonly violations: readonly string[];
  /** Values of the field `clock` of the messages so far. */
  readonly clocks: ReadonlySet<string>;
  /** Goes away; what is published meanwhile it hears only where the broker kept its session. */
  leave(): Promise<void>;
  join(): Promise<void>;
  send(topic: 'ack' | 'cmd', body: unknown): Promise<void>;
  close(): Promise<void>;
}

/** Which numbers have come, and up to where they can be acknowledged. */
function createNumbers() {
  const come = new Set<string>();
  const ends = new Map<string, number>();
  const keyOf = (epoch: number, stream: Stream) => `${epoch} ${stream}`;
  const raise = (key: string, to: number) => ends.set(key, Math.max(ends.get(key) ?? 0, to));
  return {
    add: (entry: Omit<Entry, 'body'>) => come.add(numberOf(entry)),
    /** What the birth says is acknowledged need not come any more. */
    born({ epoch, streams }: BirthMessage) {
      for (const stream of STREAMS) raise(keyOf(epoch, stream), streams[stream]?.acked ?? 0);
    },
    /** `null` before there was a birth of this epoch. */
    contiguous(epoch: number, stream: Stream): number | null {
      const key = keyOf(epoch, stream);
      let end = ends.get(key);
      if (end === undefined) return null;
      while (come.has(`${key} ${end + 1}`)) end += 1;
      raise(key, end);
      return end;
    },
  };
}

function createBook() {
  const numbers = createNumbers();
  const arrivals: Arrival[] = [];
  const heads: Head[] = [];
  const results: CmdRes[] = [];
  const clocks = new Set<string>();
  /** Streams of which something came since the last acknowledgement. */
  const heard = new Map<string, { epoch: number; stream: Stream }>();

  const arrived = (entry: Entry) => {
    arrivals.push({ ...entry, at: Date.now() });
    numbers.add(entry);
    const { epoch, stream } = entry;
    heard.set(`${epoch} ${stream}`, { epoch, stream });
    // Numbers that an event says are gone are not waited for.
    const gone = namedIn(entry);
    if (gone === null) return;
    const of = Number.isFinite(gone.epoch) ? gone.epoch : epoch;
    for (let seq = gone.from; seq <= gone.to; seq++) {
      numbers.add({ epoch: of, stream: gone.stream, seq });
    }
  };

  const takeEntries = (message: ReadingsMessage | EventsMessage) => {
    const { epoch, stream, seq, clock } = message;
    clocks.add(clock);
    const entries = 'events' in message ? message.events : message.readings;
    for (const [index, entry] of entries.entries()) {
      arrived({ epoch, stream, seq: seq + index, body: JSON.stringify(entry) });
    }
  };

  const born = (birth: BirthMessage) => {
    const { epoch, streams } = birth;
    numbers.born(birth);
    for (const stream of STREAMS) heads.push({ epoch, stream, seq: streams[stream]?.head ?? 0 });
  };

  return {
    arrivals,
    heads,
    results,
    clocks,
    heard,
    contiguous: numbers.contiguous,
    take(topic: string, body: unknown): void {
      if (topic === 'birth') born(birthSchema.parse(body));
      else if (topic === 'cmd/res') results.push(cmdResSchema.parse(body));
      else if (topic === 'event') takeEntries(eventsMessageSchema.parse(body));
      else takeEntries(readingsMessageSchema.parse(body));
    },
  };
}

type Book = ReturnType<typeof createBook>;

export interface HeadendOptions {
  readonly url: string;
  readonly acknowledges: boolean;
}

/** Connects with a session that the broker is to keep; `take` may throw at what is not of the contract. */
async function connectTo(
  url: string,
  { take, refused }: { take: Book['take']; refused: (violation: string) => void },
): Promise<MqttClient> {
  const client = await connectAsync(url, {
    clientId: 'chaos-headend',
    username: 'headend',
    password: HEADEND_PASSWORD,
    protocolVersion: 5,
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnectPeriod: 100,
  });
  client.on('error', () => undefined);
  client.on('message', (topic, payload) => {
    try {
      take(topic.slice(GATEWAY_ROOT.length), JSON.parse(payload.toString('utf8')));
    } catch (thrown) {
      refused(`${topic}: ${String(thrown)}`);
    }
  });
  const topics = ['data/+', 'event', 'birth', 'cmd/res'].map((topic) => GATEWAY_ROOT + topic);
  await client.subscribeAsync(topics, { qos: 1 });
  return client;
}

/** Says of every stream that was heard up to where it has come. */
function acknowledge(client: MqttClient, { heard, contiguous }: Book): void {
  if (!client.connected) return;
  for (const [key, { epoch, stream }] of heard) {
    const upTo = contiguous(epoch, stream);
    if (upTo === null) continue;
    heard.delete(key);
    client.publish(`${GATEWAY_ROOT}ack`, JSON.stringify({ epoch, stream, upTo }), { qos: 1 });
  }
}

/** Comes back by itself when it is cut off. */
export async function startHeadend({ url, acknowledges }: HeadendOptions): Promise<Headend> {
  const book = createBook();
  const violations: string[] = [];
  const refused = (violation: string) => void violations.push(violation);
  const connect = () => connectTo(url, { take: book.take, refused });
  let client = await connect();
  const acking = acknowledges ? setInterval(() => acknowledge(client, book), ACK_MS) : undefined;
  return {
    arrivals: book.arrivals,
    heads: book.heads,
    results: book.results,
    clocks: book.clocks,
    violations,
    leave: () => client.endAsync(true),
    async join() {
      client = await connect();
    },
    async send(topic, body) {
      await client.publishAsync(GATEWAY_ROOT + topic, JSON.stringify(body), { qos: 1 });
    },
    async close() {
      clearInterval(acking);
      await client.endAsync(true);
    },
  };
}
