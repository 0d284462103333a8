import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { lacksMosquitto, startAedes, startMosquitto } from '../support/broker.ts';
import { type FakeBrokerOptions, startFakeBroker } from '../support/fake-broker.ts';
import { readingBodies, startUplink, until } from '../support/uplink-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const MINUTE = 60_000;

async function fakeBroker(options: FakeBrokerOptions = {}) {
  const broker = await startFakeBroker(options);
  onTestFinished(() => broker.close());
  return broker;
}

describe('the uplink connection', () => {
  it.skipIf(lacksMosquitto)('speaks MQTT 5 with mosquitto', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const { lines } = startUplink(broker);
    await until('connected', () => lines.some(({ msg }) => msg === 'uplink connected'));
    expect(lines.find(({ msg }) => msg === 'uplink connected')).toMatchObject({
      protocolVersion: 5,
    });
  });

  it('falls back at once to 3.1.1 where the broker refuses version 5', async () => {
    const broker = await startAedes();
    onTestFinished(() => broker.stop());
    const { append, delivered, lines } = startUplink({ ...broker, random: () => 1 });
    await append('billing', readingBodies(3));
    await until('delivered', () => delivered.length > 0);
    expect(delivered).toEqual([['billing', 3]]);
    expect(lines.find(({ msg }) => msg === 'uplink connected')).toMatchObject({
      protocolVersion: 4,
    });
  });

  it('falls back on the refusal of version 5 by its own reason code, and remembers it', async () => {
    const broker = await fakeBroker({
      onConnect: ({ protocolVersion }) => ({ reason: protocolVersion === 5 ? 0x84 : 0 }),
    });
    startUplink(broker);
    await until('announced', () => broker.published.length >= 4);
    broker.cut();
    await until('connected again', () => broker.connects.length === 3);
    expect(broker.connects.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4, 4]);
  });

  it('keeps a session under a fixed name and leaves a will', async () => {
    const broker = await fakeBroker();
    startUplink(broker);
    await until('connected', () => broker.connects.length === 1);
    expect(broker.connects[0]).toMatchObject({
      clientId: 'amr-hz-xihu-gw17',
      clean: false,
      keepalive: 30,
      properties: { sessionExpiryInterval: 3_600 },
      will: {
        topic: 'amr/v1/hz-xihu/gw17/status',
        qos: 1,
        retain: true,
        properties: { willDelayInterval: 30 },
      },
    });
    const will = JSON.parse(String(broker.connects[0]?.will?.payload));
    expect(will).toMatchObject({ v: 1, state: 'offline', bootId: 'b6d0a2' });
  });

  it('goes on trying after "server unavailable", later and later', async () => {
    const clock = createVirtualClock();
    const broker = await fakeBroker({ onConnect: () => ({ reason: 0x88 }) });
    startUplink({ ...broker, clock, random: () => 1 });
    for (const [attempt, delay] of [5_000, 10_000, 20_000, 40_000, MINUTE, MINUTE].entries()) {
      await until('refused and waiting', () => clock.waiting === 1);
      expect(broker.connects).toHaveLength(attempt + 1);
      await clock.advance(delay - 1);
      expect(clock.waiting).toBe(1);
      await clock.advance(1);
    }
  });

  it.each([
    ['bad user name or password', 5, 0x86],
    ['not authorised', 5, 0x87],
    ['bad authentication method', 5, 0x8c],
    ['bad user name or password in 3.1.1', 4, 4],
    ['not authorised in 3.1.1', 4, 5],
  ])('waits up to five minutes after the refusal: %s', async (_, version, reason) => {
    const clock = createVirtualClock();
    const broker = await fakeBroker({
      onConnect: ({ protocolVersion }) => ({ reason: protocolVersion === version ? reason : 1 }),
    });
    const { lines } = startUplink({ ...broker, clock, random: () => 1 });
    await until('waiting', () => clock.waiting === 1);
    const before = broker.connects.length;
    await clock.advance(5 * MINUTE - 1);
    expect(broker.connects).toHaveLength(before);
    await clock.advance(1);
    await until('tried again', () => broker.connects.length > before);
    expect(lines.find(({ msg }) => msg === 'uplink not connected')).toMatchObject({
      code: 'UPLINK_AUTH',
      reason,
    });
  });

  it('reads the credentials anew at each attempt', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'amr-secret-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const usernameFile = join(directory, 'username');
    const passwordFile = join(directory, 'password');
    writeFileSync(usernameFile, 'gw17\n');
    writeFileSync(passwordFile, 'old\n');
    const broker = await fakeBroker();
    startUplink({ ...broker, mqtt: { usernameFile, passwordFile } });
    await until('connected', () => broker.connects.length === 1);
    writeFileSync(passwordFile, 'new\n');
    broker.cut();
    await until('connected again', () => broker.connects.length === 2);
    const shown = broker.connects.map(({ username, password }) => `${username} ${password}`);
    expect(shown).toEqual(['gw17 old', 'gw17 new']);
  });

  it('waits for a credentials file that cannot be read instead of dying', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'amr-secret-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const usernameFile = join(directory, 'username');
    const broker = await fakeBroker();
    const { lines } = startUplink({ ...broker, mqtt: { usernameFile } });
    await until('complained', () => lines.some(({ code }) => code === 'CONFIG_UNREADABLE'));
    writeFileSync(usernameFile, 'late');
    await until('connected', () => broker.connects.length === 1);
  });

  it('is not led through a proxy by the environment', async () => {
    vi.stubEnv('MQTTJS_SOCKS_PROXY', 'socks5://127.0.0.1:1');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const broker = await fakeBroker();
    startUplink(broker);
    await until('connected', () => broker.connects.length === 1);
  });

  it('says offline and goodbye when it is stopped', async () => {
    const broker = await fakeBroker();
    const { stop } = startUplink(broker);
    await until('announced', () => broker.published.length >= 4);
    await stop();
    const last = broker.published.at(-1);
    expect(last).toMatchObject({ topic: 'amr/v1/hz-xihu/gw17/status', retain: true, qos: 1 });
    expect(JSON.parse(String(last?.payload))).toMatchObject({ state: 'offline' });
  });

  it('stops while it waits for the next attempt', async () => {
    const clock = createVirtualClock();
    const broker = await fakeBroker({ onConnect: () => ({ reason: 0x86 }) });
    const { stop } = startUplink({ ...broker, clock });
    await until('waiting', () => clock.waiting === 1);
    await stop();
    expect(clock.waiting).toBe(0);
  });
});
