import { describe, expect, it, onTestFinished } from 'vitest';
import { CONTRACT, eventsMessageSchema, readingsMessageSchema } from '../../src/uplink/contract.ts';
import {
  type FakeBroker,
  type FakeBrokerOptions,
  startFakeBroker,
} from '../support/fake-broker.ts';
import {
  backlog,
  ROOT,
  readingBodies,
  readingBody,
  startUplink,
  until,
} from '../support/uplink-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

async function fakeBroker(options: FakeBrokerOptions = {}) {
  const broker = await startFakeBroker(options);
  onTestFinished(() => broker.close());
  return broker;
}

function messagesOf(broker: FakeBroker, topic: string): string[] {
  return broker.published
    .filter((packet) => packet.topic === ROOT + topic)
    .map(({ payload }) => String(payload));
}

/** First and last number of each message, in the order of sending. */
function spansOf(broker: FakeBroker, topic: string): (readonly [number, number])[] {
  return messagesOf(broker, topic).map((text) => {
    const { seq, readings } = readingsMessageSchema.parse(JSON.parse(text));
    return [seq, seq + readings.length - 1] as const;
  });
}

const isData = (topic: string) => topic.startsWith(`${ROOT}data/`);

describe('the uplink window', () => {
  it('announces itself first, retained, and sends nothing retained afterwards', async () => {
    const broker = await fakeBroker();
    const { append, store } = startUplink(broker);
    await append('billing', readingBodies(1));
    await until('delivered', () => backlog(store) === 0);
    const told = broker.published.map(({ topic, retain }) => [topic.slice(ROOT.length), retain]);
    expect(told).toEqual([
      ['status', true],
      ['birth', true],
      ['meta/m1', true],
      ['meta/m2', true],
      ['data/billing', false],
    ]);
    const schemas = [CONTRACT.status, CONTRACT.birth, CONTRACT.meta, CONTRACT.meta, CONTRACT.data];
    for (const [index, { schema }] of schemas.entries()) {
      const body: unknown = JSON.parse(String(broker.published[index]?.payload));
      expect(schema.safeParse(body).error).toBeUndefined();
    }
    expect(JSON.parse(messagesOf(broker, 'birth')[0] ?? '').streams.billing.acked).toBe(0);
  });

  it('never has more in flight than the receive maximum of the broker', async () => {
    const broker = await fakeBroker({
      onConnect: () => ({ reason: 0, properties: { receiveMaximum: 10 } }),
      onPublish: ({ topic }) => (isData(topic) ? 'hold' : 0),
    });
    const { append, store } = startUplink({ ...broker, mqtt: { window: 64, batch: 1 } });
    await append('billing', readingBodies(35));
    const seen: number[] = [];
    while (backlog(store) > 0) {
      await until('window full or stream empty', () => {
        const sent = spansOf(broker, 'data/billing').length;
        return broker.held === 10 || sent === 35;
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push(broker.held);
      broker.release();
      await until('taken', () => broker.held > 0 || backlog(store) === 0);
    }
    expect(Math.max(...seen)).toBe(10);
    expect(spansOf(broker, 'data/billing')).toHaveLength(35);
  });

  it('loses nothing and repeats no more than the window when the link is cut', async () => {
    let isHolding = true;
    const broker = await fakeBroker({
      onPublish: ({ topic }, count) => (isData(topic) && isHolding && count > 10 ? 'hold' : 0),
    });
    const { append, store } = startUplink({ ...broker, mqtt: { window: 8, batch: 2 } });
    await append('billing', readingBodies(60));
    await until('window full', () => broker.held === 8);
    isHolding = false;
    broker.cut();
    await until('all delivered', () => backlog(store) === 0);
    const spans = spansOf(broker, 'data/billing');
    expect(new Set(spans.flat()).size).toBe(60);
    expect(spans.length - new Set(spans.map(([from]) => from)).size).toBe(8);
    const afterCut = spans.slice(-(spans.length - 14)).map(([from]) => from);
    expect(afterCut).toEqual([...afterCut].sort((a, b) => a - b));
  });

  it.each([0x97, 0x83, 0x80])('sends again what was refused with reason %i', async (reason) => {
    let refusals = 2;
    const broker = await fakeBroker({
      onPublish: ({ topic }) => {
        if (!isData(topic) || refusals === 0) return 0;
        refusals -= 1;
        return reason;
      },
    });
    const { append, store, delivered } = startUplink({ ...broker, mqtt: { batch: 5 } });
    await append('curve', readingBodies(10));
    await until('delivered', () => backlog(store) === 0);
    expect(delivered.at(-1)).toEqual(['curve', 10]);
    expect(spansOf(broker, 'data/curve').length).toBeGreaterThan(2);
    expect(broker.connects).toHaveLength(1);
  });

  it('parks a stream whose topic is forbidden for five minutes while the others flow', async () => {
    const clock = createVirtualClock();
    let isForbidden = true;
    const broker = await fakeBroker({
      onPublish: ({ topic }) => (isForbidden && topic.endsWith('billing') ? 0x87 : 0),
    });
    const { append, store } = startUplink({ ...broker, clock });
    await append('billing', readingBodies(1));
    await until('refused', () => spansOf(broker, 'data/billing').length === 1);
    await append('curve', readingBodies(300));
    await until('curve delivered', () => backlog(store) === 1);
    isForbidden = false;
    await clock.advance(299_000);
    expect(spansOf(broker, 'data/billing')).toHaveLength(1);
    await clock.advance(1_000);
    await until('billing delivered', () => backlog(store) === 0);
  });

  it.each(['broker', 'headend'] as const)(
    'leaves out a reading that the broker does not take, names it in an event, and goes on; delivery: %s',
    async (delivery) => {
      const broker = await fakeBroker({
        onConnect: () => ({ reason: 0, properties: { maximumPacketSize: 1_000 } }),
      });
      const { append, store } = startUplink({ ...broker, mqtt: { delivery } });
      const large = readingBody(1, { values: { x_a: '1'.repeat(900) } });
      await append('billing', [readingBody(0), large, readingBody(2)]);
      await until('event sent', () => messagesOf(broker, 'event').length === 1);
      await until('the next sent', () => spansOf(broker, 'data/billing').length === 2);
      const [message = ''] = messagesOf(broker, 'event');
      expect(eventsMessageSchema.parse(JSON.parse(message)).events).toMatchObject([
        { type: 'uplink.too-large', detail: { uplink: 'main', stream: 'billing', seq: 2 } },
      ]);
      expect(spansOf(broker, 'data/billing')).toEqual([
        [1, 1],
        [3, 3],
      ]);
      if (delivery === 'headend') {
        const ack = { epoch: store.epoch, stream: 'billing', upTo: 1 };
        broker.send(`${ROOT}ack`, JSON.stringify(ack));
        await until('cursor behind the hole', () => store.acked('main', 'billing') === 2);
      } else await until('cursor at the end', () => backlog(store) === 0);
      for (const { payload } of broker.published) expect(payload.length).toBeLessThan(1_000);
    },
  );

  it('names a reading that is too large once, however often the link is cut', async () => {
    const broker = await fakeBroker({
      onConnect: () => ({ reason: 0, properties: { maximumPacketSize: 1_000 } }),
    });
    const { append, store } = startUplink({ ...broker, mqtt: { delivery: 'headend' } });
    const large = readingBody(1, { values: { x_a: '1'.repeat(900) } });
    await append('billing', [readingBody(0), large, readingBody(2)]);
    for (let times = 1; times <= 3; times++) {
      await until('sent', () => spansOf(broker, 'data/billing').length === 2 * times);
      broker.cut();
    }
    await until('sent', () => spansOf(broker, 'data/billing').length === 8);
    expect(store.head('event')).toBe(1);
  });

  it('goes round in no circle where not even the event is small enough', async () => {
    const broker = await fakeBroker({
      onConnect: () => ({ reason: 0, properties: { maximumPacketSize: 300 } }),
    });
    const { append, store, lines } = startUplink(broker);
    await append('billing', [readingBody(1)]);
    await until('all passed', () => store.head('event') > 0 && backlog(store) === 0);
    expect(store.head('event')).toBe(1);
    expect(lines.some(({ msg }) => msg === 'event left out, too large')).toBe(true);
  });

  it('slows down when the broker says quota exceeded, and comes back to full speed', async () => {
    /** In flight at the arrival of each message, itself included. */
    const inFlight: number[] = [];
    const refusedAt = 40;
    const broker = await fakeBroker({
      onPublish: ({ topic }) => {
        if (!isData(topic)) return 0;
        inFlight.push(broker.held + 1);
        return inFlight.length === refusedAt ? 0x97 : 'hold';
      },
    });
    const { append, store } = startUplink({ ...broker, mqtt: { window: 16, batch: 1 } });
    await append('curve', readingBodies(600));
    while (backlog(store) > 0) {
      // Long enough for the window to fill.
      await new Promise((resolve) => setTimeout(resolve, 25));
      broker.release();
    }
    expect(Math.max(...inFlight.slice(0, refusedAt))).toBe(16);
    // What was on its way when it said so is behind the refused one.
    const afterwards = inFlight.slice(refusedAt + 15);
    expect(Math.max(...afterwards.slice(0, 12))).toBeLessThanOrEqual(11);
    expect(Math.max(...afterwards)).toBe(16);
    expect(broker.connects).toHaveLength(1);
  });

  it('lets a live reading through within a few messages of a backlog of 100,000', async () => {
    const window = 4;
    let isHolding = true;
    const liveAt: number[] = [];
    const broker = await fakeBroker({
      onPublish({ topic }, count) {
        if (topic === `${ROOT}data/live`) liveAt.push(count);
        return isHolding && isData(topic) ? 'hold' : 0;
      },
    });
    const { append, store } = startUplink({ ...broker, mqtt: { window, batch: 20 } });
    const bodies = readingBodies(10_000);
    for (let part = 0; part < 10; part++) await append('curve', bodies);
    isHolding = false;
    broker.release();
    const distances: number[] = [];
    while (distances.length < 20) {
      await append('live', [readingBody(distances.length)]);
      const sent = broker.published.length;
      await until('live sent', () => liveAt.length > distances.length);
      distances.push((liveAt.at(-1) ?? 0) - sent);
    }
    expect(backlog(store)).toBeGreaterThan(20_000);
    expect(Math.max(...distances)).toBeLessThanOrEqual(3 * window);
  });

  it('lets events and billing overtake a backlog of curves, and starves no stream', async () => {
    const broker = await fakeBroker({ onPublish: ({ topic }) => (isData(topic) ? 'hold' : 0) });
    const { append, store } = startUplink({ ...broker, mqtt: { window: 1, batch: 1 } });
    await append('curve', readingBodies(1));
    await until('window full', () => broker.held === 1);
    await append('live', readingBodies(40));
    await append('curve', readingBodies(40));
    await append('billing', readingBodies(40));
    while (backlog(store) > 0) {
      await until('next', () => broker.held === 1 || backlog(store) === 0);
      broker.release();
    }
    const order = broker.published
      .map(({ topic }) => topic.slice(ROOT.length))
      .filter((topic) => topic.startsWith('data/'));
    const firstOnes = order.slice(1, 33);
    const count = (topic: string) => firstOnes.filter((other) => other === topic).length;
    expect(count('data/billing')).toBeGreaterThanOrEqual(24);
    expect(count('data/curve')).toBeGreaterThan(0);
    expect(count('data/live')).toBeGreaterThan(0);
    expect(order).toHaveLength(121);
  });

  it('drops a link on which no acknowledgement comes for half a minute', async () => {
    const clock = createVirtualClock();
    const broker = await fakeBroker({
      onPublish: ({ topic }) => (isData(topic) && broker.connects.length === 1 ? 'hold' : 0),
    });
    const { append, store } = startUplink({ ...broker, clock });
    await append('billing', readingBodies(1));
    await until('held', () => broker.held === 1);
    await clock.advance(29_999);
    expect(broker.connects).toHaveLength(1);
    await clock.advance(1);
    await until('link dropped', () => clock.waiting > 0);
    await clock.advance(5_000);
    await until('delivered over the next', () => backlog(store) === 0);
    expect(broker.connects).toHaveLength(2);
  });
});
