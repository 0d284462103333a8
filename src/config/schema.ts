import { z } from 'zod';
import { ID_PATTERN } from '../core/reading.ts';
import { isTimeZone } from '../core/zoned-time.ts';

/**
 * The one home of the configuration: types, defaults, ranges and the text of its reference.
 * Unknown keys are errors everywhere.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration such as `500ms`, `30s`, `15m`, `6h` or `7d`, in milliseconds. */
export const duration = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a duration such as 500ms, 30s, 15m, 6h or 7d')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/\d+/, '')] ?? 1));

const UNIT_BYTES: Readonly<Record<string, number>> = { MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A size such as `512MiB` or `2GiB`, in bytes. */
const size = z
  .string()
  .regex(/^\d{1,6}(MiB|GiB)$/, 'a size such as 512MiB or 2GiB')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_BYTES[text.replace(/\d+/, '')] ?? 1));

const id = z.string().regex(ID_PATTERN, 'letters, digits, "_" and "-", at most 64');

const baudRate = z.int().min(300).max(921_600);
const parity = z.enum(['none', 'even', 'odd']);
const stopBits = z.literal([1, 2]);
const tcpPort = z.int().min(1).max(65_535);

const wallTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a wall time such as "00:05"');

const clockBroadcast = z
  .strictObject({
    at: wallTime.describe('when the clocks are looked at, once a day'),
    threshold: duration
      .prefault('60s')
      .refine((ms) => ms >= 5000 && ms <= 300_000, 'from 5s to 5m')
      .describe('nothing is sent unless a meter is off by more than this'),
  })
  .describe(
    'sets the clocks of all meters on the line, DL/T 645 function 08H: at the first moment after ' +
      '`at` that is 5 min away from full hours and daily plans and 1 min from other slots, by the ' +
      'clock of the gateway and by those of the meters, while the gateway knows the time and no ' +
      'meter is off by more than 5 min; never where absent',
  )
  .optional();

const timing = {
  latency: duration
    .prefault('100ms')
    .describe('what adapters, serial servers and radio links add to every answer time'),
  turnaround: duration
    .prefault('2ms')
    .describe('pause between an answer and the next request, for slow line drivers'),
};

const serialBus = z.strictObject({
  serial: z.strictObject({
    path: z
      .string()
      .startsWith('/')
      .describe('device; prefer the stable name in /dev/serial/by-id'),
    baudRate: baudRate.default(2400),
    dataBits: z.literal([7, 8]).default(8),
    parity: parity.default('even'),
    stopBits: stopBits.default(1),
  }),
  ...timing,
  clockBroadcast,
});

const tcpBus = z.strictObject({
  tcp: z.strictObject({
    host: z.string().min(1),
    port: tcpPort,
    baudRate: baudRate
      .default(2400)
      .describe('of the line behind the serial server; sets the deadlines'),
  }),
  ...timing,
  latency: duration
    .prefault('500ms')
    .describe('what the serial server and the network add to every answer time'),
  clockBroadcast,
});

const modbusTcpBus = z.strictObject({
  modbusTcp: z.strictObject({
    host: z.string().min(1),
    port: tcpPort.default(502),
    inFlight: z
      .int()
      .min(1)
      .max(16)
      .default(1)
      .describe(
        'requests under way at the same time, of one meter or of several; many devices take one',
      ),
  }),
  latency: duration
    .prefault('500ms')
    .describe('what the network and a gateway behind it add to every answer time'),
});

/** One physical line or socket. */
export const busSchema = z.union([serialBus, tcpBus, modbusTcpBus]);

const planCommon = {
  read: z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((words) => (Array.isArray(words) ? words : [words]))
    .describe('groups, register names or OBIS codes; or freeze-daily alone'),
  retries: z.int().min(0).max(10).default(2).describe('further tries of a slot that failed'),
  jitter: duration
    .optional()
    .describe('the span over which the meters start; a tenth of the interval, 30s at the most'),
  backfill: duration
    .optional()
    .describe('how far back missing freezes are wanted; kept for the ledger, no effect yet'),
};

const intervalPlan = z.strictObject({
  every: duration
    .refine(
      (ms) => ms >= 1000 && 86_400_000 % ms === 0,
      'an interval that divides the day, 1s or more',
    )
    .describe('slots counted from local midnight: 15m gives :00 :15 :30 :45'),
  ...planCommon,
});

const dailyPlan = z.strictObject({
  at: wallTime,
  every: z.literal('day').default('day'),
  ...planCommon,
});

/** Which registers are due when. */
const planSchema = z.union([dailyPlan, intervalPlan]);

/** One meter; the columns of a meters file have the same names. */
export const meterSchema = z.strictObject({
  id: id.describe('what the headend knows the meter by'),
  address: z
    .union([z.string(), z.int().min(0)])
    .transform(String)
    .optional()
    .describe('communication address on the bus; the id where absent'),
  bus: id,
  model: z.string(),
  plans: z.array(id).min(1),
  baudRate: baudRate
    .optional()
    .describe('where the meter talks otherwise than its serial bus is set'),
  parity: parity.optional(),
  stopBits: stopBits.optional(),
  ct: z
    .number()
    .positive()
    .default(1)
    .describe('current transformer ratio, sent beside the values'),
  pt: z
    .number()
    .positive()
    .default(1)
    .describe('voltage transformer ratio, sent beside the values'),
  settings: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('what this meter is set to otherwise than its model says, such as order: CDAB'),
});

export const mqttSchema = z.strictObject({
  url: z
    .string()
    .regex(
      /^(mqtts?|wss?):\/\/[^@\s]+$/,
      'mqtt://, mqtts://, ws:// or wss://; user and password go into usernameFile and passwordFile',
    ),
  clientId: z.string().min(1).max(64).optional().describe('amr-{site}-{gateway} where absent'),
  usernameFile: z.string().optional(),
  passwordFile: z.string().optional(),
  ca: z.string().optional().describe('PEM file of the authorities trusted for the broker'),
  clientCertificate: z.string().optional().describe('PEM file'),
  clientKey: z.string().optional().describe('PEM file'),
  delivery: z
    .enum(['broker', 'headend'])
    .default('broker')
    .describe('a row is delivered when the broker has it, or when the headend has acknowledged it'),
  resendAfter: duration
    .prefault('10m')
    .describe('delivery: headend: when what was not acknowledged is sent again'),
  window: z.int().min(1).max(64).default(16).describe('messages in flight at the most'),
  batch: z.int().min(1).max(200).default(100).describe('readings in a message at the most'),
  compress: z
    .boolean()
    .default(false)
    .describe('readings and events go out compressed, under the same topics with /deflate behind'),
  gather: duration
    .prefault('0s')
    .describe(
      'how long billing and curve readings wait for others to share a message, which saves traffic',
    ),
  keepalive: duration.prefault('30s'),
});

const uplinkSchema = z.strictObject({
  name: id.default('main').describe('names the cursor in the store; do not change it'),
  mqtt: mqttSchema,
});

export const configSchema = z.strictObject({
  site: id,
  gateway: id,
  timezone: z.string().refine(isTimeZone, 'an IANA zone name such as Asia/Shanghai').default('UTC'),
  clock: z
    .enum(['auto', 'synced', 'rtc'])
    .default('auto')
    .describe(
      'what keeps the time: auto asks systemd-timesyncd; say synced where chrony or the host of a container does',
    ),
  dataDir: z.string().default('/var/lib/amr').describe('where the database lives'),
  store: z
    .strictObject({
      maxSize: size
        .refine((bytes) => bytes >= 64 * 1024 ** 2, 'at least 64MiB')
        .prefault('1GiB')
        .describe('the database grows no larger; when it is full, live readings go first'),
    })
    .prefault({}),
  modelsDir: z.string().optional().describe('own meter models, beside the ones that come along'),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  buses: z.record(id, busSchema),
  plans: z.record(id, planSchema),
  meters: z.array(meterSchema).default([]),
  metersFile: z
    .string()
    .optional()
    .describe('CSV with the columns of a meter; plans joined by "+"'),
  uplinks: z.array(uplinkSchema).default([]),
});

export type Config = z.output<typeof configSchema>;
export type BusConfig = z.output<typeof busSchema>;
export type PlanConfig = z.output<typeof planSchema>;
export type MeterConfig = z.output<typeof meterSchema>;
export type MqttConfig = z.output<typeof mqttSchema>;
