import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Cmd, parseMessage } from '../../src/uplink/contract-consumer.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { ROOT, readingBodies, readingBody, startUplink, until } from '../support/uplink-fixture.ts';

const EXAMPLE = fileURLToPath(new URL('../../config/contract/headend.example.ts', import.meta.url));

const HEADEND = { delivery: 'headend', resendAfter: '1s' };

/** Runs the example of the page as it stands there; `counts` are the rows it has after each message. */
function startExample(url: string) {
  const child = spawn(process.execPath, [EXAMPLE, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const counts: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => counts.push(parseInt(line, 10)));
  return { counts, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

/** What the example says to the gateway; at QoS 0, so that no limit of the broker touches it. */
async function listen(url: string) {
  const client = await connectAsync(url, { clientId: 'listener' });
  onTestFinished(() => client.endAsync(true));
  const acks: [stream: string, upTo: number][] = [];
  const orders: Cmd[] = [];
  client.on('message', (topic, payload) => {
    const message = parseMessage(topic, payload);
    if (message?.kind === 'ack') acks.push([message.body.stream, message.body.upTo]);
    if (message?.kind === 'cmd') orders.push(message.body);
  });
  await client.subscribeAsync('amr/v1/#', { qos: 0 });
  const send = (topic: string, body: object) =>
    client.publishAsync(ROOT + topic, JSON.stringify(body), { qos: 1 });
  return { acks, orders, send };
}

describe.skipIf(lacksMosquitto)('the example for headend developers', () => {
  it('acknowledges what has arrived, so that the gateway has delivered it', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const { acks, orders } = await listen(broker.url);
    startExample(broker.url);
    const gateway = startUplink({ ...broker, mqtt: { ...HEADEND, batch: 10 } });
    const isDelivered = (upTo: number) => gateway.store.acked('main', 'billing') === upTo;
    await gateway.append('billing', readingBodies(1));
    // Until the example listens nobody does, and the gateway sends it again.
    await until('the first delivered', () => isDelivered(1));
    await gateway.append('billing', readingBodies(94, 2));
    await until('all delivered', () => isDelivered(95));
    expect(acks.at(-1)).toEqual(['billing', 95]);
    expect(acks.length).toBeGreaterThan(2);
    expect(orders).toEqual([]);
  });

  it('understands compressed messages alike', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    startExample(broker.url);
    const gateway = startUplink({ ...broker, mqtt: { ...HEADEND, compress: true } });
    await gateway.append('billing', readingBodies(20));
    await until('delivered', () => gateway.store.acked('main', 'billing') === 20);
  });

  it('asks for what the broker has lost, and acknowledges when it has come', async () => {
    // A broker that keeps ten messages for a headend that is not there, and drops the rest.
    const broker = await startMosquitto(['max_inflight_messages 1', 'max_queued_messages 10']);
    onTestFinished(() => broker.stop());
    const { acks, orders } = await listen(broker.url);
    const gateway = startUplink(broker);
    const append = async (index: number) => {
      await gateway.append('billing', [readingBody(index)]);
      await until(`${index} sent`, () => gateway.store.acked('main', 'billing') === index);
    };
    const example = startExample(broker.url);
    await append(1);
    const isAcknowledged = (upTo: number) => acks.some(([, number]) => number === upTo);
    let last = 1;
    while (!isAcknowledged(last)) {
      last += 1;
      await append(last);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    example.kill('SIGSTOP');
    const before = acks.length;
    for (let index = last + 1; index <= last + 40; index += 1) await append(index);
    example.kill('SIGCONT');
    await until('what was kept arrived', () => acks.length >= before + 8);
    await append(last + 41);
    await until('all acknowledged', () => isAcknowledged(last + 41));
    const order = orders.at(-1);
    if (order?.op !== 'resend') throw new Error('nothing was asked for');
    expect(order.from).toBeGreaterThan(last + 5);
    expect(order.to).toBe(last + 40);
    expect(example.counts.at(-1)).toBe(last + 41);
    const numbers = acks.map(([, upTo]) => upTo);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  }, 60_000);

  it('counts no row twice', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const { acks, send } = await listen(broker.url);
    const example = startExample(broker.url);
    const gateway = startUplink({ ...broker, mqtt: HEADEND });
    await gateway.append('billing', readingBodies(20));
    await until('delivered', () => gateway.store.acked('main', 'billing') === 20);
    const { epoch } = gateway.store;
    const before = example.counts.length;
    const order = { v: 1, id: 'again', op: 'resend', epoch, stream: 'billing', from: 5, to: 15 };
    await send('cmd', order);
    await until('it came again', () => example.counts.length > before);
    expect(example.counts.at(-1)).toBe(20);
    await until('acknowledged again', () => acks.length === example.counts.length);
    expect(acks.at(-1)).toEqual(['billing', 20]);
  });
});
