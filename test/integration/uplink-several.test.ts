import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { startHeadend } from '../support/headend.ts';
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

describe.skipIf(lacksMosquitto)('several uplinks', () => {
  it.each([
    ['whose broker is away', 'away'],
    ['whose broker answers nothing', 'silent'],
  ])('do not wait for one %s, which catches up later', async (_, fault) => {
    const good = await startMosquitto();
    const bad = await startMosquitto();
    const silent = await startFakeBroker({ onPublish: () => 'hold' });
    onTestFinished(async () => {
      await Promise.all([good.stop(), bad.stop(), silent.close()]);
    });
    const headend = await startHeadend({ url: good.url, site: SITE, gateway: GATEWAY });
    onTestFinished(() => headend.close());
    await bad.kill();
    const late = startUplink({ url: fault === 'away' ? bad.url : silent.url, name: 'main' });
    const prompt = startUplink({ url: good.url, name: 'second', beside: late });
    const { append, store } = late;
    for (let part = 0; part < 10; part++) await append('billing', readingBodies(500, part * 500));
    await until('the prompt one has all', () => backlog(store, 'second') === 0);
    expect(headend.contiguous('billing')).toBe(5_000);
    expect(headend.violations).toEqual([]);
    expect(backlog(store, 'main')).toBe(5_000);
    await late.stop();
    await bad.restart();
    const other = await startHeadend({ url: bad.url, site: SITE, gateway: GATEWAY });
    onTestFinished(() => other.close());
    startUplink({ url: bad.url, name: 'main', beside: prompt });
    await until('the late one has all', () => other.contiguous('billing') === 5_000);
    expect(other.violations).toEqual([]);
  });
});

describe.skipIf(lacksMosquitto)('a stream that the broker forbids', () => {
  function permissions() {
    const directory = mkdtempSync(join(tmpdir(), 'amr-acl-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    // mosquitto gives up the rights of root and must read it still.
    chmodSync(directory, 0o755);
    const file = join(directory, 'acl');
    const permit = (topics: readonly string[]) =>
      writeFileSync(file, topics.map((topic) => `topic ${topic}\n`).join(''));
    return { file, permit };
  }

  /** Resolves when the broker takes messages on this topic. */
  async function permitted(url: string, topic: string): Promise<void> {
    const client = await connectAsync(url, { protocolVersion: 5 });
    const isTaken = () =>
      client.publishAsync(topic, '', { qos: 1 }).then(
        () => true,
        () => false,
      );
    while (!(await isTaken())) await new Promise((resolve) => setTimeout(resolve, 10));
    await client.endAsync();
  }

  it('rests alone while the others flow, and is tried again', async () => {
    const { file, permit } = permissions();
    const base = [
      'read #',
      ...['status', 'birth', 'meta/+', 'event', 'data/curve'].map(
        (topic) => `write ${ROOT}${topic}`,
      ),
    ];
    permit(base);
    const broker = await startMosquitto([`acl_file ${file}`]);
    onTestFinished(() => broker.stop());
    const headend = await startHeadend({ url: broker.url, site: SITE, gateway: GATEWAY });
    onTestFinished(() => headend.close());
    const clock = createVirtualClock();
    const { append, store, lines } = startUplink({ url: broker.url, clock });
    await append('billing', readingBodies(3));
    await until('refused', () => lines.some(({ msg }) => msg === 'uplink message refused'));
    expect(lines.find(({ msg }) => msg === 'uplink message refused')).toMatchObject({
      stream: 'billing',
      reason: 0x87,
    });
    await append('curve', readingBodies(500));
    await until('curve flows', () => headend.contiguous('curve') === 500);
    expect(headend.contiguous('billing')).toBe(0);
    // What is in flight when the clock is put on would count as lost.
    await until('nothing in flight', () => store.acked('main', 'curve') === 500);
    permit([...base, `write ${ROOT}data/billing`, 'write probe']);
    broker.reload();
    await permitted(broker.url, 'probe');
    await clock.advance(299_000);
    expect(store.acked('main', 'billing')).toBe(0);
    await clock.advance(1_000);
    await until('billing flows', () => headend.contiguous('billing') === 3);
    expect(lines.filter(({ msg }) => msg === 'uplink connected')).toHaveLength(1);
  });
});
