import { describe, expect, it, onTestFinished } from 'vitest';
import { type FakeBrokerOptions, startFakeBroker } from '../support/fake-broker.ts';
import { startLink } from '../support/link-fixture.ts';
import { until } from '../support/uplink-fixture.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

async function fakeBroker(options: FakeBrokerOptions = {}) {
  const broker = await startFakeBroker(options);
  onTestFinished(() => broker.close());
  const versions = () => broker.connects.map(({ protocolVersion }) => protocolVersion);
  return { broker, versions };
}

/** Lets attempt after attempt fall due until the condition holds. */
async function untilTried(clock: VirtualClock, what: string, condition: () => boolean) {
  const isDone = () => condition() || clock.waiting > 0;
  while (!condition()) {
    await until(what, isDone);
    if (!condition()) await clock.advance(MINUTE);
  }
}

const silentAtVersion5: FakeBrokerOptions = {
  onConnect: ({ protocolVersion }) => (protocolVersion === 5 ? null : { reason: 0 }),
};

describe('the uplink with a broker that closes at the CONNECT of MQTT 5', () => {
  it('speaks 3.1.1 after the third time, and tries MQTT 5 anew after a day', async () => {
    const { broker, versions } = await fakeBroker(silentAtVersion5);
    const clock = createVirtualClock();
    const link = startLink({ ...broker, clock });
    await untilTried(clock, 'connected', () => link.sessions.length === 1);
    expect(versions()).toEqual([5, 5, 5, 4]);
    broker.cut();
    await untilTried(clock, 'connected again', () => link.sessions.length === 2);
    expect(versions()).toEqual([5, 5, 5, 4, 4]);
    await clock.advance(DAY);
    broker.cut();
    await untilTried(clock, 'connected a day later', () => link.sessions.length === 3);
    expect(versions().slice(5)).toEqual([5, 5, 5, 4]);
  });

  it('goes back to MQTT 5 where 3.1.1 fares no better', async () => {
    const { broker, versions } = await fakeBroker({ onConnect: () => null });
    const clock = createVirtualClock();
    startLink({ ...broker, clock });
    await untilTried(clock, 'nine attempts', () => broker.connects.length >= 9);
    expect(versions().slice(0, 9)).toEqual([5, 5, 5, 4, 5, 5, 5, 4, 5]);
  });

  it('does not count refusals in words, nor the time when nobody listens', async () => {
    const { broker, versions } = await fakeBroker({
      onConnect: (_, attempt) => (attempt % 3 === 0 ? { reason: 0x88 } : null),
    });
    const clock = createVirtualClock();
    const link = startLink({ ...broker, clock });
    await untilTried(clock, 'eight attempts', () => broker.connects.length >= 8);
    await broker.close();
    const tries = () => link.lines.filter(({ err }) => err !== undefined).length;
    const before = tries();
    await untilTried(clock, 'four attempts in vain', () => tries() >= before + 4);
    expect(new Set(versions())).toEqual(new Set([5]));
    expect(link.lines.filter(({ msg }) => msg.includes('another version'))).toEqual([]);
  });
});

describe('the uplink with a broker that sets conditions', () => {
  it('keeps the connection alive as often as the broker wants', async () => {
    const { broker } = await fakeBroker({
      onConnect: () => ({ reason: 0, properties: { serverKeepAlive: 1 } }),
    });
    const link = startLink({ ...broker, mqtt: { keepalive: '60s' } });
    await until('two pings', () => broker.pings >= 2, 10_000);
    expect(link.sessions).toHaveLength(1);
  });

  it('sends no packet larger than the broker takes, and any that just fits', async () => {
    const largest = 200;
    const { broker } = await fakeBroker({
      onConnect: () => ({ reason: 0, properties: { maximumPacketSize: largest } }),
    });
    const link = startLink(broker);
    await until('connected', () => link.sessions.length === 1);
    const [session] = link.sessions;
    const topic = 'amr/v1/hz-xihu/gw17/event';
    const room = session?.roomFor(topic) ?? 0;
    expect(room).toBeGreaterThan(largest - topic.length - 12);
    await session?.publish({ topic, payload: 'x'.repeat(room) });
    await expect(session?.publish({ topic, payload: 'x'.repeat(room + 1) })).rejects.toMatchObject({
      code: 'UPLINK_TOO_LARGE',
    });
    const sizes = broker.published.map(({ length = 0 }) => length + (length < 128 ? 2 : 3));
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(largest);
  });
});
