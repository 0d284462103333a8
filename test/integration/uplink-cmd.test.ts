import { connectAsync, type IClientPublishOptions, type IPublishPacket } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AmrError } from '../../src/core/errors.ts';
import type { Reading } from '../../src/core/reading.ts';
import type { ReadNow } from '../../src/uplink/commands.ts';
import { type CmdRes, cmdResSchema } from '../../src/uplink/contract.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { temporaryDirectory } from '../support/store-fixture.ts';
import {
  ROOT,
  readingBodies,
  readingBody,
  startUplink,
  type UplinkFixtureOptions,
  until,
} from '../support/uplink-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const reading: Reading = {
  ...JSON.parse(readingBody(1)),
  kind: 'on-demand',
  source: 'on-demand',
};

interface Answer {
  readonly topic: string;
  readonly answer: CmdRes;
  readonly correlation: string | undefined;
}

/** A headend on MQTT 5 that keeps the answers to its commands, wherever they come. */
async function commander(url: string) {
  const client = await connectAsync(url, { protocolVersion: 5, clientId: 'commander' });
  onTestFinished(() => client.endAsync(true));
  const answers: Answer[] = [];
  const heard: IPublishPacket[] = [];
  client.on('message', (name, payload, packet) => {
    heard.push(packet);
    if (name.startsWith(`${ROOT}data/`) || name === `${ROOT}cmd`) return;
    const parsed = cmdResSchema.safeParse(JSON.parse(payload.toString()));
    if (!parsed.success) return;
    const correlation = packet.properties?.correlationData?.toString();
    const topic = name.startsWith(ROOT) ? name.slice(ROOT.length) : name;
    answers.push({ topic, answer: parsed.data, correlation });
  });
  await client.subscribeAsync('#', { qos: 1 });
  const send = (body: unknown, options: IClientPublishOptions = {}) =>
    client.publishAsync(`${ROOT}cmd`, JSON.stringify(body), { qos: 1, ...options });
  return { answers, heard, send };
}

async function setUp(options: Partial<UplinkFixtureOptions> = {}) {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  const headend = await commander(broker.url);
  const uplink = startUplink({ url: broker.url, ...options });
  await until('online', () => headend.heard.some(({ topic }) => topic === `${ROOT}meta/m2`));
  const answered = async (count: number) => {
    await until(`${count} answers`, () => headend.answers.length >= count);
    return headend.answers;
  };
  return { ...headend, ...uplink, broker, answered };
}

/** Counts the reads that it was asked for. */
function meterReads(read: ReadNow = () => Promise.resolve(reading)) {
  const asked: (readonly [string, readonly string[]])[] = [];
  const readNow: ReadNow = (meter, words, options) => {
    asked.push([meter, words]);
    return read(meter, words, options);
  };
  return { asked, readNow };
}

const read = (id: string, extra = {}) => ({
  v: 1,
  id,
  op: 'read',
  meter: 'm1',
  registers: ['1-0:1.8.0'],
  ...extra,
});

describe.skipIf(lacksMosquitto)('a command to read', () => {
  it('is answered with the reading', async () => {
    const { asked, readNow } = meterReads();
    const { send, answered } = await setUp({ readNow });
    await send(read('c1'));
    const [{ topic, answer } = {}] = await answered(1);
    expect(topic).toBe('cmd/res');
    expect(answer).toEqual({ v: 1, id: 'c1', op: 'read', state: 'done', reading });
    expect(asked).toEqual([['m1', ['1-0:1.8.0']]]);
  });

  it('is answered on the response topic too, with its correlation data', async () => {
    const { send, answered } = await setUp({ readNow: meterReads().readNow });
    const correlationData = Buffer.from('q-17');
    await send(read('c1'), { properties: { responseTopic: `${ROOT}desk/4`, correlationData } });
    await answered(2);
    await send(read('c2'), { properties: { responseTopic: `${ROOT}cmd/res`, correlationData } });
    const answers = await answered(3);
    expect(
      answers.map(({ topic, answer, correlation }) => [topic, answer.id, correlation]),
    ).toEqual([
      ['cmd/res', 'c1', undefined],
      ['desk/4', 'c1', 'q-17'],
      ['cmd/res', 'c2', 'q-17'],
    ]);
  });

  it.each([
    ['outside the root', 'amr/v1/hz-xihu/gw18/desk'],
    ['that only begins like the root', 'amr/v1/hz-xihu/gw17'],
    ['of the commands', `${ROOT}cmd`],
    ['of the acknowledgements', `${ROOT}ack`],
    ['of readings', `${ROOT}data/billing`],
  ])('is not answered on a response topic %s', async (_, responseTopic) => {
    const { send, answered, heard, append } = await setUp({ readNow: meterReads().readNow });
    const before = heard.length;
    await send(read('c1'), { properties: { responseTopic, correlationData: Buffer.from('x') } });
    await answered(1);
    await append('curve', readingBodies(1));
    await until('what was behind', () => heard.some(({ topic }) => topic.endsWith('data/curve')));
    const topics = heard.slice(before).map(({ topic }) => topic.slice(ROOT.length));
    expect(topics.sort()).toEqual(['cmd', 'cmd/res', 'data/curve']);
  });

  it('that comes twice is carried out once and answered twice, over a restart too', async () => {
    const { asked, readNow } = meterReads();
    const dataDir = temporaryDirectory();
    const { send, answered, stop, store, broker } = await setUp({ readNow, dataDir });
    await send(read('c1'));
    await answered(1);
    await send(read('c1', { meter: 'm2' }));
    await answered(2);
    await stop();
    await store.close();
    const other = startUplink({ url: broker.url, readNow, dataDir });
    await until('connected', () => other.lines.some(({ msg }) => msg === 'uplink connected'));
    await send(read('c1'));
    const answers = await answered(3);
    expect(asked).toHaveLength(1);
    expect(answers.map(({ answer }) => answer)).toEqual([
      answers[0]?.answer,
      answers[0]?.answer,
      answers[0]?.answer,
    ]);
    expect(answers[0]?.answer.state).toBe('done');
  });

  it('that has expired is not begun', async () => {
    const { asked, readNow } = meterReads();
    const { send, answered } = await setUp({ readNow });
    await send(read('c1', { expires: new Date(Date.now() - 1).toISOString() }));
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({ state: 'expired', error: { code: 'UPLINK_EXPIRED' } });
    expect(asked).toEqual([]);
  });

  it.each([
    ['its deadline', { deadline: 5 }, 5_000],
    ['thirty seconds', {}, 30_000],
    ['its expiry', { expires: '2026-11-23T00:00:07Z', deadline: 60 }, 7_000],
  ])('is answered when %s has come, and given up', async (_, extra, ms) => {
    const clock = createVirtualClock();
    const given: AbortSignal[] = [];
    const readNow: ReadNow = (_meter, _words, { signal }) => {
      given.push(signal);
      return new Promise(() => undefined);
    };
    const { send, answers, answered } = await setUp({ readNow, clock });
    await send(read('c1', extra));
    await until('begun', () => given.length === 1);
    await clock.advance(ms - 1);
    expect(given[0]?.aborted).toBe(false);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(given[0]?.aborted).toBe(true);
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({ state: 'expired', error: { code: 'UPLINK_EXPIRED' } });
  });

  it('that is retained is not carried out, and told of', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const { send, heard, answers } = await commander(broker.url);
    await send(read('c1'), { retain: true });
    const { asked, readNow } = meterReads();
    startUplink({ url: broker.url, readNow });
    await until('told', () => heard.some(({ topic }) => topic === `${ROOT}event`));
    expect(`${heard.at(-1)?.payload}`).toContain('"problem":"retained"');
    await send(read('c2'));
    await until('answered', () => answers.length === 1);
    expect(answers[0]?.answer.id).toBe('c2');
    expect(asked).toHaveLength(1);
  });

  it('for a meter that is not there is refused with what is there', async () => {
    const { send, answered } = await setUp();
    await send(read('c1', { meter: 'm9' }));
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({
      state: 'refused',
      error: { code: 'CONFIG_INVALID', message: 'no meter m9' },
    });
  });

  it('that met no answer has failed, with the cause and the reading that names it', async () => {
    const missing: Reading = { ...reading, quality: 'missing', values: {}, cause: 'BUS_NO_REPLY' };
    const { send, answered } = await setUp({ readNow: () => Promise.resolve(missing) });
    await send(read('c1'));
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({
      state: 'failed',
      error: { code: 'BUS_NO_REPLY' },
      reading: missing,
    });
  });

  it('beyond eight under way is refused as busy, and may come again', async () => {
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { asked, readNow } = meterReads(() => gate.then(() => reading));
    const { send, answered } = await setUp({ readNow });
    for (let number = 1; number <= 9; number++) await send(read(`c${number}`));
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({ id: 'c9', state: 'refused', error: { code: 'UPLINK_BUSY' } });
    finish();
    await answered(9);
    await send(read('c9'));
    const answers = await answered(10);
    expect(answers.at(-1)?.answer).toMatchObject({ id: 'c9', state: 'done' });
    expect(asked).toHaveLength(9);
  });

  it('ends with a clear word when the gateway stops, and may come again', async () => {
    const { asked, readNow } = meterReads(
      (_meter, _words, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new AmrError('BUS_ABORTED', 'given up')));
        }),
    );
    const dataDir = temporaryDirectory();
    const { send, stop, store, broker, answered } = await setUp({ readNow, dataDir });
    await send(read('c1'));
    await until('begun', () => asked.length === 1);
    await stop();
    const [{ answer } = {}] = await answered(1);
    expect(answer).toMatchObject({ state: 'failed', error: { code: 'GATEWAY_STOPPED' } });
    await store.close();
    startUplink({ url: broker.url, readNow: meterReads().readNow, dataDir });
    await send(read('c1'));
    expect((await answered(2))[1]?.answer.state).toBe('done');
  });
});

describe('the answer to a command', () => {
  it('waits for the next connection, and comes again where its arrival is unknown', async () => {
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isHolding = true;
    const broker = await startFakeBroker({
      onPublish: ({ topic }) => (isHolding && topic === `${ROOT}cmd/res` ? 'hold' : 0),
    });
    onTestFinished(() => broker.close());
    const { asked, readNow } = meterReads(() => gate.then(() => reading));
    startUplink({ url: broker.url, readNow });
    await until('online', () => broker.published.length === 4);
    broker.send(`${ROOT}cmd`, JSON.stringify(read('c1')));
    await until('begun', () => asked.length === 1);
    broker.cut();
    finish();
    await until('answered', () => broker.held === 1);
    isHolding = false;
    broker.cut();
    const answers = () => broker.published.filter(({ topic }) => topic === `${ROOT}cmd/res`);
    await until('answered again', () => answers().length === 2);
    for (const { payload } of answers()) {
      expect(JSON.parse(`${payload}`)).toMatchObject({ id: 'c1', state: 'done' });
    }
    expect(asked).toHaveLength(1);
  });
});
