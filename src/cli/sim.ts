import { appendFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { JournalEntry, RegisterPlace } from '../core/slave.ts';
import { FAULTS } from '../sim/faults.ts';
import { createSimLine, type SimLine } from '../sim/line.ts';
import { createModbusTcpMeters, type ModbusTcpMeters, serveModbusTcp } from '../sim/modbus-tcp.ts';
import { serveSerial, serveTcp } from '../sim/serve.ts';
import {
  applyFaults,
  bitsPerByteOf,
  buildMeters,
  KINDS,
  SIM_DEFAULTS,
  type SimGroup,
  type SimMetersSettings,
} from './sim-meters.ts';
import {
  collectFault,
  collectGroup,
  collectHole,
  type FaultyMeter,
  once,
  parseAddress,
  parseDrift,
  parseListen,
  parseSunspec,
  parseZone,
  whole,
} from './sim-options.ts';

/** `amr sim`: simulated meters, for tests, demos and bench work. */
export interface SimLineSettings extends SimMetersSettings {
  /** As the first model is delivered where absent. */
  readonly baudRate?: number;
  readonly answerDelayMs?: number;
  readonly faults?: readonly FaultyMeter[];
  readonly onAnswer?: (entry: JournalEntry) => void;
}

const ANSWER_DELAY_MS = 20;

/** What a line and a connection have in common. */
async function partsOf(settings: SimLineSettings, on: 'line' | 'modbus-tcp') {
  const { clock = systemClock, seed = SIM_DEFAULTS.seed, onAnswer } = settings;
  const meters = await buildMeters(settings, on);
  const [{ createSlave, model }] = meters;
  const answerDelayMs = settings.answerDelayMs ?? ANSWER_DELAY_MS;
  const listener = onAnswer === undefined ? {} : { onAnswer };
  return {
    /** How the first of them talks. */
    lineOfModel: model.line,
    parts: { clock, seed, meters, createSlave, answerDelayMs, ...listener },
  };
}

async function lineWithSettings(settings: SimLineSettings) {
  const { parts, lineOfModel } = await partsOf(settings, 'line');
  const talk = { ...lineOfModel, baudRate: settings.baudRate ?? lineOfModel.baudRate };
  const line = createSimLine({
    ...parts,
    baudRate: talk.baudRate,
    bitsPerByte: bitsPerByteOf(talk),
    isPrecise: parts.clock === systemClock,
  });
  applyFaults(line, settings.faults ?? [], { meters: parts.meters, on: 'line' });
  return { line, talk };
}

/**
 * A line with its meters, of one model or of several. Throws CONFIG_INVALID for models, addresses
 * and faults that cannot be.
 */
export async function buildSimLine(settings: SimLineSettings = {}): Promise<SimLine> {
  return (await lineWithSettings(settings)).line;
}

/**
 * Meters behind a Modbus TCP address; with `isBehindGateway` on a line behind it. Throws
 * CONFIG_INVALID as {@link buildSimLine} does.
 */
export async function buildModbusTcpMeters(
  settings: SimLineSettings & { readonly isBehindGateway?: boolean },
): Promise<ModbusTcpMeters> {
  const { parts, lineOfModel } = await partsOf(settings, 'modbus-tcp');
  const baudRate = settings.baudRate ?? lineOfModel.baudRate;
  const line = { baudRate, bitsPerByte: bitsPerByteOf(lineOfModel) };
  const gateway = settings.isBehindGateway === true ? { line } : {};
  const meters = createModbusTcpMeters({ ...parts, ...gateway });
  applyFaults(meters, settings.faults ?? [], { meters: parts.meters, on: 'modbus-tcp' });
  return meters;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

interface SimCommandOptions {
  readonly model: string;
  readonly also?: readonly SimGroup[];
  readonly models?: string;
  readonly meters: number;
  readonly firstAddress: string;
  readonly kind?: (typeof KINDS)[number];
  readonly baud?: number;
  readonly delay: number;
  readonly listen: Place;
  readonly serial?: string;
  readonly modbusTcp?: Place;
  readonly gateway?: true;
  readonly preamble: number;
  readonly seed: number;
  readonly zone: string;
  readonly drift: number;
  readonly fault?: readonly FaultyMeter[];
  readonly hole?: readonly RegisterPlace[];
  readonly sunspec?: { readonly sunspecModel: number; readonly sunspecBase: number };
  readonly journal?: string;
  readonly json?: true;
}

function openJournal(path: string): (entry: JournalEntry) => void {
  try {
    appendFileSync(path, '');
  } catch (cause) {
    throw new AmrError('CONFIG_INVALID', `cannot write the journal ${path}`, { cause });
  }
  return (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

function settingsOf(options: SimCommandOptions): SimLineSettings {
  const { model, meters, firstAddress, kind, preamble, seed, zone, journal } = options;
  return {
    ...{ model, meters, firstAddress, preamble, seed, zone },
    ...(kind === undefined ? {} : { kind }),
    ...(options.models === undefined ? {} : { modelsDir: options.models }),
    ...(options.baud === undefined ? {} : { baudRate: options.baud }),
    answerDelayMs: options.delay,
    driftMs: options.drift * 1000,
    faults: options.fault ?? [],
    beside: options.also ?? [],
    modbus: { holes: options.hole ?? [], ...options.sunspec },
    ...(journal === undefined ? {} : { onAnswer: openJournal(journal) }),
  };
}

/** Meters that are reachable; `gone` resolves when the place where they are is no more. */
interface Reachable {
  readonly addresses: readonly string[];
  readonly listening: string;
  readonly gone: Promise<void> | null;
  close(): Promise<void>;
}

function urlOf(scheme: string, { host }: Place, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function reachByModbusTcp(options: SimCommandOptions, place: Place): Promise<Reachable> {
  const isBehindGateway = options.gateway === true;
  const meters = await buildModbusTcpMeters({ ...settingsOf(options), isBehindGateway });
  const served = await serveModbusTcp(meters, place);
  return {
    addresses: meters.addresses,
    listening: urlOf('modbus-tcp', place, served.port),
    gone: null,
    async close() {
      meters.close();
      await served.close();
    },
  };
}

async function reachBySerial(options: SimCommandOptions, path: string): Promise<Reachable> {
  const { line, talk } = await lineWithSettings(settingsOf(options));
  const { baudRate, parity, stopBits } = talk;
  const served = await serveSerial(line, { path, ...talk });
  return {
    addresses: line.addresses,
    listening: `serial:${path}?baud=${baudRate}&parity=${parity}&stop=${stopBits}`,
    gone: served.gone,
    async close() {
      line.close();
      await served.close();
    },
  };
}

async function reachByTcp(options: SimCommandOptions): Promise<Reachable> {
  const line = await buildSimLine(settingsOf(options));
  const served = await serveTcp(line, options.listen);
  return {
    addresses: line.addresses,
    listening: urlOf('tcp', options.listen, served.port),
    gone: null,
    async close() {
      line.close();
      await served.close();
    },
  };
}

/** Throws CONFIG_INVALID for options that do not go together. */
function reach(options: SimCommandOptions): Promise<Reachable> {
  const { serial, modbusTcp, gateway } = options;
  if (gateway === true && modbusTcp === undefined) {
    throw new AmrError('CONFIG_INVALID', '--gateway goes with --modbus-tcp');
  }
  if (modbusTcp !== undefined) return reachByModbusTcp(options, modbusTcp);
  return serial === undefined ? reachByTcp(options) : reachBySerial(options, serial);
}

function announce(
  { listening, addresses }: Reachable,
  { json, model, models, also = [] }: SimCommandOptions,
): void {
  const own = models === undefined ? '' : `--models ${models} `;
  const kinds = [model, ...also.map((group) => group.model)].join(', ');
  const text = json
    ? JSON.stringify({ listening, meters: addresses })
    : [
        `${addresses.length} simulated ${kinds} meters, ${addresses[0]} to ${addresses.at(-1)}, on ${listening}`,
        `Read one: amr read --bus '${listening}' ${own}--model ${model} --address ${addresses[0]} energy`,
        'Stop with Ctrl-C.',
      ].join('\n');
  process.stdout.write(`${text}\n`);
}

function stopSignal(): { readonly received: Promise<'stopped'>; forget(): void } {
  let stop = () => {};
  const received = new Promise<'stopped'>((resolve) => {
    stop = () => resolve('stopped');
  });
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    received,
    forget: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    },
  };
}

/** Runs until SIGINT or SIGTERM; rejects with PORT_LOST when the serial port goes away. */
async function runSim(options: SimCommandOptions): Promise<void> {
  const reachable = await reach(options);
  const signal = stopSignal();
  announce(reachable, options);
  const lost = reachable.gone === null ? [] : [reachable.gone.then(() => 'lost' as const)];
  const end = await Promise.race([signal.received, ...lost]);
  signal.forget();
  await reachable.close();
  if (end === 'lost') throw new AmrError('PORT_LOST', `${reachable.listening} went away`);
}

const HELP = `
Example:
  amr sim --meters 4 --listen 127.0.0.1:7645 --fault 000000000002=bit-flip:0.2
  amr sim --model eastron-sdm630 --meters 2 --first-address 17 --modbus-tcp 127.0.0.1:1502
  amr sim --meters 2 --also eastron-sdm630:2:17 --also abb-b23:1:30 --hole input:0x34

Faults, as METER=FAULT[:PROBABILITY[:MS]]; METER may be "all", MS is for late and split:
${Object.entries(FAULTS)
  .map(([name, row]) => `  ${name.padEnd(15)}${row.text}${'ms' in row ? ` (${row.ms} ms)` : ''}`)
  .join('\n')}
`;

const OTHERS = 'Further models are named with --also.';

/** The verb `sim`. */
export function simCommand(): Command {
  const { model, meters, firstAddress, preamble, seed, zone } = SIM_DEFAULTS;
  return new Command('sim')
    .description('run simulated meters behind a TCP or serial line, or behind Modbus TCP')
    .option('--model <name>', 'of the meters; see config/models', once(OTHERS), model)
    .option('--also <group>', 'MODEL[:COUNT[:FIRST]] beside them; may be given again', collectGroup)
    .option('--models <dir>', 'own models besides, as modelsDir of the configuration')
    .option('--meters <n>', 'number of meters', whole(1, 256), meters)
    .option('--first-address <digits>', 'first address or unit', parseAddress, firstAddress)
    .addOption(
      new Option('--kind <kind>', 'of meters; otherwise as the model is, or mixed').choices(KINDS),
    )
    .option('--baud <rate>', "speed of the line, otherwise the model's", whole(300, 921_600))
    .option('--delay <ms>', 'before an answer', whole(0, 60_000), ANSWER_DELAY_MS)
    .addOption(
      new Option('--listen <host:port>', 'serve the line over TCP; port 0 takes a free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 7645 }, '127.0.0.1:7645'),
    )
    .addOption(new Option('--serial <path>', 'serve on a port or pty').conflicts('listen'))
    .addOption(
      new Option('--modbus-tcp <host:port>', 'serve Modbus TCP; port 0 takes a free one')
        .argParser(parseListen)
        .conflicts(['listen', 'serial']),
    )
    .option('--gateway', 'with --modbus-tcp: as a gateway with the meters on a line behind it')
    .option('--preamble <n>', 'FE bytes before an answer of DL/T 645', whole(0, 16), preamble)
    .option('--seed <n>', 'of loads and faults', whole(0, 999_999_999), seed)
    .option('--zone <name>', "the meters' time zone", parseZone, zone)
    .option('--drift <seconds>', "how far the meters' clocks are ahead", parseDrift, 0)
    .option('--fault <meter=fault>', 'see below; may be given again', collectFault)
    .option(
      '--hole <register>',
      'Modbus: refuse holding:N or input:N; may be given again',
      collectHole,
    )
    .option('--sunspec <model>', 'Modbus: as sunspec-meter, such as 203:40000', parseSunspec)
    .option('--journal <file>', 'append every answer given, as JSON lines')
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', HELP)
    .action((options: SimCommandOptions) => runSim(options));
}
