import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { connectDelayMs, type FailureKind } from './backoff.ts';
import { ackTopic, cmdTopic, type GatewayPath } from './contract.ts';
import { createCredentialKeeper } from './credential-keeper.ts';
import type { Credentials } from './credentials.ts';
import {
  type AttemptFacts,
  type MqttSettings,
  mqttOptions,
  type ProtocolVersion,
} from './mqtt-options.ts';
import type { Report } from './report.ts';
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
  readonly report: Report;
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
   * connection that did not last. A connection whose files were exchanged since ends by itself.
   * Rejects with the signal's reason only.
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
      const { reason = null, check = null } = err.context;
      const facts = { err, code: err.code, reason, check, failures };
      const key = `${facts.code} ${reason} ${check}`;
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

/** Connections in a row closed at our CONNECT, after which MQTT 5 may be the cause. */
const MOST_UNANSWERED = 3;
/** So long 3.1.1 is spoken before MQTT 5 is tried anew. */
const FALL_BACK_MS = 86_400_000;

/**
 * MQTT 5 first, 3.1.1 where the broker refuses that, in words or by closing the connection again
 * and again; what worked is tried first the next time, for a day.
 */
function createVersions(clock: Clock) {
  let version: ProtocolVersion = 5;
  let switchedAt = 0;
  let isOnTrial = false;
  let unanswered = 0;

  const change = () => {
    isOnTrial = !isOnTrial;
    unanswered = 0;
    version = version === 5 ? 4 : 5;
    switchedAt = clock.monotonic();
    return isOnTrial;
  };

  return {
    /** For the next attempt. */
    next(): ProtocolVersion {
      if (version === 4 && clock.monotonic() - switchedAt >= FALL_BACK_MS) version = 5;
      return version;
    },
    worked() {
      isOnTrial = false;
      unanswered = 0;
    },
    /** True where the other version should be tried at once. */
    failed(error: AmrError): boolean {
      if (isOnTrial || VERSION_REFUSED.has(error.context['reason'])) return change();
      unanswered = version === 5 && error.context['unanswered'] === true ? unanswered + 1 : 0;
      return unanswered >= MOST_UNANSWERED && change();
    },
  };
}

/** The connection to one broker, made anew, with a new client, as often as it takes. */
export function createMqttLink(deps: MqttLinkDeps): MqttLink {
  const { settings, at, clock, log, report, will, onMessage } = deps;
  const journal = createJournal(log);
  const patience = createPatience(deps);
  const versions = createVersions(clock);
  const keeper = createCredentialKeeper({ paths: settings, clock, report });

  const open = (facts: AttemptFacts, signal: AbortSignal): Promise<Session> =>
    openSession({
      url: settings.url,
      options: mqttOptions(settings, at, facts),
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

  const failed = (error: AmrError) => journal.failed(error, patience.failed(error));

  /** A connection that ends by our own wish is no failure. */
  const watched = (session: Session, credentials: Credentials): Session => {
    const onClosed = () => failed(toAmrError(session.closed.reason));
    session.closed.addEventListener('abort', onClosed);
    const end = () => {
      session.closed.removeEventListener('abort', onClosed);
      return session.end();
    };
    const changeOver = () => {
      log.info('uplink connects anew, its credentials have changed');
      return end();
    };
    keeper.changed(credentials, session.closed).then(changeOver, () => {});
    return { ...session, end };
  };

  const attempt = async (signal: AbortSignal): Promise<Session> => {
    const credentials = await keeper.present();
    const version = versions.next();
    const session = await open({ version, will: will(), credentials }, signal);
    versions.worked();
    journal.connected(version, patience.connected());
    return watched(session, credentials);
  };

  const tryOnce = async (signal: AbortSignal): Promise<Session | null> => {
    await patience.wait(signal);
    try {
      return await attempt(signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toAmrError(thrown);
      if (versions.failed(error)) log.info({ err: error }, 'uplink tries another version of MQTT');
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
