/** How the parts of a run are set up, and the gateway's configuration that follows from it. */
import { AT } from './headend.ts';

export interface Preparation {
  /** Lines for the broker's configuration. */
  readonly broker: readonly string[];
  /** Settings of the uplink. */
  readonly uplink: Readonly<Record<string, string>>;
}

export interface Settings {
  readonly meters: number;
  /** Seconds between two slots of a meter. */
  readonly everyS: number;
  readonly delivery: 'broker' | 'headend';
  /** When the gateway sends again what was not acknowledged. */
  readonly resendAfter: string;
  /** Makes files in `dir` and says what they are for. */
  readonly prepare: (dir: string) => Preparation | Promise<Preparation>;
  /** The gateway reaches the broker through the proxy alone. */
  readonly isBehindProxy: boolean;
  /** Options of a tmpfs for the data directory, or `null` for the ordinary disk. */
  readonly tmpfs: string | null;
}

export const WINDOW = 8;
export const BATCH = 10;

export const DEFAULTS: Settings = {
  meters: 16,
  everyS: 1,
  delivery: 'headend',
  resendAfter: '2s',
  prepare: () => ({ broker: [], uplink: {} }),
  isBehindProxy: false,
  tmpfs: null,
};

export interface Ends {
  /** Port of the line with the meters. */
  readonly meters: number;
  readonly ids: readonly string[];
  readonly brokerUrl: string;
  /** Settings of the uplink over the usual ones. */
  readonly uplink: Readonly<Record<string, string>>;
}

/** The schedule of a last life: nothing falls due, there is only something to deliver. */
const NEVER = `at: "${new Date(Date.now() + 12 * 3_600_000).toISOString().slice(11, 16)}"`;

/** The YAML; `isLast` for the life that only delivers. */
export function configText(
  { everyS, delivery, resendAfter }: Settings,
  { meters, ids, brokerUrl, uplink }: Ends,
  isLast: boolean,
): string {
  const usual = { url: brokerUrl, delivery, resendAfter, window: WINDOW, batch: BATCH };
  const mqtt = { ...usual, keepalive: '5s', ...uplink };
  return [
    `site: ${AT.site}`,
    `gateway: ${AT.gateway}`,
    'buses:',
    `  line: { tcp: { host: 127.0.0.1, port: ${meters}, baudRate: 115200 } }`,
    'plans:',
    `  fast: { ${isLast ? NEVER : `every: ${everyS}s`}, read: [energy_active_import, voltage_l1] }`,
    'meters:',
    ...ids.map((id) => `  - { id: "${id}", bus: line, model: dlt645-2007, plans: [fast] }`),
    'uplinks:',
    `  - mqtt: ${JSON.stringify(mqtt)}`,
    '',
  ].join('\n');
}
