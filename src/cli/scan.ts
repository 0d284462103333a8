import { Command, InvalidArgumentError, Option } from 'commander';
import { loadModels } from '../config/models.ts';
import { systemClock } from '../core/clock.ts';
import type { DiscoverProgress, Discovery, Driver } from '../core/driver.ts';
import { toAmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';
import { loadDriver } from '../field.ts';
import { printJson } from './output.ts';
import { lineText, type Pass, printScan, scanReport } from './scan-report.ts';
import { planSweeps, SCAN_PROTOCOLS, type Sweep, type SweepOptions } from './scan-sweeps.ts';
import { withBus } from './with-bus.ts';

const LONGEST_MINUTES = 60;

interface ScanOptions extends SweepOptions {
  readonly models?: string;
  readonly for: number;
  readonly thorough?: true;
  readonly trace?: true;
  readonly json?: true;
}

/** Minutes where seconds would be many. */
const timeText = (seconds: number) =>
  seconds > 120 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds)} s`;

/** Tells a person at a terminal how far the search is, on one line that is written over. */
function createProgressLine(line: string) {
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
      const rest = left > 0 ? `, ${left} more take ${timeText(left * secondsEach)}` : '';
      const where = line === '' ? protocol : `${line} ${protocol}`;
      put(`${where} ${pattern}: ${meters.length} found, ${asked} asked${rest}`);
    },
    clear() {
      if (before > 0) process.stderr.write(`\r${' '.repeat(before)}\r`);
    },
  };
}

interface ScanDeps {
  readonly options: ScanOptions;
  readonly models: readonly MeterModel[];
  readonly signal: AbortSignal;
}

async function runSweep(
  sweep: Sweep,
  driver: Driver,
  { options, models, signal }: ScanDeps,
): Promise<Pass> {
  const progress = createProgressLine(lineText(sweep.line));
  const nothing: Discovery = { meters: [], unresolved: [], endedBy: null };
  const wanted = {
    ...(sweep.addresses === undefined ? {} : { addresses: sweep.addresses }),
    models: models.filter(({ protocol }) => protocol === driver.protocol),
    isThorough: options.thorough ?? false,
    onProgress: progress.show,
  };
  try {
    const found = await withBus(sweep.line, options.trace ?? false, async (bus) =>
      driver.discover?.(bus, { priority: 'on-demand', signal, ...wanted }, { clock: systemClock }),
    );
    return { ...(found ?? nothing), sweep };
  } catch (thrown) {
    const endedBy = toAmrError(thrown);
    if (!endedBy.code.startsWith('PORT_')) throw thrown;
    return { ...nothing, endedBy, sweep };
  } finally {
    progress.clear();
  }
}

/** Meters of a protocol talk alike: where the rate was not named, one that finds any is the last. */
async function scanAll(deps: ScanDeps): Promise<Pass[]> {
  const passes: Pass[] = [];
  for (const sweeps of planSweeps(deps.options)) {
    for (const sweep of sweeps) {
      const pass = await runSweep(sweep, await loadDriver(sweep.driver), deps);
      passes.push(pass);
      if (pass.endedBy !== null) return passes;
      if (deps.options.baud === undefined && pass.meters.length > 0) break;
    }
  }
  return passes;
}

async function scan(options: ScanOptions): Promise<void> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(options.for * 60_000)]);
  const models = await loadModels(...(options.models === undefined ? [] : [options.models]));
  const passes = await scanAll({ options, models: [...models.values()], signal });
  if (options.json) printJson(scanReport(passes));
  else printScan(passes);
  process.exitCode = passes.some(({ meters }) => meters.length > 0) ? 0 : 1;
}

function baudRates(text: string): number[] {
  const rates = text.split(',').map((word) => (/^\d{3,6}$/.test(word) ? Number(word) : 0));
  if (rates.every((rate) => rate >= 300 && rate <= 921_600)) return rates;
  throw new InvalidArgumentError('It must be rates such as 2400,9600.');
}

/** `1-32,247`: each once, in this order. */
function units(text: string): number[] {
  const all = text.split(',').flatMap((word) => {
    const [, low = '', high = low] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(word) ?? [];
    const [first, last] = [Number(low), Number(high)];
    if (low === '' || first < 1 || last > 255 || last < first) {
      throw new InvalidArgumentError('It must be units from 1 to 255, such as 1-32,247.');
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return [...new Set(all)];
}

function minutes(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of minutes.');
}

const HELP = `
Where a serial port's settings are not named, the usual ones are tried until a meter is found: for
DL/T 645 2400, 9600, 1200, 4800 and 19200 baud, 8E1; for Modbus 9600 8N1, 9600 8E1, 19200 8E1,
19200 8N1 and 2400 8N1, units 1 to 32.

Examples:
  amr scan --bus serial:/dev/ttyUSB0
  amr scan --bus 'serial:/dev/ttyUSB0?baud=9600&parity=none' --protocol modbus
  amr scan --bus modbus-tcp://192.168.1.60 --units 1-32`;

export function scanCommand(): Command {
  return new Command('scan')
    .description('Find the meters on a line, or behind a Modbus TCP address.')
    .requiredOption('--bus <url>', 'serial:/dev/ttyUSB0, tcp://host:port or modbus-tcp://host')
    .addOption(
      new Option(
        '--protocol <name>',
        'both on a line, modbus over modbus-tcp, where absent',
      ).choices(SCAN_PROTOCOLS),
    )
    .option('--baud <rates>', 'rates of a serial port to try, all of them', baudRates)
    .option('--units <units>', 'of Modbus, such as 1-32,247; else all, see below', units)
    .option('--models <dir>', 'own models besides, as modelsDir of the configuration')
    .option('--for <minutes>', 'end with what is found after this time', minutes, LONGEST_MINUTES)
    .option('--thorough', 'DL/T 645: all addresses even where nobody answers a call to all')
    .option('--trace', 'print the last bytes of the line on stderr')
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(scan);
}
