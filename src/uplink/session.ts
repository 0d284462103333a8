import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError, type ErrorContext } from '../core/errors.ts';
import { tlsFailureOf } from './tls-failure.ts';

/** A PUBACK later than this means a dead link that TCP has not noticed yet. */
const ACK_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 1_000;
/** Where the broker does not say. */
const RECEIVE_MAXIMUM = 65_535;
/** Fixed header, two length fields, packet identifier, empty properties. */
const PUBLISH_OVERHEAD = 5 + 2 + 2 + 1;
/** MQTT 5 §2.4, MQTT 3.1.1 §3.2.2.3. */
const NOT_AUTHORISED = 0x87;
const AUTH_REASONS = new Set([4, 5, 0x86, NOT_AUTHORISED, 0x8c]);

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain?: boolean;
  /** MQTT 5; left out in 3.1.1. */
  readonly correlationData?: Buffer;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  /** MQTT 5: where the sender wants the answer, and with what. */
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
}

/** One connection that stands; when it is gone, the object is spent. */
export interface Session {
  /** Messages without PUBACK that the broker bears. */
  readonly receiveMaximum: number;
  /** Bytes that a body on this topic may have. */
  roomFor(topic: string): number;
  /** Aborts, with an UPLINK_ error, when the connection is gone. */
  readonly closed: AbortSignal;
  /**
   * QoS 1; resolves at the PUBACK. Rejects with UPLINK_CONNECT when the connection is gone,
   * UPLINK_REJECTED (`context.reason` = reason code) or UPLINK_TOO_LARGE. Queues nothing.
   */
  publish(message: OutgoingMessage): Promise<void>;
  /**
   * Says goodbye when what is in flight has its PUBACK, so that the will is not sent; what is
   * published from then on waits for the end and rejects with it. Never rejects, ends within a
   * second.
   */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly url: string;
  readonly options: IClientOptions;
  readonly subscriptions: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The PUBACK of an incoming message waits for this. */
  readonly onMessage: (message: IncomingMessage) => Promise<void>;
  /** True where the connection is of no use without its subscriptions; then it ends. */
  readonly onSubscribeFailed: (error: Error) => boolean;
}

/** The reason code in an error of mqtt.js, which uses `code` for system errors too. */
function reasonOf(error: Error | undefined): number | null {
  return error !== undefined && 'code' in error && typeof error.code === 'number'
    ? error.code
    : null;
}

function connectionError(cause: Error | undefined, context: ErrorContext): AmrError {
  const { reason } = context;
  const failure = tlsFailureOf(cause);
  const isAuth = typeof reason === 'number' && AUTH_REASONS.has(reason);
  return new AmrError(
    isAuth ? 'UPLINK_AUTH' : 'UPLINK_CONNECT',
    failure?.message ?? cause?.message ?? 'the connection was closed',
    { context: failure === null ? context : { ...context, check: failure.check }, cause },
  );
}

/** Ends the connection as one that the broker did not authorise. */
function refuse(client: MqttClient, error: Error): void {
  client.emit('error', Object.assign(error, { code: NOT_AUTHORISED }));
  client.stream.destroy();
}

/** What a socket says that the other side closed. */
const CLOSINGS = new Set<unknown>([undefined, 'ECONNRESET', 'EPIPE']);

function isClosing(error: Error | undefined): boolean {
  return CLOSINGS.has(error !== undefined && 'code' in error ? error.code : error);
}

/** The signal that aborts, with the cause, when the client's connection is gone. */
function watchClosed(client: MqttClient): AbortSignal {
  const gone = new AbortController();
  let cause: Error | undefined;
  let reason: number | null = null;
  let isUnanswered = false;
  client.on('error', (error) => {
    cause = error;
    reason = reasonOf(error) ?? reason;
  });
  client.on('disconnect', (packet) => {
    reason = packet.reasonCode ?? reason;
  });
  client.on('packetreceive', () => {
    isUnanswered = false;
  });
  client.on('packetsend', ({ cmd }) => {
    if (cmd !== 'connect') return;
    const isTls = client.options.protocol === 'mqtts';
    client.stream.once(isTls ? 'secureConnect' : 'connect', () => {
      isUnanswered = true;
    });
  });
  client.on('close', () => {
    const unanswered = isUnanswered && isClosing(cause);
    gone.abort(connectionError(cause, { reason, unanswered }));
  });
  return gone.signal;
}

function createClient({ url, options, onMessage }: SessionOptions): MqttClient {
  const client = connect(url, { ...options, manualConnect: true });
  // Put there from the environment, which must not redirect meter readings.
  delete client.options.socksProxy;
  client.handleMessage = ({ topic, payload, retain, properties = {} }, done) => {
    const { responseTopic, correlationData } = properties;
    const answer = {
      ...(responseTopic === undefined ? {} : { responseTopic }),
      ...(correlationData === undefined ? {} : { correlationData }),
    };
    onMessage({ topic, payload: Buffer.from(payload), retain, ...answer }).then(
      () => done(),
      () => done(),
    );
  };
  return client;
}

function sendOne(client: MqttClient, message: OutgoingMessage) {
  const { topic, payload, retain = false, correlationData } = message;
  const properties = correlationData === undefined ? {} : { properties: { correlationData } };
  return new Promise<void>((resolve, reject) => {
    client.publish(topic, payload, { qos: 1, retain, ...properties }, (error) => {
      if (!error) {
        resolve();
        return;
      }
      const reason = reasonOf(error);
      const code = reason === null ? 'UPLINK_CONNECT' : 'UPLINK_REJECTED';
      reject(new AmrError(code, error.message, { context: { topic, reason }, cause: error }));
    });
  });
}

async function endClient(client: MqttClient, clock: Clock): Promise<void> {
  const timeout = new AbortController();
  const ended = new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
  await Promise.race([ended, clock.sleep(END_TIMEOUT_MS, timeout.signal).catch(() => {})]);
  timeout.abort();
  client.stream.destroy();
}

const NEVER = new Promise<never>(() => {});

function createSession(
  client: MqttClient,
  { closed, connack, clock }: { closed: AbortSignal; connack: IConnackPacket; clock: Clock },
): Session {
  const largest = connack.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  const roomFor = (topic: string) => largest - PUBLISH_OVERHEAD - Buffer.byteLength(topic);

  let isEnding = false;

  const publish = async (message: OutgoingMessage) => {
    if (isEnding) return abortable(NEVER, closed);
    if (closed.aborted || !client.connected) {
      throw new AmrError('UPLINK_CONNECT', 'not connected');
    }
    const { topic, payload } = message;
    if (Buffer.byteLength(payload) > roomFor(topic)) {
      throw new AmrError('UPLINK_TOO_LARGE', `the broker takes ${largest} bytes`, {
        context: { topic, largest },
      });
    }
    const answered = new AbortController();
    clock.sleep(ACK_TIMEOUT_MS, answered.signal).then(
      () => client.stream.destroy(),
      () => {},
    );
    // mqtt.js never calls back for what was in flight when the connection went.
    await abortable(sendOne(client, message), closed).finally(() => answered.abort());
  };

  return {
    receiveMaximum: connack.properties?.receiveMaximum ?? RECEIVE_MAXIMUM,
    roomFor,
    closed,
    publish,
    end() {
      isEnding = true;
      return closed.aborted ? Promise.resolve() : endClient(client, clock);
    },
  };
}

/**
 * One attempt to connect. Rejects with the signal's reason, or with UPLINK_AUTH or UPLINK_CONNECT;
 * `context.reason` is the reason code of the CONNACK or null, `unanswered` is true where the
 * broker took the connection and closed it at our CONNECT, `check` names the check of TLS that
 * failed.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { subscriptions, clock, signal, onSubscribeFailed } = options;
  signal.throwIfAborted();
  const client = createClient(options);
  const closed = watchClosed(client);
  const connected = new Promise<IConnackPacket>((resolve) => client.once('connect', resolve));
  try {
    client.connect();
    const connack = await abortable(abortable(connected, closed), signal);
    client.subscribe([...subscriptions], { qos: 1 }, (error) => {
      if (error && !closed.aborted && onSubscribeFailed(error)) refuse(client, error);
    });
    return createSession(client, { closed, connack, clock });
  } catch (thrown) {
    client.end(true);
    if (thrown instanceof AmrError || signal.aborted) throw thrown;
    const cause = thrown instanceof Error ? thrown : undefined;
    throw connectionError(cause, { reason: null });
  }
}
