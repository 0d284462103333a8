import type { IClientOptions } from 'mqtt';
import { type GatewayPath, MAX_MESSAGE_BYTES, statusTopic } from './contract.ts';
import type { CredentialPaths, Credentials } from './credentials.ts';

/** Where the broker is and how to talk to it; durations in milliseconds. */
export interface MqttSettings extends CredentialPaths {
  readonly clientId?: string | undefined;
  readonly delivery: 'broker' | 'headend';
  readonly resendAfter: number;
  readonly window: number;
  readonly batch: number;
  readonly compress: boolean;
  readonly gather: number;
  readonly keepalive: number;
}

export type ProtocolVersion = 4 | 5;

/** Commands survive a short cut; the readings wait in our own store. */
const SESSION_EXPIRY_S = 3_600;
const WILL_DELAY_S = 30;
const CONNECT_TIMEOUT_MS = 30_000;
const LONGEST_KEEPALIVE_S = 65_535;

/** Leaves out what is undefined: mqtt.js takes a present key for a given one. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function version5Options(version: ProtocolVersion): IClientOptions {
  if (version !== 5) return {};
  // Twice the contract's limit: a body somewhat too long still arrives and is reported.
  const maximumPacketSize = 2 * MAX_MESSAGE_BYTES;
  return { properties: { sessionExpiryInterval: SESSION_EXPIRY_S, maximumPacketSize } };
}

export interface AttemptFacts {
  readonly version: ProtocolVersion;
  /** Body of the will. */
  readonly will: string;
  readonly credentials: Credentials;
}

/** Everything mqtt.js needs for one attempt. */
export function mqttOptions(
  settings: MqttSettings,
  at: GatewayPath,
  { version, will, credentials }: AttemptFacts,
): IClientOptions {
  const { username, password, ca, cert, key } = credentials;
  const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const willProperties = version === 5 ? { properties: { willDelayInterval: WILL_DELAY_S } } : {};
  return {
    ...given({ username, password, ca, cert, key }),
    ...version5Options(version),
    ...tls,
    ...(settings.url.startsWith('wss:') ? { wsOptions: { ...tls } } : {}),
    // Parameters in the URL must not replace the client id.
    query: {},
    clientId: settings.clientId ?? `amr-${at.site}-${at.gateway}`,
    clean: false,
    protocolVersion: version,
    keepalive: Math.min(LONGEST_KEEPALIVE_S, Math.max(1, Math.round(settings.keepalive / 1000))),
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    manualConnect: true,
    queueQoSZero: false,
    timerVariant: 'native',
    will: { topic: statusTopic(at), payload: will, qos: 1, retain: true, ...willProperties },
  };
}
