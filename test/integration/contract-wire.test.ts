import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseMessage } from '../../src/uplink/contract-consumer.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { spawnDaemon } from '../support/daemon.ts';
import { startSim } from '../support/sim-process.ts';
import { until } from '../support/uplink-fixture.ts';

const CONTRACT = 'config/contract/';
const ROOT = 'amr/v1/hz-xihu/gw17/';

const pointer = z.object({ $ref: z.string() });
const documentSchema = z.object({
  channels: z.record(z.string(), z.object({ address: z.string() })),
  components: z.object({
    messages: z.record(
      z.string(),
      z.object({ payload: pointer, contentType: z.string().optional() }),
    ),
  }),
});

/** What the published AsyncAPI document and its schemas say of a message. */
function createJudge() {
  const document = documentSchema.parse(parse(readFileSync(`${CONTRACT}asyncapi.yaml`, 'utf8')));
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;
  const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': instant } });
  const channels = Object.entries(document.channels).map(([key, { address }]) => {
    const message = document.components.messages[key];
    const file = `${CONTRACT}${message?.payload.$ref}`;
    return {
      key,
      pattern: new RegExp(`^${address.replace(/\{\w+\}/g, '[A-Za-z0-9_-]{1,64}')}$`),
      isDeflated: message?.contentType === 'application/zlib',
      validate: ajv.compile(JSON.parse(readFileSync(file, 'utf8'))),
    };
  });
  return {
    keys: channels.map(({ key }) => key),
    judge(topic: string, payload: Buffer) {
      const channel = channels.find(({ pattern }) => pattern.test(topic));
      if (channel === undefined) return { key: null, complaint: 'no such channel' };
      const { key, isDeflated, validate } = channel;
      const text = (isDeflated ? inflateSync(payload) : payload).toString('utf8');
      const isValid = validate(JSON.parse(text));
      return { key, complaint: isValid ? null : ajv.errorsText(validate.errors) };
    },
  };
}

function configText(sim: string, plain: string, compressing: string): string {
  const [host, port] = sim.replace('tcp://', '').split(':');
  return `
site: hz-xihu
gateway: gw17
timezone: Asia/Shanghai
buses:
  dtu-3: { tcp: { host: ${host}, port: ${port}, baudRate: 9600 } }
plans:
  fast: { every: 5s, read: [energy, voltage] }
meters:
  - { id: m1, address: "000000000001", bus: dtu-3, model: dlt645-2007, plans: [fast] }
  - { id: m2, address: "000000000002", bus: dtu-3, model: dlt645-2007, plans: [fast] }
uplinks:
  - { name: plain, mqtt: { url: "${plain}", delivery: headend } }
  - { name: small, mqtt: { url: "${compressing}", compress: true } }
`;
}

interface Seen {
  readonly topic: string;
  readonly payload: Buffer;
}

/** Everything that passes the broker, and a hand to send with. */
async function observe(url: string) {
  const client = await connectAsync(url, { clientId: 'observer' });
  const seen: Seen[] = [];
  client.on('message', (topic, payload) => seen.push({ topic, payload }));
  await client.subscribeAsync('amr/v1/#', { qos: 1 });
  return {
    seen,
    has: (rest: string) => seen.some(({ topic }) => topic === ROOT + rest),
    send: (rest: string, body: object) => client.publishAsync(ROOT + rest, JSON.stringify(body)),
    end: () => client.endAsync(true),
  };
}

describe.skipIf(lacksMosquitto)('the published contract', () => {
  const directory = mkdtempSync(join(tmpdir(), 'amr-contract-'));
  const ends: (() => Promise<unknown>)[] = [];
  const seen: Seen[] = [];
  const { keys, judge } = createJudge();

  beforeAll(async () => {
    const plain = await startMosquitto();
    ends.push(plain.stop);
    const compressing = await startMosquitto();
    ends.push(compressing.stop);
    const sim = await startSim(['--listen', '127.0.0.1:0', '--baud', '9600', '--meters', '2']);
    ends.push(sim.stop);
    const headend = await observe(plain.url);
    ends.push(headend.end);
    const other = await observe(compressing.url);
    ends.push(other.end);
    const config = join(directory, 'gateway.yaml');
    writeFileSync(config, configText(sim.listening, plain.url, compressing.url));
    const daemon = spawnDaemon(config, join(directory, 'data'));
    ends.push(() => daemon.end('SIGKILL'));
    await daemon.started;

    await until(
      'readings',
      () => headend.has('data/live') && other.has('data/live/deflate'),
      40_000,
    );
    const data = headend.seen.find(({ topic }) => topic === `${ROOT}data/live`);
    const { epoch } = z.object({ epoch: z.int() }).parse(JSON.parse(String(data?.payload)));
    await headend.send('ack', { epoch, stream: 'live', upTo: 1 });
    await headend.send('ack', { epoch: 1, stream: 'live', upTo: 1 });
    await headend.send('cmd', { v: 1, id: 'a', op: 'read', meter: 'm1', registers: ['energy'] });
    await headend.send('cmd', {
      v: 1,
      id: 'b',
      op: 'resend',
      epoch,
      stream: 'live',
      from: 1,
      to: 1,
    });
    await headend.send('cmd', { v: 1, id: 'c', op: 'read', meter: 'm9', registers: ['energy'] });
    const answers = () => headend.seen.filter(({ topic }) => topic === `${ROOT}cmd/res`).length;
    await until('answers', () => answers() >= 3, 20_000);
    await until('events', () => headend.has('event') && other.has('event/deflate'), 20_000);
    await daemon.end('SIGTERM');
    seen.push(...headend.seen, ...other.seen);
  }, 120_000);

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is kept by every message of a running gateway, on every topic it has', () => {
    const verdicts = seen.map(({ topic, payload }) => ({ topic, ...judge(topic, payload) }));
    expect(verdicts.filter(({ complaint }) => complaint !== null)).toEqual([]);
    expect([...new Set(verdicts.map(({ key }) => key))].sort()).toEqual([...keys].sort());
  });

  it('is understood by the parser of the package in every message', () => {
    const kinds = seen.map(({ topic, payload }) => parseMessage(topic, payload)?.kind ?? topic);
    expect(new Set(kinds)).toEqual(
      new Set(['status', 'birth', 'meta', 'data', 'event', 'ack', 'cmd', 'cmd-res']),
    );
  });

  it('has answers of all kinds among them', () => {
    const answers = seen
      .map(({ topic, payload }) => parseMessage(topic, payload))
      .flatMap((message) => (message?.kind === 'cmd-res' ? [message.body] : []));
    const byId = Object.fromEntries(answers.map((answer) => [answer.id, answer]));
    expect(byId).toMatchObject({
      a: { state: 'done', reading: { meter: 'm1', quality: 'good' } },
      b: { state: 'done', resent: { stream: 'live', from: 1, to: 1, rows: 1, absent: 0 } },
      c: { state: 'refused', error: { code: 'CONFIG_INVALID' } },
    });
  });

  it('would complain of a message with a field missing, a wrong one, or a wrong topic', () => {
    const complaintsOf = (topic: string, body: object) =>
      judge(ROOT + topic, Buffer.from(JSON.stringify(body))).complaint;
    const ack = { epoch: 1, stream: 'live', upTo: 1 };
    expect(complaintsOf('ack', ack)).toBeNull();
    expect(complaintsOf('ack', { ...ack, upTo: undefined })).toContain('upTo');
    expect(complaintsOf('ack', { ...ack, stream: 'dead' })).toContain('allowed values');
    expect(complaintsOf('acks', ack)).toBe('no such channel');
  });
});
