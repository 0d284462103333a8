import { describe, expect, it, onTestFinished } from 'vitest';
import { type CmdRes, cmdResSchema, readingsMessageSchema } from '../../src/uplink/contract.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { type Headend, startHeadend } from '../support/headend.ts';
import {
  backlog,
  GATEWAY,
  ROOT,
  readingBodies,
  readingBody,
  SITE,
  startUplink,
  until,
} from '../support/uplink-fixture.ts';

async function mosquitto() {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  const headend = await startHeadend({ url: broker.url, site: SITE, gateway: GATEWAY });
  onTestFinished(() => headend.close());
  return { broker, headend };
}

/** The answer to the command of this id, as soon as it is there. */
async function answerTo(headend: Headend, id: string): Promise<CmdRes> {
  const find = () =>
    headend.messages
      .filter(({ topic }) => topic === 'cmd/res')
      .map(({ body }) => cmdResSchema.parse(body))
      .find((answer) => answer.id === id);
  await until(`answer to ${id}`, () => find() !== undefined);
  return cmdResSchema.parse(find());
}

const order = (id: string, epoch: number, from: number, to: number, extra = {}) => ({
  v: 1,
  id,
  op: 'resend',
  epoch,
  stream: 'billing',
  from,
  to,
  ...extra,
});

describe('rows that the headend asks for again', () => {
  it.skipIf(lacksMosquitto)('come under their own numbers, and their count is told', async () => {
    const { broker, headend } = await mosquitto();
    const { append, store } = startUplink({ ...broker, mqtt: { batch: 7 } });
    await append('billing', readingBodies(100));
    await until('arrived', () => headend.contiguous('billing') === 100);
    await headend.send('cmd', order('c1', store.epoch, 21, 60));
    expect(await answerTo(headend, 'c1')).toMatchObject({
      op: 'resend',
      state: 'done',
      resent: { stream: 'billing', from: 21, to: 60, rows: 40, absent: 0 },
    });
    await until('came again', () => headend.duplicates === 40);
    expect(headend.violations).toEqual([]);
    expect(store.acked('main', 'billing')).toBe(100);
  });

  it.skipIf(lacksMosquitto)('are told of where they are not held any more', async () => {
    const { broker, headend } = await mosquitto();
    const { append, store } = startUplink({ ...broker, keepRows: 30 });
    await append('billing', readingBodies(100));
    await until('arrived', () => headend.contiguous('billing') === 100);
    await until('acknowledged', () => backlog(store) === 0);
    await store.prune();
    await headend.send('cmd', order('c1', store.epoch, 61, 80));
    expect((await answerTo(headend, 'c1')).resent).toMatchObject({ rows: 10, absent: 10 });
    await headend.send('cmd', order('c2', store.epoch, 1, 20));
    expect((await answerTo(headend, 'c2')).resent).toMatchObject({ rows: 0, absent: 20 });
    await until('came again', () => headend.duplicates === 10);
  });

  it.skipIf(lacksMosquitto).each([
    ['of another epoch', { epoch: 1 }, 'the epoch is'],
    ['that were never published', { to: 101 }, 'published up to 100'],
    ['from the end to the beginning', { from: 9, to: 8 }, 'is no range'],
  ])('%s are refused with the reason', async (_, extra, reason) => {
    const { broker, headend } = await mosquitto();
    const { append, store } = startUplink(broker);
    await append('billing', readingBodies(100));
    await until('arrived', () => headend.contiguous('billing') === 100);
    await headend.send('cmd', order('c1', store.epoch, 1, 10, extra));
    const { state, error } = await answerTo(headend, 'c1');
    expect({ state, code: error?.code }).toEqual({ state: 'refused', code: 'UPLINK_BAD_MESSAGE' });
    expect(error?.message).toContain(reason);
    expect(headend.duplicates).toBe(0);
  });

  it.skipIf(lacksMosquitto)('go on over a new connection where one is lost', async () => {
    const { broker, headend } = await mosquitto();
    const { append, store } = startUplink({ ...broker, mqtt: { batch: 1, window: 4 } });
    await append('billing', readingBodies(3_000));
    await until('arrived', () => headend.contiguous('billing') === 3_000);
    await headend.send('cmd', order('c1', store.epoch, 1, 3_000));
    await until('some came again', () => headend.duplicates > 100);
    await broker.restart();
    expect(headend.duplicates).toBeLessThan(3_000);
    expect((await answerTo(headend, 'c1')).resent).toMatchObject({ rows: 3_000, absent: 0 });
    expect(headend.violations).toEqual([]);
  });

  it('have a quarter of the window at the most and come one order at a time', async () => {
    const answers: CmdRes[] = [];
    const isBilling = (topic: string) => topic === `${ROOT}data/billing`;
    let isAgain = false;
    const broker = await startFakeBroker({
      onPublish: ({ topic, payload }) => {
        if (topic === `${ROOT}cmd/res`) answers.push(cmdResSchema.parse(JSON.parse(`${payload}`)));
        return isAgain && isBilling(topic) ? 'hold' : 0;
      },
    });
    onTestFinished(() => broker.close());
    const { append, store } = startUplink({ ...broker, mqtt: { batch: 1, window: 8 } });
    await append('billing', readingBodies(40));
    await until('delivered', () => backlog(store) === 0);
    isAgain = true;
    broker.send(`${ROOT}cmd`, JSON.stringify(order('c1', store.epoch, 1, 40)));
    await until('some sent again', () => broker.held === 2);
    broker.send(`${ROOT}cmd`, JSON.stringify(order('c2', store.epoch, 1, 5)));
    await until('answered', () => answers.length === 1);
    expect(answers[0]).toMatchObject({
      id: 'c2',
      state: 'refused',
      error: { code: 'UPLINK_BUSY' },
    });
    await append('curve', readingBodies(20));
    await until('curve delivered', () => store.acked('main', 'curve') === 20);
    expect(broker.held).toBe(2);
    while (answers.length < 2) {
      broker.release();
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(broker.held).toBeLessThanOrEqual(2);
    }
    expect(answers[1]).toMatchObject({ id: 'c1', state: 'done', resent: { rows: 40 } });
    isAgain = false;
    broker.send(`${ROOT}cmd`, JSON.stringify(order('c2', store.epoch, 1, 5)));
    await until('not busy any more', () => answers.length === 3);
    expect(answers[2]).toMatchObject({ id: 'c2', state: 'done' });
  });

  it('stop coming when the order expires', async () => {
    const answers: CmdRes[] = [];
    let isAgain = false;
    const broker = await startFakeBroker({
      onPublish: ({ topic, payload }) => {
        if (topic === `${ROOT}cmd/res`) answers.push(cmdResSchema.parse(JSON.parse(`${payload}`)));
        return isAgain && topic === `${ROOT}data/billing` ? 'hold' : 0;
      },
    });
    onTestFinished(() => broker.close());
    const { append, store } = startUplink({ ...broker, mqtt: { batch: 1, window: 4 } });
    await append('billing', readingBodies(10));
    await until('delivered', () => backlog(store) === 0);
    isAgain = true;
    const expires = new Date(Date.now() + 300).toISOString();
    broker.send(`${ROOT}cmd`, JSON.stringify(order('c1', store.epoch, 1, 10, { expires })));
    await until('answered', () => answers.length === 1);
    expect(answers[0]).toMatchObject({ state: 'expired', error: { code: 'UPLINK_EXPIRED' } });
    const sent = () =>
      broker.published.filter(({ topic }) => topic === `${ROOT}data/billing`).length;
    expect(sent()).toBe(11);
    broker.release();
    await append('curve', readingBodies(5));
    await until('curve delivered', () => store.acked('main', 'curve') === 5);
    expect(sent()).toBe(11);
  });

  it('count as absent where they are too large for the broker', async () => {
    const answers: CmdRes[] = [];
    const broker = await startFakeBroker({
      onConnect: () => ({ reason: 0, properties: { maximumPacketSize: 1_000 } }),
      onPublish: ({ topic, payload }) => {
        if (topic === `${ROOT}cmd/res`) answers.push(cmdResSchema.parse(JSON.parse(`${payload}`)));
        return 0;
      },
    });
    onTestFinished(() => broker.close());
    const { append, store } = startUplink(broker);
    const large = readingBody(1, { values: { x_a: '1'.repeat(900) } });
    await append('billing', [readingBody(0), large, readingBody(2)]);
    await until('delivered', () => store.acked('main', 'billing') === 3);
    broker.send(`${ROOT}cmd`, JSON.stringify(order('c1', store.epoch, 1, 3)));
    await until('answered', () => answers.length === 1);
    expect(answers[0]?.resent).toMatchObject({ rows: 2, absent: 1 });
    const sent = broker.published.filter(({ topic }) => topic === `${ROOT}data/billing`);
    const numbers = sent.map(
      ({ payload }) => readingsMessageSchema.parse(JSON.parse(`${payload}`)).seq,
    );
    expect(numbers).toEqual([1, 3, 1, 3]);
  });
});
