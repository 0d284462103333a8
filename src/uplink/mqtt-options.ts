import { readFile } from 'node:fs/promises';
import type { IClientOptions } from 'mqtt';
import { AmrError } from '../core/errors.ts';
import { type GatewayPath, MAX_MESSAGE_BYTES, statusTopic } from './contract.ts';

/** Where the broker is and how to talk to it; durations in milliseconds. */
export interface MqttSettings {
  readonly url: string;
  readonly clientId?: string | undefined;
  /** Files are read anew at each connection attempt, so that they can be exchanged. */
  readonly usernameFile?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly ca?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly delivery: 'broker' | 'headend';
  readonly resendAfter: number;
  readonly window: number;
  readonly batch: number;
  readonly keepalive: number;
}

export type ProtocolVersion = 4 | 5;

const SESSION_EXPIRY_S = 86_400;
const WILL_DELAY_S = 30;
const CONNECT_TIMEOUT_MS = 30_000;
const LONGEST_KEEPALIVE_S = 65_535;

async function fileContent(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AmrError('CONFIG_UNREADABLE', `cannot read ${path}`, { context: { path }, cause });
  }
}

async function secretOf(path: string | undefined): Promise<string | undefined> {
  return (await fileContent(path))?.toString('utf8').replace(/\r?\n$/, '');
}

/** Leaves out what is undefined: mqtt.js takes a present key for a given one. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

async function identityOptions(settings: MqttSettings): Promise<IClientOptions> {
  const [username, password, ca, cert, key] = await Promise.all([
    secretOf(settings.usernameFile),
    secretOf(settings.passwordFile),
    fileContent(settings.ca),
    fileContent(settings.clientCertificate),
    fileContent(settings.clientKey),
  ]);
  if (password !== undefined && username === undefined) {
    // MQTT 3.1.1 §3.1.2.9; mqtt.js would send nothing and wait for an answer.
    throw new AmrError('CONFIG_INVALID', 'passwordFile needs usernameFile beside it');
  }
  return given({ username, password, ca, cert, key });
}

function version5Options(version: ProtocolVersion): IClientOptions {
  if (version !== 5) return {};
  // Twice the contract's limit: a body somewhat too long still arrives and is reported.
  const maximumPacketSize = 2 * MAX_MESSAGE_BYTES;
  return { properties: { sessionExpiryInterval: SESSION_EXPIRY_S, maximumPacketSize } };
}

/** Everything mqtt.js needs for one attempt. Rejects with CONFIG_UNREADABLE or CONFIG_INVALID. */
export async function mqttOptions(
  settings: MqttSettings,
  at: GatewayPath,
  { version, will }: { readonly version: ProtocolVersion; readonly will: string },
): Promise<IClientOptions> {
  const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const willProperties = version === 5 ? { properties: { willDelayInterval: WILL_DELAY_S } } : {};
  return {
    ...(await identityOptions(settings)),
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
