import { Command, InvalidArgumentError } from 'commander';
import { loadModels } from '../config/models.ts';
import { formatDecimal } from '../core/decimal.ts';
import type { Driver, ReadResult } from '../core/driver.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import { type MeterModel, resolveRegisters } from '../core/model.ts';
import type { Register } from '../core/registers.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { loadDriver } from '../field.ts';
import { repeatRead } from '../poll/repeat.ts';
import { parseBusUrl } from './bus-url.ts';
import { printJson, printLine, table } from './output.ts';
import { withBus } from './with-bus.ts';

interface ReadOptions {
  readonly bus: string;
  readonly model: string;
  readonly address?: string;
  readonly retries: number;
  readonly trace?: true;
  readonly json?: true;
}

interface ReadReport {
  readonly meter: string;
  readonly readAt: string;
  readonly values: {
    obis: string | null;
    name: string;
    value: string | null;
    unit: string;
    /** The meter's wall time of a demand. */
    at?: string | null;
  }[];
  readonly errors: { code: string; message: string; registers: string[] }[];
}

async function modelNamed(name: string): Promise<MeterModel> {
  const models = await loadModels();
  const model = models.get(name);
  if (model !== undefined) return model;
  const known = [...models.keys()].join(', ');
  throw new AmrError('CONFIG_INVALID', `no model "${name}"; there are ${known}`);
}

/** Registers by OBIS code, name or group of the model, or by an identifier of the protocol. */
function registersNamed(words: readonly string[], model: MeterModel, driver: Driver): Register[] {
  const registers = words.flatMap((word) => {
    const held = driver.registersAt(word);
    return held.length > 0 ? held : resolveRegisters(model, [word]);
  });
  return [...new Set(registers)];
}

function reportOf(address: string, { values, failures }: ReadResult): ReadReport {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    meter: address,
    readAt: formatInstant(Date.now(), zone),
    values: values.map(({ register: { obis, name, unit }, value, at }) => ({
      obis,
      name,
      value: value === null ? null : formatDecimal(value),
      unit,
      ...(at === undefined ? {} : { at }),
    })),
    errors: failures.map(({ registers, error }) => ({
      code: error.code,
      message: error.message,
      registers: registers.map(({ name }) => name),
    })),
  };
}

function print(report: ReadReport): void {
  printLine(`meter ${report.meter} at ${report.readAt}`);
  const rows = report.values.map(({ obis, name, value, unit, at }) => [
    obis ?? '-',
    name,
    value ?? 'no value',
    unit,
    at?.replace('T', ' ') ?? '',
  ]);
  const isTimed = rows.some(([, , , , at]) => at !== '');
  const header = ['obis', 'name', 'value', 'unit', ...(isTimed ? ['at'] : [])];
  if (rows.length > 0) for (const line of table(header, rows)) printLine(line);
  for (const { code, message, registers } of report.errors) {
    process.stderr.write(`${code}: ${message} (${registers.join(', ')})\n`);
  }
}

/** A port that cannot be had is a cause like any other why nothing was read. */
function unread(registers: readonly Register[], thrown: unknown): ReadResult {
  const error = toAmrError(thrown);
  if (!error.code.startsWith('PORT_')) throw thrown;
  return { values: [], failures: [{ registers, error }] };
}

/** Every AA is a wildcard: a lone meter answers whatever its number is. */
const ANY_METER = 'AAAAAAAAAAAA';

async function read(words: readonly string[], options: ReadOptions): Promise<void> {
  const line = parseBusUrl(options.bus);
  const model = await modelNamed(options.model);
  const driver = await loadDriver(model.protocol);
  const address = driver.parseAddress(options.address ?? ANY_METER);
  const registers = registersNamed(words, model, driver);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const answer: ReadResult = await withBus(line, options.trace ?? false, (bus) => {
    const session = driver.open(bus, address, model);
    return repeatRead(registers, {
      retries: options.retries,
      read: (wanted) => session.read(wanted, { priority: 'on-demand', signal: interrupt.signal }),
    });
  }).catch((thrown: unknown) => unread(registers, thrown));
  const report = reportOf(answer.address ?? address, answer);
  if (options.json) printJson(report);
  else print(report);
  process.exitCode = report.values.length > 0 ? 0 : 1;
}

function count(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 0 to 99.');
}

export function readCommand(): Command {
  return new Command('read')
    .description('Read registers of one meter now; no configuration is needed.')
    .argument('<register...>', 'OBIS codes, names, groups of the model, or data identifiers')
    .requiredOption('--bus <url>', 'serial:/dev/ttyUSB0?baud=2400&parity=even or tcp://host:port')
    .requiredOption('--model <name>', 'meter model')
    .option('--address <digits>', 'communication address; a lone DL/T 645 meter needs none')
    .option('--retries <count>', 'further tries of what got no answer', count, 2)
    .option('--trace', 'print the bytes of the line on stderr')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  amr read --bus tcp://127.0.0.1:7645 --model dlt645-2007 --address 000000000001 energy 1-0:32.7.0',
    )
    .action(read);
}
