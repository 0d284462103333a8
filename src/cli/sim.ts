import { appendFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Clock, systemClock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { JournalEntry } from '../core/slave.ts';
import { DRIVERS } from '../drivers.ts';
import type { MeterKind } from '../sim/curve.ts';
import { FAULTS } from '../sim/faults.ts';
import { createSimLine, type SimLine } from '../sim/line.ts';
import { createDisplay } from '../sim/load.ts';
import { hash } from '../sim/random.ts';
import { serveSerial, serveTcp } from '../sim/serve.ts';
import {
  collectFault,
  type FaultyMeter,
  parseAddress,
  parseDrift,
  parseListen,
  parseZone,
  whole,
} from './sim-options.ts';

/** `amr sim`: simulated meters on a simulated line, for tests, demos and bench work. */
const PROTOCOLS = Object.keys(DRIVERS);
const KINDS = ['single', 'three', 'mixed'] as const;

export interface SimLineSettings {
  readonly clock?: Clock;
  readonly meters?: number;
  /** Twelve digits; the others follow by one. */
  readonly firstAddress?: string;
  /** `mixed`: every third meter is three-phase. */
  readonly kind?: (typeof KINDS)[number];
  readonly baudRate?: number;
  readonly answerDelayMs?: number;
  readonly preamble?: number;
  readonly seed?: number;
  readonly zone?: string;
  /** What the meters speak, of the table of drivers. */
  readonly protocol?: string;
  /** How far the meters' own clocks are ahead. */
  readonly driftMs?: number;
  readonly faults?: readonly FaultyMeter[];
  readonly onAnswer?: (entry: JournalEntry) => void;
}

const DEFAULTS = {
  clock: systemClock,
  meters: 8,
  firstAddress: '000000000001',
  kind: 'mixed',
  baudRate: 2400,
  answerDelayMs: 20,
  preamble: 4,
  seed: 1,
  zone: 'Asia/Shanghai',
  protocol: 'dlt645-2007',
  driftMs: 0,
} as const satisfies SimLineSettings;

function kindOf(kind: (typeof KINDS)[number], index: number): MeterKind {
  if (kind !== 'mixed') return kind;
  return index % 3 === 2 ? 'three' : 'single';
}

/**
 * A line with DL/T 645 meters; every fourth has solar panels and feeds in around noon.
 * Throws CONFIG_INVALID for a fault of a meter that is not there.
 */
export async function buildSimLine(settings: SimLineSettings = {}): Promise<SimLine> {
  const merged = { ...DEFAULTS, ...settings };
  const { clock, meters: count, firstAddress, kind, zone, driftMs, protocol, ...line } = merged;
  const createSlave = await DRIVERS[protocol]?.slave();
  if (createSlave === undefined) throw new AmrError('INTERNAL', `no driver ${protocol}`);
  const meters = Array.from({ length: count }, (_, index) => ({
    address: String(BigInt(firstAddress) + BigInt(index)).padStart(12, '0'),
    preamble: line.preamble,
    display: createDisplay({
      clock,
      kind: kindOf(kind, index),
      seed: hash(line.seed, index),
      zone,
      solar: index % 4 === 3,
      driftMs,
    }),
  }));
  // The first look at a register adds up the past; later, that would hold up the line.
  for (const { display } of meters) display.show('energy_active_import');
  const isPrecise = clock === systemClock;
  const simLine = createSimLine({ ...line, clock, createSlave, meters, isPrecise });
  for (const { meter, fault } of settings.faults ?? []) {
    const addresses = meter === 'all' ? simLine.addresses : [meter];
    for (const address of addresses) simLine.setFault(address, fault);
  }
  return simLine;
}

interface SimCommandOptions {
  readonly meters: number;
  readonly firstAddress: string;
  readonly kind: (typeof KINDS)[number];
  readonly baud: number;
  readonly delay: number;
  readonly listen: { host: string; port: number };
  readonly serial?: string;
  readonly preamble: number;
  readonly seed: number;
  readonly zone: string;
  readonly protocol: string;
  readonly drift: number;
  readonly fault?: readonly FaultyMeter[];
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

function lineOf(options: SimCommandOptions): Promise<SimLine> {
  const { baud, delay, drift, fault, journal, ...same } = options;
  return buildSimLine({
    ...same,
    baudRate: baud,
    answerDelayMs: delay,
    driftMs: drift * 1000,
    faults: fault ?? [],
    ...(journal === undefined ? {} : { onAnswer: openJournal(journal) }),
  });
}

/** Serves the line where the options say; `gone` resolves when that place is no more. */
async function serve(line: SimLine, { serial, listen, baud }: SimCommandOptions) {
  if (serial !== undefined) {
    const served = await serveSerial(line, { path: serial, baudRate: baud });
    return { ...served, listening: `serial:${serial}?baud=${baud}&parity=even` };
  }
  const served = await serveTcp(line, listen);
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return { ...served, listening: `tcp://${host}:${served.port}`, gone: null };
}

function announce(
  listening: string,
  addresses: readonly string[],
  { json, protocol }: SimCommandOptions,
): void {
  const text = json
    ? JSON.stringify({ listening, meters: addresses })
    : [
        `${addresses.length} simulated ${protocol} meters, ${addresses[0]} to ${addresses.at(-1)}, on ${listening}`,
        `Read one: amr read --bus '${listening}' --model ${protocol} --address ${addresses[0]} energy`,
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
  const line = await lineOf(options);
  const served = await serve(line, options);
  const signal = stopSignal();
  announce(served.listening, line.addresses, options);
  const lost = served.gone === null ? [] : [served.gone.then(() => 'lost' as const)];
  const end = await Promise.race([signal.received, ...lost]);
  signal.forget();
  line.close();
  await served.close();
  if (end === 'lost') throw new AmrError('PORT_LOST', `${served.listening} went away`);
}

const HELP = `
Example:
  amr sim --meters 4 --listen 127.0.0.1:7645 --fault 000000000002=bit-flip:0.2

Faults, as METER=FAULT[:PROBABILITY[:MS]]; METER may be "all", MS is for late and split:
${Object.entries(FAULTS)
  .map(([name, row]) => `  ${name.padEnd(15)}${row.text}${'ms' in row ? ` (${row.ms} ms)` : ''}`)
  .join('\n')}
`;

/** The verb `sim`. */
export function simCommand(): Command {
  return new Command('sim')
    .description('run simulated DL/T 645 meters behind a TCP or serial line')
    .option('--meters <n>', 'number of meters', whole(1, 256), DEFAULTS.meters)
    .option('--first-address <digits>', 'first address', parseAddress, DEFAULTS.firstAddress)
    .addOption(
      new Option('--protocol <name>', 'that the meters speak')
        .choices(PROTOCOLS)
        .default(DEFAULTS.protocol),
    )
    .addOption(new Option('--kind <kind>', 'of meters').choices(KINDS).default(DEFAULTS.kind))
    .option('--baud <rate>', 'speed of the line, 8E1', whole(300, 921_600), DEFAULTS.baudRate)
    .option('--delay <ms>', 'before an answer', whole(0, 60_000), DEFAULTS.answerDelayMs)
    .addOption(
      new Option('--listen <host:port>', 'serve over TCP; port 0 takes a free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 7645 }, '127.0.0.1:7645'),
    )
    .addOption(new Option('--serial <path>', 'serve on a port or pty').conflicts('listen'))
    .option('--preamble <n>', 'FE bytes before an answer', whole(0, 16), DEFAULTS.preamble)
    .option('--seed <n>', 'of loads and faults', whole(0, 999_999_999), DEFAULTS.seed)
    .option('--zone <name>', "the meters' time zone", parseZone, DEFAULTS.zone)
    .option('--drift <seconds>', "how far the meters' clocks are ahead", parseDrift, 0)
    .option('--fault <meter=fault>', 'see below; may be given again', collectFault)
    .option('--journal <file>', 'append every answer given, as JSON lines')
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', HELP)
    .action((options: SimCommandOptions) => runSim(options));
}
