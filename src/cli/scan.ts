import { Command, InvalidArgumentError } from 'commander';
import type { BusConfig } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import type { DiscoverProgress, Discovery, Driver, FoundMeter } from '../core/driver.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import { loadDriver } from '../field.ts';
import { parseBusUrl } from './bus-url.ts';
import { printJson, printLine, table } from './output.ts';
import { withBus } from './with-bus.ts';

const PROTOCOL = 'dlt645-2007';
/** The order in which meters are found soonest in the field. */
const BAUD_RATES: readonly number[] = [2400, 9600, 1200, 4800, 19_200];
const LONGEST_MINUTES = 60;

interface ScanOptions {
  readonly bus: string;
  readonly baud?: readonly number[];
  readonly for: number;
  readonly thorough?: true;
  readonly trace?: true;
  readonly json?: true;
}

/** One pass over the line at one rate. */
interface Pass extends Discovery {
  readonly baudRate: number;
}

interface ScanReport {
  readonly meters: readonly (FoundMeter & { readonly baudRate: number })[];
  /** Parts of all addresses where somebody was heard and not everybody found. */
  readonly unresolved: readonly { pattern: string; baudRate: number }[];
  readonly errors: readonly { code: string; message: string; baudRate: number }[];
}

/** What meters share; a Modbus TCP connection leads to one device. */
type LineConfig = Exclude<BusConfig, { readonly modbusTcp: unknown }>;

const baudRateOf = (line: LineConfig) =>
  'serial' in line ? line.serial.baudRate : line.tcp.baudRate;

const hasBaud = (url: string) => URL.parse(url)?.searchParams.has('baud') ?? false;

/** The line at each rate to try; behind a TCP port the rate is not ours to set. */
function linesOf({ bus, baud }: ScanOptions): LineConfig[] {
  const line = parseBusUrl(bus);
  if ('modbusTcp' in line) {
    throw new AmrError('CONFIG_INVALID', '--bus: a scan goes over a line, serial or tcp');
  }
  if (!('serial' in line)) {
    if (baud === undefined) return [line];
    throw new AmrError('CONFIG_INVALID', '--baud: only the rate of a serial port can be set here');
  }
  const rates = baud ?? (hasBaud(bus) ? [line.serial.baudRate] : BAUD_RATES);
  return rates.map((baudRate) => ({ ...line, serial: { ...line.serial, baudRate } }));
}

/** Tells a person at a terminal how far the search is, on one line that is written over. */
function createProgressLine(baudRate: number) {
  const startedAt = systemClock.monotonic();
  let before = 0;
  const put = (text: string) => {
    process.stderr.write(`\r${text.padEnd(before)}`);
    before = text.length;
  };
  return {
    show({ protocol, pattern, asked, left, meters }: DiscoverProgress) {
      if (!process.stderr.isTTY) return;
      const secondsEach = (systemClock.monotonic() - startedAt) / 1000 / asked;
      const rest = left > 0 ? `, ${left} more take ${Math.ceil(left * secondsEach)} s` : '';
      put(`${baudRate} baud ${protocol} ${pattern}: ${meters.length} found, ${asked} asked${rest}`);
    },
    clear() {
      if (before > 0) process.stderr.write(`\r${' '.repeat(before)}\r`);
    },
  };
}

async function scanLine(
  line: LineConfig,
  driver: Driver,
  { options, signal }: { options: ScanOptions; signal: AbortSignal },
): Promise<Pass> {
  const baudRate = baudRateOf(line);
  const progress = createProgressLine(baudRate);
  const nothing: Discovery = { meters: [], unresolved: [], endedBy: null };
  try {
    const found = await withBus(line, options.trace ?? false, async (bus) =>
      driver.discover?.(bus, {
        priority: 'on-demand',
        signal,
        isThorough: options.thorough ?? false,
        onProgress: progress.show,
      }),
    );
    return { ...(found ?? nothing), baudRate };
  } catch (thrown) {
    const endedBy = toAmrError(thrown);
    if (!endedBy.code.startsWith('PORT_')) throw thrown;
    return { ...nothing, endedBy, baudRate };
  } finally {
    progress.clear();
  }
}

/** A line has one rate: where it was not named, the first that finds a meter is the last tried. */
async function scanAll(options: ScanOptions, signal: AbortSignal): Promise<Pass[]> {
  const lines = linesOf(options);
  const driver = await loadDriver(PROTOCOL);
  const passes: Pass[] = [];
  for (const line of lines) {
    const pass = await scanLine(line, driver, { options, signal });
    passes.push(pass);
    if (pass.endedBy !== null) break;
    if (options.baud === undefined && pass.meters.length > 0) break;
  }
  return passes;
}

function reportOf(passes: readonly Pass[]): ScanReport {
  return {
    meters: passes.flatMap(({ meters, baudRate }) =>
      meters.map(({ address, protocol }) => ({ address, protocol, baudRate })),
    ),
    unresolved: passes.flatMap(({ unresolved, baudRate }) =>
      unresolved.map((pattern) => ({ pattern, baudRate })),
    ),
    errors: passes.flatMap(({ endedBy, baudRate }) =>
      endedBy === null ? [] : [{ code: endedBy.code, message: endedBy.message, baudRate }],
    ),
  };
}

function print({ meters, unresolved, errors }: ScanReport): void {
  const rows = meters.map(({ address, protocol, baudRate }) => [
    address,
    protocol,
    String(baudRate),
  ]);
  if (rows.length === 0) printLine('no meter found');
  else for (const line of table(['address', 'protocol', 'baud'], rows)) printLine(line);
  for (const { pattern, baudRate } of unresolved) {
    process.stderr.write(`${pattern} at ${baudRate} baud: not everybody there was found\n`);
  }
  for (const { code, message } of errors) process.stderr.write(`${code}: ${message}\n`);
}

async function scan(options: ScanOptions): Promise<void> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const end = AbortSignal.any([interrupt.signal, AbortSignal.timeout(options.for * 60_000)]);
  const report = reportOf(await scanAll(options, end));
  if (options.json) printJson(report);
  else print(report);
  process.exitCode = report.meters.length > 0 ? 0 : 1;
}

function baudRates(text: string): number[] {
  const rates = text.split(',').map((word) => (/^\d{3,6}$/.test(word) ? Number(word) : 0));
  if (rates.every((rate) => rate >= 300 && rate <= 921_600)) return rates;
  throw new InvalidArgumentError('It must be rates such as 2400,9600.');
}

function minutes(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of minutes.');
}

export function scanCommand(): Command {
  return new Command('scan')
    .description('Find the DL/T 645 meters on a line of which nothing is known.')
    .requiredOption('--bus <url>', 'serial:/dev/ttyUSB0?parity=even or tcp://host:port')
    .option(
      '--baud <rates>',
      `rates to try, all of them; else ${BAUD_RATES.join(',')} until one finds a meter`,
      baudRates,
    )
    .option('--for <minutes>', 'end with what is found after this time', minutes, LONGEST_MINUTES)
    .option('--thorough', 'go through all addresses even where nobody answers a call to all')
    .option('--trace', 'print the last bytes of the line on stderr')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  amr scan --bus serial:/dev/ttyUSB0 --baud 2400,9600')
    .action(scan);
}
