import { describe, expect, it, onTestFinished } from 'vitest';
import { lacksMosquitto, type Mosquitto, startAedes, startMosquitto } from '../support/broker.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { type Headend, startHeadend } from '../support/headend.ts';
import {
  backlog,
  GATEWAY,
  ROOT,
  readingBodies,
  SITE,
  startUplink,
  until,
} from '../support/uplink-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

async function fakeBroker() {
  const broker = await startFakeBroker();
  onTestFinished(() => broker.close());
  return broker;
}

async function headendAt(url: string, acknowledges = false): Promise<Headend> {
  const headend = await startHeadend({ url, site: SITE, gateway: GATEWAY, acknowledges });
  onTestFinished(() => headend.close());
  return headend;
}

async function mosquitto(): Promise<Mosquitto> {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  return broker;
}

/** What the gateway told of bad messages: type and detail. */
function eventsOf(headend: Headend): { type: string; detail: Record<string, unknown> }[] {
  return headend.arrivals('event').map((seq) => JSON.parse(headend.entry('event', seq) ?? 'null'));
}

describe('the headend', () => {
  it.skipIf(lacksMosquitto)('gets every row of every stream in order, unchanged', async () => {
    const broker = await mosquitto();
    const headend = await headendAt(broker.url);
    const { append, store } = startUplink({ ...broker, mqtt: { batch: 7 } });
    const bodies = readingBodies(100);
    await Promise.all([append('billing', bodies), append('curve', bodies), append('live', bodies)]);
    await until('cursor at the end', () => backlog(store) === 0);
    await until('arrived', () => headend.contiguous('live') === 100);
    for (const stream of ['billing', 'curve', 'live'] as const) {
      expect(headend.arrivals(stream)).toEqual(bodies.map((_, index) => index + 1));
      expect(headend.entry(stream, 42)).toBe(bodies[41]);
    }
    expect(headend.violations).toEqual([]);
    expect(headend.duplicates).toBe(0);
  });

  it('moves the cursor by its acknowledgements alone', async () => {
    const broker = await startAedes();
    onTestFinished(() => broker.stop());
    const headend = await headendAt(broker.url);
    const { append, store, delivered } = startUplink({ ...broker, mqtt: { delivery: 'headend' } });
    await append('billing', readingBodies(10));
    await until('arrived', () => headend.contiguous('billing') === 10);
    expect(store.acked('main', 'billing')).toBe(0);
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 4 });
    await until('cursor moved', () => store.acked('main', 'billing') === 4);
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 2 });
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 10 });
    await until('cursor moved on', () => store.acked('main', 'billing') === 10);
    expect(delivered).toEqual([
      ['billing', 4],
      ['billing', 10],
    ]);
    expect(headend.violations).toEqual([]);
  });

  it('gets again after a while what it did not acknowledge, under the same numbers', async () => {
    const broker = await startAedes();
    onTestFinished(() => broker.stop());
    const headend = await headendAt(broker.url);
    const { append, store } = startUplink({
      ...broker,
      mqtt: { delivery: 'headend', resendAfter: '300ms', batch: 5 },
    });
    await append('billing', readingBodies(10));
    await until('arrived', () => headend.contiguous('billing') === 10);
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 5 });
    await until('rest came again', () => headend.duplicates === 5);
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 10 });
    await until('cursor moved', () => backlog(store) === 0);
    expect(headend.violations).toEqual([]);
  });

  it('is asked to answer within the time set, not before', async () => {
    const clock = createVirtualClock();
    const broker = await fakeBroker();
    const { append } = startUplink({ ...broker, clock, mqtt: { delivery: 'headend' } });
    await append('billing', readingBodies(1));
    const sent = () => broker.published.filter(({ topic }) => topic === `${ROOT}data/billing`);
    await until('sent', () => sent().length === 1 && clock.waiting === 1);
    await clock.advance(599_999);
    expect(sent()).toHaveLength(1);
    await clock.advance(1);
    await until('sent again', () => sent().length === 2);
    expect(JSON.parse(String(sent()[1]?.payload)).seq).toBe(1);
  });

  it.each([
    ['a number never given', { stream: 'billing', upTo: 4 }, 'uplink.ack-unknown'],
    ['another epoch', { stream: 'billing', upTo: 1, epoch: 99 }, 'uplink.ack-unknown'],
    ['an unknown stream', { stream: 'bills', upTo: 1 }, 'uplink.bad-message'],
    ['no number', { stream: 'billing', upTo: 'all' }, 'uplink.bad-message'],
    ['no JSON', 'upTo 1', 'uplink.bad-message'],
    ['a body beyond 64 KiB', 'x'.repeat(65_537), 'uplink.bad-message'],
  ])('is told when it acknowledges %s, and moves nothing', async (_, ack, type) => {
    const broker = await startAedes();
    onTestFinished(() => broker.stop());
    const headend = await headendAt(broker.url);
    const { append, store } = startUplink({ ...broker, mqtt: { delivery: 'headend' } });
    await append('billing', readingBodies(3));
    await until('arrived', () => headend.contiguous('billing') === 3);
    const body = typeof ack === 'string' ? ack : { epoch: store.epoch, ...ack };
    for (let times = 0; times < 3; times++) await headend.send('ack', body);
    await until('event', () => headend.contiguous('event') > 0);
    await headend.send('ack', { epoch: store.epoch, stream: 'billing', upTo: 2 });
    await until('good one taken', () => store.acked('main', 'billing') === 2);
    expect(eventsOf(headend).map((event) => event.type)).toEqual([type]);
    expect(headend.violations).toEqual([]);
  });

  it('cannot acknowledge by a retained message, which would speak at every connect', async () => {
    const broker = await fakeBroker();
    const { append, store } = startUplink({ ...broker, mqtt: { delivery: 'headend' } });
    await append('billing', readingBodies(3));
    await until('sent', () => broker.published.some(({ topic }) => topic.endsWith('billing')));
    const ack = JSON.stringify({ epoch: store.epoch, stream: 'billing', upTo: 3 });
    broker.send(`${ROOT}ack`, ack, true);
    await until('event', () => store.head('event') === 1);
    expect(store.acked('main', 'billing')).toBe(0);
    expect((await store.range('event', 1, 1))[0]?.body).toContain('"problem":"retained"');
  });

  it('is answered when it commands what the gateway does not offer', async () => {
    const broker = await startAedes();
    onTestFinished(() => broker.stop());
    const headend = await headendAt(broker.url);
    startUplink(broker);
    await until('announced', () => headend.messages.length >= 4);
    await headend.send('cmd', { v: 1, id: 'c1', op: 'reboot' });
    await until('answered', () => headend.messages.some(({ topic }) => topic === 'cmd/res'));
    expect(headend.messages.find(({ topic }) => topic === 'cmd/res')?.body).toMatchObject({
      id: 'c1',
      state: 'refused',
    });
    expect(headend.violations).toEqual([]);
  });

  it.each([
    ['MQTT 5', startMosquitto],
    ['MQTT 3.1.1', startAedes],
  ])(
    'gets everything compressed where that is wanted, and tells by the topic: %s',
    async (version, start) => {
      if (version === 'MQTT 5' && lacksMosquitto) return;
      const broker = await start();
      onTestFinished(() => broker.stop());
      const headend = await headendAt(broker.url, true);
      const mqtt = { compress: true, delivery: 'headend' };
      const { append, store } = startUplink({ url: broker.url, mqtt });
      const bodies = readingBodies(100);
      await append('curve', bodies);
      await append('event', [
        '{"at":"2026-11-23T00:00:00Z","type":"x","severity":"info","detail":{}}',
      ]);
      await until('acknowledged', () => backlog(store) === 0);
      expect(headend.entry('curve', 100)).toBe(bodies[99]);
      const data = headend.messages.filter(
        ({ body }) => typeof body === 'object' && body !== null && 'seq' in body,
      );
      expect(new Set(data.map(({ topic }) => topic))).toEqual(
        new Set(['data/curve/deflate', 'event/deflate']),
      );
      expect(headend.violations).toEqual([]);
    },
  );

  it.skipIf(lacksMosquitto)(
    'gets every row though the broker is killed again and again',
    async () => {
      const broker = await mosquitto();
      const headend = await headendAt(broker.url, true);
      const { append, store } = startUplink({
        ...broker,
        mqtt: { delivery: 'headend', resendAfter: '500ms', batch: 3, window: 8 },
      });
      for (let round = 0; round < 4; round++) {
        await append('billing', readingBodies(200, 1 + round * 200));
        await until('some arrived', () => headend.contiguous('billing') > round * 150);
        await broker.kill();
        await append('curve', readingBodies(50, 1 + round * 50));
        await broker.restart();
      }
      await until('cursor at the end', () => backlog(store) === 0);
      expect(headend.contiguous('billing')).toBe(800);
      expect(headend.contiguous('curve')).toBe(200);
      expect(headend.violations).toEqual([]);
    },
  );
});
