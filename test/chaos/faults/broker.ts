/** The broker as it is on bad days: killed, standing still, cut off, forgetful. */
import type { Stream } from '../../../src/core/reading.ts';
import type { Fault, Scale } from '../fault.ts';
import type { Rig } from '../rig.ts';
import { BATCH, type Preparation, WINDOW } from '../settings.ts';
import { positionOf } from '../store-view.ts';
import { pause, until } from '../until.ts';
import { gapsIn } from '../verdict.ts';

/** The back-off after a few failures. */
const RECONNECT_MS = 120_000;
const CONNECTED = 'uplink connected';

async function killBroker(rig: Rig, { rounds, random }: Scale): Promise<void> {
  const { meters } = rig.settings;
  await rig.start();
  for (let round = 0; round < rounds; round++) {
    await rig.flow(2 * meters);
    await pause(random.between(0, 1000));
    await rig.broker.kill();
    rig.broke();
    await rig.polled(4 * meters);
    await rig.broker.restart();
    await rig.flow(6 * meters, RECONNECT_MS);
  }
}

async function stopBroker(rig: Rig): Promise<void> {
  const { meters } = rig.settings;
  await rig.start();
  await rig.flow(meters);
  rig.broker.signal('SIGSTOP');
  rig.broke();
  await rig.polled(20 * meters);
  rig.broker.signal('SIGCONT');
  await rig.flow(10 * meters, RECONNECT_MS);
}

async function flap({ proxy, ...rig }: Rig, { rounds, random }: Scale): Promise<void> {
  await rig.start();
  const before = proxy.connections;
  const start = performance.now();
  while (proxy.connections - before < 1 + rounds) {
    proxy.cut();
    rig.broke();
    await pause(random.between(100, 2000));
  }
  const perSecond = ((proxy.connections - before) * 1000) / (performance.now() - start);
  if (perSecond > 1) rig.complain(`${perSecond.toFixed(1)} attempts to connect a second`);
  await rig.flow(2 * rig.settings.meters, RECONNECT_MS);
}

async function acknowledgeSlowly({ proxy, ...rig }: Rig): Promise<void> {
  const { meters } = rig.settings;
  await rig.start();
  proxy.delay(2000);
  await rig.flow(16 * meters);
  proxy.delay(0);
  await rig.flow(2 * meters);
}

/** Nobody says that the connection is gone; only the silence does. */
async function cutHalfOpen({ proxy, ...rig }: Rig): Promise<void> {
  const { meters } = rig.settings;
  await rig.start();
  await rig.flow(meters);
  const before = proxy.connections;
  proxy.freeze();
  rig.broke();
  await until('another attempt', () => proxy.connections > before);
  proxy.thaw();
  proxy.cut();
  await rig.flow(4 * meters, RECONNECT_MS);
}

/** What is published between the death of a broker and the return of the headend is gone. */
async function losePublished({ headend, broker, dataDir, ...rig }: Rig): Promise<void> {
  const { meters } = rig.settings;
  const acked = () => positionOf(dataDir)?.acked ?? 0;
  const gateway = await rig.start();
  await rig.flow(2 * meters);
  await headend.leave();
  const [before, connections] = [acked(), gateway.said(CONNECTED)];
  await broker.kill();
  rig.broke();
  await broker.restart();
  const isBack = () => gateway.said(CONNECTED) > connections;
  await until('the gateway to connect', isBack, RECONNECT_MS);
  await rig.polled(6 * meters);
  await headend.join();
  await rig.flow(4 * meters);
  if (rig.settings.delivery === 'headend') return;
  if (acked() === before) rig.complain('nothing was published while the headend was away');
  rig.allow({ lost: acked() - before + WINDOW * BATCH });
}

/** Runs of numbers without a hole. */
function rangesOf(seqs: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}

async function refill({ headend }: Rig): Promise<void> {
  const gaps = gapsIn(headend);
  const stream: Stream = 'live';
  const missing = gaps.filter((gap) => gap.stream === stream);
  const epoch = Math.max(...missing.map((gap) => gap.epoch));
  for (const { from, to } of rangesOf(missing.map(({ seq }) => seq))) {
    const id = `refill-${from}`;
    await headend.send('cmd', { v: 1, id, op: 'resend', epoch, stream, from, to });
    const result = () => headend.results.find((one) => one.id === id);
    await until('an answer to resend', () => result() !== undefined);
    if (result()?.state !== 'done') throw new Error(`resend: ${JSON.stringify(result())}`);
  }
  await until('the gaps to be filled', () => gapsIn(headend).every((gap) => gap.stream !== stream));
}

const keeping = (dir: string): Preparation => ({
  broker: ['persistence true', `persistence_location ${dir}/`],
  uplink: {},
});

export const BROKER_FAULTS: readonly Fault[] = [
  {
    name: 'broker-kill',
    breaks: 'kill -9 of the broker, which keeps nothing',
    quick: false,
    needs: ['mosquitto'],
    run: killBroker,
  },
  {
    name: 'broker-kill-keeping',
    breaks: 'kill -9 of the broker, which keeps what it has now and then',
    quick: false,
    needs: ['mosquitto'],
    settings: { prepare: keeping },
    run: killBroker,
  },
  {
    name: 'broker-stop',
    breaks: 'the broker stands still for 20 s (SIGSTOP)',
    quick: false,
    needs: ['mosquitto'],
    run: stopBroker,
  },
  {
    name: 'flapping',
    breaks: 'the connection is cut again and again',
    quick: false,
    needs: ['mosquitto'],
    settings: { isBehindProxy: true },
    run: flap,
  },
  {
    name: 'slow-acks',
    breaks: 'what the broker says comes 2 s later',
    quick: false,
    needs: ['mosquitto'],
    settings: { isBehindProxy: true, resendAfter: '20s' },
    run: acknowledgeSlowly,
  },
  {
    name: 'half-open',
    breaks: 'nothing passes the network and no end is told',
    quick: false,
    needs: ['mosquitto'],
    settings: { isBehindProxy: true },
    run: cutHalfOpen,
  },
  {
    name: 'amnesia',
    breaks: 'the broker forgets what it has acknowledged, and the headend comes back late',
    quick: true,
    needs: ['mosquitto'],
    run: losePublished,
  },
  {
    name: 'amnesia-broker',
    breaks: 'the same with delivery: broker',
    quick: false,
    needs: ['mosquitto'],
    settings: { delivery: 'broker' },
    bounds: { isGapExact: true },
    run: losePublished,
  },
  {
    name: 'amnesia-resend',
    breaks: 'the same again, and the headend asks for what is missing',
    quick: true,
    needs: ['mosquitto'],
    settings: { delivery: 'broker' },
    bounds: { isGapExact: true },
    async run(rig) {
      await losePublished(rig);
      await refill(rig);
      rig.allow({ lost: 0 });
    },
  },
];
