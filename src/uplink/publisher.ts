import type { Logger } from 'pino';
import { abortable } from '../core/abort.ts';
import type { Clock, ClockState } from '../core/clock.ts';
import { toAmrError } from '../core/errors.ts';
import type { Stream } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type AnnounceFacts, announcements, type Identity, statusMessage } from './announce.ts';
import { buildBatch } from './batch.ts';
import {
  cmdResTopic,
  type GatewayPath,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_READINGS,
  streamTopic,
} from './contract.ts';
import { createFeed, type Feed } from './feed.ts';
import { createInbound } from './inbound.ts';
import { createMqttLink } from './mqtt-link.ts';
import type { MqttSettings } from './mqtt-options.ts';
import { createReport, type Report } from './report.ts';
import { createSender, type Sender } from './sender.ts';
import type { Session } from './session.ts';

const DRAIN_MS = 1_500;
const GOODBYE_MS = 500;
const STORE_RETRY_MS = 1_000;

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
  /** The cursor moved to this number. */
  readonly onDelivered?: (stream: Stream, upTo: number) => void;
}

interface Uplink extends UplinkDeps {
  readonly at: GatewayPath;
  readonly report: Report;
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

function feedOf(uplink: Uplink, session: Session, stream: Stream): Feed {
  const { name, at, gateway, zone, mqtt, store, clock, clockState, random, report, log } = uplink;
  const rows = Math.min(mqtt.batch, MAX_MESSAGE_READINGS);
  const bytes = Math.min(MAX_MESSAGE_BYTES, session.roomFor(streamTopic(at, stream)));
  let tooLarge = 0;
  return createFeed({
    delivery: mqtt.delivery,
    resendAfter: mqtt.resendAfter,
    random,
    head: () => store.head(stream),
    acked: () => store.acked(name, stream),
    range: (from) => store.range(stream, from, rows),
    batch: (stored) => {
      const sent = formatInstant(clock.now(), zone);
      const envelope = { gateway, epoch: store.epoch, stream, sent, clock: clockState() };
      return buildBatch(envelope, stored, { rows, bytes });
    },
    onDelivered: (upTo) => moveCursor(uplink, stream, upTo),
    onTaken: (upTo) => {
      uplink.published[stream] = Math.max(uplink.published[stream], upTo);
    },
    onTooLarge: (seq, size) => {
      if (seq === tooLarge) return;
      tooLarge = seq;
      log.error({ stream, seq, bytes: size, limit: bytes }, 'stream parked, row too large');
      report('uplink.too-large', 'alarm', { stream, seq, bytes: size, limit: bytes });
    },
  });
}

function feedsOf(uplink: Uplink, session: Session): Record<Stream, Feed> {
  const of = (stream: Stream) => feedOf(uplink, session, stream);
  return { event: of('event'), billing: of('billing'), curve: of('curve'), live: of('live') };
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
async function watchStore(store: Store, { sender, clock, signal }: Watch): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.appended(signal);
      sender.wake();
    } catch {
      await clock.sleep(STORE_RETRY_MS, signal).catch(() => {});
    }
  }
}

interface Watch {
  readonly sender: Sender;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One connection from its announcement to its end. */
interface Connection {
  readonly session: Session;
  readonly sender: Sender;
  readonly feeds: Readonly<Record<Stream, Feed>>;
  readonly window: number;
}

function connectionOf(uplink: Uplink, session: Session): Connection {
  const { mqtt, at, clock, log } = uplink;
  const window = Math.min(mqtt.window, session.receiveMaximum);
  const feeds = feedsOf(uplink, session);
  return {
    session,
    window,
    feeds,
    sender: createSender({ session, feeds, window, at, clock, log }),
  };
}

async function serve(uplink: Uplink, connection: Connection, signal: AbortSignal): Promise<void> {
  const { session, sender } = connection;
  const over = AbortSignal.any([signal, session.closed]);
  await abortable(announce(uplink, connection, over), over).catch(() => {});
  const watching = watchStore(uplink.store, { sender, clock: uplink.clock, signal: over });
  await sender.run(signal);
  await sender.drain(DRAIN_MS);
  if (!session.closed.aborted) {
    sender.sendBeside(statusMessage(factsOf(uplink), 'offline'));
    await sender.drain(GOODBYE_MS);
  }
  await session.end();
  await watching;
}

/**
 * Keeps the headend supplied from the store until the signal aborts: then waits for
 * what is in flight, says `offline` (3 s at the most for both) and resolves.
 * A broker that is slow or away costs nothing but patience; at most `window` messages of 64 KiB
 * are in memory. Rejects only on a defect.
 */
export async function runUplink(deps: UplinkDeps, signal: AbortSignal): Promise<void> {
  const { name, site, gateway, mqtt, store, clock, log, random } = deps;
  const at = { site, gateway };
  const report = createReport({ store, clock, zone: deps.zone, log });
  const published = headsOf(store);
  const uplink: Uplink = { ...deps, at, report, writes: new Set(), published };
  let connection: Connection | null = null;

  const onMessage = createInbound({
    name,
    at,
    store,
    clock,
    log,
    report,
    published: (stream) => published[stream],
    onAcked(stream, upTo) {
      connection?.feeds[stream].heard(clock.monotonic());
      connection?.sender.wake();
      deps.onDelivered?.(stream, upTo);
    },
    onReply: (reply) =>
      connection?.sender.sendBeside({ topic: cmdResTopic(at), payload: JSON.stringify(reply) }),
  });
  const will = () => statusMessage(factsOf(uplink), 'offline').payload;
  const link = createMqttLink({ settings: mqtt, at, clock, log, random, will, onMessage });

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
  await Promise.allSettled(uplink.writes);
}
