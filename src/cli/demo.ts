import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { READING_STREAMS, type Reading } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { createLog } from '../host/log.ts';
import type { SimLine } from '../sim/line.ts';
import { serveTcp } from '../sim/serve.ts';
import { startEmbeddedBroker } from '../uplink/embedded-broker.ts';
import { type DemoHeadend, startDemoHeadend } from './demo-headend.ts';
import { createScreen, type DemoFigures, demoLine, demoTable } from './demo-view.ts';
import { printJson, printLine } from './output.ts';
import { buildSimLine } from './sim.ts';

interface DemoOptions {
  readonly for?: number;
  readonly json?: true;
}

const METERS = 8;
/** On the same line as the DL/T 645 meters. */
const PANELS = { model: 'eastron-sdm630', meters: 2, firstAddress: '17' } as const;
const SITE = 'demo';
const GATEWAY = 'gw1';
const UPLINK = 'main';
/** What was read must be with the headend this long after the last reading. */
const DELIVERY_MS = 15_000;
const REDRAW_MS = 500;

/** A Modbus meter is named after what it measures, a DL/T 645 meter after its address. */
const nameOf = (address: string) => (address.length < 12 ? `panel-${address}` : address);

function meterLine(address: string): string {
  return address.length < 12
    ? `  - { id: ${nameOf(address)}, address: ${address}, bus: rs485-1, model: ${PANELS.model}, plans: [panels] }`
    : `  - { id: "${address}", bus: rs485-1, model: dlt645-2007, plans: [live] }`;
}

/** The configuration of the demo is one that a user could have written. */
function configText(line: { port: number; meters: readonly string[] }, broker: string): string {
  return [
    `site: ${SITE}`,
    `gateway: ${GATEWAY}`,
    'timezone: Asia/Shanghai',
    'logLevel: error',
    'buses:',
    `  rs485-1: { tcp: { host: 127.0.0.1, port: ${line.port}, baudRate: 2400 } }`,
    'plans:',
    '  live:',
    '    every: 10s',
    '    read: [energy_active_import, energy_active_import_t1, energy_active_import_t2, voltage_l1, power_active]',
    '  panels:',
    '    every: 10s',
    '    read: [energy_active_import, voltage_l1, power_active]',
    'meters:',
    ...line.meters.map(meterLine),
    'uplinks:',
    `  - { name: ${UPLINK}, mqtt: { url: "${broker}", delivery: headend } }`,
    '',
  ].join('\n');
}

/** Everything that the demo runs, in the order in which it is ended. */
interface Stage {
  readonly gateway: Gateway;
  readonly headend: DemoHeadend;
  readonly meters: readonly string[];
  close(): Promise<void>;
}

interface Audience {
  readonly say: (text: string) => void;
  readonly onReading: (reading: Reading) => void;
}

async function setStage(line: SimLine, { say, onReading }: Audience): Promise<Stage> {
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  const broker = await startEmbeddedBroker();
  const dir = await mkdtemp(join(tmpdir(), 'amr-demo-'));
  const file = join(dir, 'gateway.yaml');
  await writeFile(file, configText({ port: served.port, meters: line.addresses }, broker.url));
  const loaded = await loadConfig(file, { dataDir: join(dir, 'data') });
  const headend = await startDemoHeadend(broker.url, { site: SITE, gateway: GATEWAY }, onReading);
  const log = createLog(loaded.config.logLevel);
  const gateway = await startGateway({ loaded, clock: systemClock, log, random: Math.random });
  say(
    `${METERS} DL/T 645 and ${PANELS.meters} Modbus meters, simulated, on one line at 2400 baud: tcp://127.0.0.1:${served.port}`,
  );
  say(`broker for any MQTT client: ${broker.url}, topics amr/v1/${SITE}/${GATEWAY}/#`);
  say('');
  return {
    gateway,
    headend,
    meters: line.addresses.map(nameOf),
    async close() {
      await gateway.stop();
      await headend.close();
      await broker.close();
      line.close();
      await served.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function waitingIn(store: Store): number {
  return READING_STREAMS.reduce(
    (sum, stream) => sum + store.head(stream) - store.acked(UPLINK, stream),
    0,
  );
}

function figuresOf({ gateway, headend }: Stage): DemoFigures {
  const sum = (key: 'due' | 'read') =>
    gateway.buses.reduce((total, { counters }) => total + counters[key], 0);
  const { delivered, duplicates } = headend;
  return {
    due: sum('due'),
    read: sum('read'),
    delivered,
    duplicates,
    waiting: waitingIn(gateway.store),
  };
}

async function untilDelivered({ gateway }: Stage): Promise<void> {
  const giveUpAt = systemClock.monotonic() + DELIVERY_MS;
  while (waitingIn(gateway.store) > 0 && systemClock.monotonic() < giveUpAt) {
    await systemClock.sleep(50);
  }
}

/** Ends after the given seconds, at a signal, or never. */
async function showTime(seconds: number | undefined, draw: () => void): Promise<void> {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
  const drawing = setInterval(draw, REDRAW_MS);
  const ms = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000;
  await systemClock.sleep(ms, end.signal).catch(() => undefined);
  clearInterval(drawing);
}

async function demo(options: DemoOptions): Promise<void> {
  const isLive = process.stdout.isTTY && !options.json;
  const line = await buildSimLine({ meters: METERS, beside: [PANELS] });
  // With --json the standard output is for machines.
  const say = options.json ? (text: string) => process.stderr.write(`${text}\n`) : printLine;
  const onReading = (reading: Reading) => {
    if (!isLive) say(demoLine(reading));
  };
  const stage = await setStage(line, { say, onReading });
  const screen = createScreen(process.stdout);
  const draw = () => {
    if (isLive) screen.draw(demoTable(stage.meters, stage.headend.latest, figuresOf(stage)));
  };
  await showTime(options.for, draw);
  await stage.gateway.finish();
  await untilDelivered(stage);
  draw();
  const { due, read, delivered, duplicates } = figuresOf(stage);
  await stage.close();
  const totals = { due, read, delivered, lost: due - delivered, duplicates };
  if (options.json) printJson(totals);
  else printLine(`${due} due, ${read} read, ${delivered} delivered, ${totals.lost} lost`);
  process.exitCode = read === due && delivered === read ? 0 : 1;
}

function seconds(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('a whole number of seconds.');
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('Simulated meters, gateway, broker and headend in one process.')
    .option('--for <seconds>', 'end by itself after this time', seconds)
    .option('--json', 'end with one JSON line of totals')
    .addHelpText('after', '\nExample:\n  amr demo --for 20 --json')
    .action(demo);
}
