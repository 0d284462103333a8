import { deflateSync } from 'node:zlib';
import type { Logger } from 'pino';
import { abortable } from '../core/abort.ts';
import type { Clock, ClockState } from '../core/clock.ts';
import { toAmrError } from '../core/errors.ts';
import type { Stream } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type AnnounceFacts, announcements, type Identity, statusMessage } from './announce.ts';
import { answersTo } from './answers.ts';
import { buildBatch } from './batch.ts';
import { type Caution, createCaution } from './caution.ts';
import { createCommands, type ReadNow } from './commands.ts';
import {
  type Cmd,
  type CmdRes,
  type GatewayPath,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_READINGS,
  streamTopic,
} from './contract.ts';
import { createFeed, type Feed, type FeedDeps } from './feed.ts';
import { createInbound } from './inbound.ts';
import { createMqttLink } from './mqtt-link.ts';
import type { MqttSettings } from './mqtt-options.ts';
import { createPace, type Pace } from './pace.ts';
import { createReplies, type Replies } from './replies.ts';
import { createReport } from './report.ts';
import { createResends, type Resends } from './resend.ts';
import { createResults } from './results.ts';
import { createSender, type Sender } from './sender.ts';
import type { IncomingMessage, Session } from './session.ts';
import { createTooLargeReport, type TooLarge } from './too-large.ts';
import type { Lane } from './turns.ts';
import { createWake, type Wake } from './wake.ts';

const DRAIN_MS = 1_500;
const GOODBYE_MS = 500;
const STORE_RETRY_MS = 1_000;
/** Streams whose readings may wait for others; people wait for the rest. */
const GATHERED: ReadonlySet<Stream> = new Set(['billing', 'curve']);

export type { Identity } from './announce.ts';

export interface UplinkDeps {
  /** Names the cursor in the store. */
  readonly name: string;
  readonly site: string;
  readonly gateway: string;
  /** IANA zone of the times that are published. */
  readonly zone: string;
  readonly mqtt: MqttSettings;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 to 1; spreads the waiting times. */
  readonly random: () => number;
  readonly clockState: () => ClockState;
  readonly identity: () => Identity;
  /** For commands of the headend. */
  readonly readNow: ReadNow;
  /** The cursor moved to this number. */
  readonly onDelivered?: (stream: Stream, upTo: number) => void;
}

interface Uplink extends UplinkDeps {
  readonly at: GatewayPath;
  /** Something may have come up to be sent. */
  readonly wake: Wake;
  readonly pace: Pace;
  readonly cautions: Readonly<Record<Stream, Caution>>;
  readonly replies: Replies;
  readonly resends: Resends;
  readonly tellTooLarge: (row: TooLarge) => Promise<void>;
  /** What must be on the disk before the uplink has ended. */
  readonly writes: Set<Promise<void>>;
  /** The highest number of each stream that this life, or an earlier one, may have published. */
  readonly published: Record<Stream, number>;
}

function factsOf({ name, at, zone, clock, clockState, store, identity }: Uplink): AnnounceFacts {
  const now = clock.now();
  return { name, at, zone, now, clockState: clockState(), store, identity: identity() };
}

/** What is there at the start may have been published before it. */
function headsOf(store: Store): Record<Stream, number> {
  const of = (stream: Stream) => store.head(stream);
  return { event: of('event'), billing: of('billing'), curve: of('curve'), live: of('live') };
}

function cautionsOf(random: () => number): Record<Stream, Caution> {
  const of = () => createCaution(random);
  return { event: of(), billing: of(), curve: of(), live: of() };
}

function moveCursor(uplink: Uplink, stream: Stream, upTo: number): void {
  const { name, store, log, onDelivered, writes } = uplink;
  const write = store.ack(name, stream, upTo).then(
    () => onDelivered?.(stream, upTo),
    // The next acknowledgement covers this one; until then a restart sends some rows twice.
    (thrown: unknown) => log.error({ err: toAmrError(thrown), stream, upTo }, 'cursor not moved'),
  );
  writes.add(write);
  write.finally(() => writes.delete(write)).catch(() => {});
}

/** What a feed of this stream needs for one connection. */
function feedDeps(uplink: Uplink, { session, window }: Opened, stream: Stream): FeedDeps {
  const { name, at, gateway, zone, mqtt, store, clock, clockState } = uplink;
  const topic = streamTopic(at, stream, mqtt.compress);
  const rows = Math.min(mqtt.batch, MAX_MESSAGE_READINGS);
  const bytes = Math.min(MAX_MESSAGE_BYTES, session.roomFor(topic));
  return {
    topic,
    delivery: mqtt.delivery,
    most: window,
    rows,
    gather: GATHERED.has(stream) ? mqtt.gather : 0,
    resendAfter: mqtt.resendAfter,
    caution: uplink.cautions[stream],
    head: () => store.head(stream),
    acked: () => store.acked(name, stream),
    range: (from, limit) => store.range(stream, from, limit),
    batch: (stored) => {
      const sent = formatInstant(clock.now(), zone);
      const envelope = { gateway, epoch: store.epoch, stream, sent, clock: clockState() };
      return buildBatch(envelope, stored, { rows, bytes });
    },
    payloadOf: (text) => (mqtt.compress ? deflateSync(text) : text),
    onDelivered: (upTo) => moveCursor(uplink, stream, upTo),
    onTaken: (upTo) => {
      uplink.published[stream] = Math.max(uplink.published[stream], upTo);
    },
    // The store tells of rows that it does not have.
    onGap: () => undefined,
    onTooLarge: (seq, size) =>
      uplink.tellTooLarge({ uplink: name, stream, seq, bytes: size, limit: bytes }),
    onReady: uplink.wake.notify,
  };
}

type StreamFeeds = Readonly<Record<Stream, Feed>>;

function feedsOf(uplink: Uplink, opened: Opened): StreamFeeds {
  const of = (stream: Stream) => createFeed(feedDeps(uplink, opened, stream));
  return { event: of('event'), billing: of('billing'), curve: of('curve'), live: of('live') };
}

/** The feed of the rows that are sent again at present, made anew for each order. */
function createResendFeed(uplink: Uplink, opened: Opened): () => Feed | null {
  let resending = uplink.resends.present;
  let feed: Feed | null = null;
  return () => {
    const { present } = uplink.resends;
    if (present === null) feed = null;
    else if (feed === null || present !== resending) {
      feed = createFeed(present.over(feedDeps(uplink, opened, present.stream)));
    }
    resending = present;
    return feed;
  };
}

/** Says who we are; what the broker refuses of it is logged and left out. */
async function announce(
  uplink: Uplink,
  { session, window }: Connection,
  over: AbortSignal,
): Promise<void> {
  const messages = announcements(factsOf(uplink));
  for (let first = 0; first < messages.length && !over.aborted; first += window) {
    const sendings = messages.slice(first, first + window).map(async (message) => {
      try {
        await session.publish(message);
      } catch (thrown) {
        if (session.closed.aborted) return;
        const { topic } = message;
        uplink.log.error({ err: toAmrError(thrown), topic }, 'announcement refused');
      }
    });
    await Promise.all(sendings);
  }
}

/** Wakes the sender at every append, until the signal aborts. */
async function watchStore({ store, clock, wake }: Uplink, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.appended(signal);
      wake.notify();
    } catch {
      await clock.sleep(STORE_RETRY_MS, signal).catch(() => {});
    }
  }
}

interface Opened {
  readonly session: Session;
  /** Messages in flight at the most. */
  readonly window: number;
}

/** One connection from its announcement to its end. */
interface Connection extends Opened {
  readonly sender: Sender;
  readonly feeds: StreamFeeds;
}

function connectionOf(uplink: Uplink, session: Session): Connection {
  const { mqtt, pace, replies, wake, clock, log } = uplink;
  const opened = { session, window: Math.min(mqtt.window, session.receiveMaximum) };
  const feeds = feedsOf(uplink, opened);
  const resendFeed = createResendFeed(uplink, opened);
  const feedOf = (lane: Lane) => (lane === 'resend' ? resendFeed() : feeds[lane]);
  pace.begin(opened.window);
  const sender = createSender({ session, feedOf, replies, pace, wake, clock, log });
  return { ...opened, feeds, sender };
}

async function serve(uplink: Uplink, connection: Connection, signal: AbortSignal): Promise<void> {
  const { session, sender } = connection;
  const over = AbortSignal.any([signal, session.closed]);
  await abortable(announce(uplink, connection, over), over).catch(() => {});
  const watching = watchStore(uplink, over);
  await sender.run(signal);
  await sender.drain(DRAIN_MS);
  if (!session.closed.aborted) {
    sender.sendBeside(statusMessage(factsOf(uplink), 'offline'));
    await sender.drain(GOODBYE_MS);
  }
  await session.end();
  await watching;
}

/** The parts that outlive connections. */
function uplinkOf(deps: UplinkDeps): Uplink {
  const { site, gateway, store, clock, zone, log, random } = deps;
  const wake = createWake(clock);
  return {
    ...deps,
    at: { site, gateway },
    wake,
    pace: createPace(random),
    cautions: cautionsOf(random),
    replies: createReplies(log),
    resends: createResends(wake.notify, random),
    tellTooLarge: createTooLargeReport({ store, clock, zone, log }),
    writes: new Set(),
    published: headsOf(store),
  };
}

/** Keeps what the commands of the headend come to, and sends it when there is a connection. */
function createAnswering(uplink: Uplink, signal: AbortSignal) {
  const { name, at, store, clock, readNow, published, resends, replies, wake } = uplink;
  const underWay = new Set<Promise<void>>();
  const commands = createCommands({
    clock,
    epoch: () => store.epoch,
    published: (stream) => published[stream],
    // No meter has such an id.
    results: createResults(store.notesOf(`cmd/${name}`)),
    readNow,
    resends,
    signal,
  });
  const reply = (answer: CmdRes, message: IncomingMessage) => {
    for (const outgoing of answersTo(at, message, answer)) replies.push(outgoing);
    wake.notify();
  };
  return {
    reply,
    carryOut(cmd: Cmd, message: IncomingMessage) {
      const work = commands.answer(cmd).then((answer) => reply(answer, message));
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    settled: () => Promise.all(underWay),
  };
}

/**
 * Keeps the headend supplied from the store until the signal aborts: then waits for
 * what is in flight, says `offline` (3 s at the most for both) and resolves.
 * A broker that is slow or away costs nothing but patience; at most `window` messages of 64 KiB
 * and the rows of the next few of each stream are in memory. Rejects only on a defect.
 */
export async function runUplink(deps: UplinkDeps, signal: AbortSignal): Promise<void> {
  const { name, zone, mqtt, store, clock, log, random } = deps;
  const uplink = uplinkOf(deps);
  const { at, published, wake } = uplink;
  const report = createReport({ store, clock, zone, log });
  const answering = createAnswering(uplink, signal);
  let connection: Connection | null = null;

  const take = createInbound({
    name,
    at,
    store,
    clock,
    log,
    report,
    published: (stream) => published[stream],
    async onAck(stream, upTo) {
      await store.ack(name, stream, upTo);
      connection?.feeds[stream].heard(clock.monotonic());
      wake.notify();
      deps.onDelivered?.(stream, upTo);
    },
    onCommand: answering.carryOut,
    onReply: answering.reply,
  });
  const onMessage = (message: IncomingMessage) => Promise.resolve(take(message));
  const will = () => statusMessage(factsOf(uplink), 'offline').payload;
  const link = createMqttLink({ settings: mqtt, at, clock, log, report, random, will, onMessage });

  while (!signal.aborted) {
    const session = await link.connect(signal).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
      return null;
    });
    if (session === null) break;
    connection = connectionOf(uplink, session);
    await serve(uplink, connection, signal);
    connection = null;
  }
  await answering.settled();
  await Promise.allSettled(uplink.writes);
}
