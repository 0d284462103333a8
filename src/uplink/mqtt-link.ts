import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { connectDelayMs, type FailureKind } from './backoff.ts';
import { ackTopic, cmdTopic, type GatewayPath } from './contract.ts';
import { type MqttSettings, mqttOptions, type ProtocolVersion } from './mqtt-options.ts';
import { type IncomingMessage, openSession, type Session } from './session.ts';

/** A connection that stood for so long was a good one: the waiting times begin anew. */
const STABLE_MS = 60_000;
/** MQTT 3.1.1 §3.2.2.3 and MQTT 5 §3.2.2.2: the broker does not speak this version. */
const VERSION_REFUSED = new Set<unknown>([1, 0x84]);
/** MQTT 5 §4.13: another client uses our client id. */
const TAKEN_OVER = 0x8e;

export interface MqttLinkDeps {
  readonly settings: MqttSettings;
  readonly at: GatewayPath;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 to 1. */
  readonly random: () => number;
  /** Body of the will, made at each attempt. */
  readonly will: () => string;
  /** Must not reject; what it rejects with is lost. */
  readonly onMessage: (message: IncomingMessage) => Promise<void>;
}

export interface MqttLink {
  /**
   * Tries until a connection stands, waiting longer and longer between attempts, also after a
   * connection that did not last. Rejects with the signal's reason only.
   */
  connect(signal: AbortSignal): Promise<Session>;
}

function kindOf(error: AmrError): FailureKind {
  const isRefused = error.code === 'UPLINK_AUTH' || error.context['reason'] === TAKEN_OVER;
  return isRefused ? 'refused' : 'unreachable';
}

/** Says so when the connection goes or fails in another way than before, and when it is back. */
function createJournal(log: Logger) {
  let told: string | null = null;
  return {
    failed(err: AmrError, failures: number) {
      const facts = { err, code: err.code, reason: err.context['reason'] ?? null, failures };
      const key = `${facts.code} ${facts.reason}`;
      if (key === told) log.debug(facts, 'uplink still not connected');
      else log.warn(facts, 'uplink not connected');
      told = key;
    },
    connected(version: ProtocolVersion, failures: number) {
      log.info({ protocolVersion: version, failures }, 'uplink connected');
      told = null;
    },
  };
}

/** How often it failed in a row, and so how long to wait. */
function createPatience({ clock, random }: MqttLinkDeps) {
  let failures = 0;
  let delayMs = 0;
  let connectedAt: number | null = null;
  return {
    failed(error: AmrError): number {
      if (connectedAt !== null && clock.monotonic() - connectedAt >= STABLE_MS) failures = 0;
      connectedAt = null;
      failures += 1;
      delayMs = connectDelayMs(kindOf(error), failures, random);
      return failures;
    },
    connected(): number {
      connectedAt = clock.monotonic();
      delayMs = 0;
      return failures;
    },
    wait: (signal: AbortSignal) =>
      delayMs > 0 ? clock.sleep(delayMs, signal) : Promise.resolve(signal.throwIfAborted()),
  };
}

/** MQTT 5 first, 3.1.1 where the broker refuses that; what worked is tried first the next time. */
function createVersions() {
  let version: ProtocolVersion = 5;
  let isSwitched = false;
  return {
    get present() {
      return version;
    },
    worked() {
      isSwitched = false;
    },
    /** True where the other version should be tried at once. */
    refused(error: AmrError): boolean {
      if (!VERSION_REFUSED.has(error.context['reason'])) return false;
      version = version === 5 ? 4 : 5;
      isSwitched = !isSwitched;
      return isSwitched;
    },
  };
}

/** The connection to one broker, made anew, with a new client, as often as it takes. */
export function createMqttLink(deps: MqttLinkDeps): MqttLink {
  const { settings, at, clock, log, will, onMessage } = deps;
  const journal = createJournal(log);
  const patience = createPatience(deps);
  const versions = createVersions();

  const attempt = async (signal: AbortSignal): Promise<Session> => {
    const options = await mqttOptions(settings, at, { version: versions.present, will: will() });
    return openSession({
      url: settings.url,
      options,
      subscriptions: [ackTopic(at), cmdTopic(at)],
      clock,
      signal,
      onMessage,
      onSubscribeFailed(err) {
        log.warn({ err }, 'uplink cannot hear the headend');
        // Without acknowledgements the same rows would go out for ever.
        return settings.delivery === 'headend';
      },
    });
  };

  const failed = (error: AmrError) => journal.failed(error, patience.failed(error));

  /** A connection that ends by our own wish is no failure. */
  const watched = (session: Session): Session => {
    const onClosed = () => failed(toAmrError(session.closed.reason));
    session.closed.addEventListener('abort', onClosed);
    const end = () => {
      session.closed.removeEventListener('abort', onClosed);
      return session.end();
    };
    return { ...session, end };
  };

  const tryOnce = async (signal: AbortSignal): Promise<Session | null> => {
    await patience.wait(signal);
    try {
      const session = await attempt(signal);
      versions.worked();
      journal.connected(versions.present, patience.connected());
      return watched(session);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toAmrError(thrown);
      if (versions.refused(error)) log.info({ reason: 'version' }, 'uplink falls back');
      else failed(error);
      return null;
    }
  };

  return {
    async connect(signal) {
      for (;;) {
        const session = await tryOnce(signal);
        if (session !== null) return session;
      }
    },
  };
}
