import { Command } from 'commander';
import { loadModels } from '../config/models.ts';
import type { Bus } from '../core/bus.ts';
import { systemClock } from '../core/clock.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import { resolveRegisters } from '../core/model.ts';
import { loadDriver } from '../field.ts';
import { parseBusUrl } from './bus-url.ts';
import { explained } from './line-text.ts';
import { modelNamed } from './model-named.ts';
import { printJson } from './output.ts';
import { type KeptOptions, keptKind, readKept } from './read-kept.ts';
import { keptReport } from './read-kept-report.ts';
import { parseDay, parseMonth, parseRetries, parseSpan } from './read-options.ts';
import { presentJob } from './read-present.ts';
import { causeOf, headOf, printReport } from './read-report.ts';
import { type Job, openTarget, type Printed, type Target } from './read-target.ts';
import { parseZone } from './sim-options.ts';
import { withBus } from './with-bus.ts';

interface ReadCommandOptions extends KeptOptions {
  readonly bus: string;
  readonly model: string;
  readonly models?: string;
  readonly address?: string;
  readonly retries: number;
  readonly zone: string;
  readonly trace?: true;
  readonly json?: true;
}

/** Stands for the generic model of whichever edition of DL/T 645 the meter speaks. */
const AUTO = 'auto';
const AUTO_MODEL = 'dlt645-auto';

async function targetOf(
  name: string,
  { address, models }: { address?: string | undefined; models?: string | undefined },
): Promise<Target> {
  const known = await loadModels(...(models === undefined ? [] : [models]));
  const model = modelNamed(known, name, [AUTO]);
  const driver = await loadDriver(model.protocol);
  return { driver, model, address: driver.parseAddress(address ?? driver.anyAddress ?? '') };
}

function keptJob(target: Target, words: readonly string[], options: ReadCommandOptions): Job {
  const { retries, zone } = options;
  const registers = resolveRegisters(target.model, words);
  return {
    async run(bus, signal): Promise<Printed> {
      const session = openTarget(bus, target);
      const deps = { session, registers, retries, clock: systemClock, zone, signal };
      const kept = await readKept(options, deps);
      const { meter = target.address, body, lines, errors, isEmpty } = keptReport(kept, zone);
      return { report: { ...headOf(meter, zone), ...body, errors }, lines, isEmpty };
    },
    unread: (error) => nothingRead(target, words, { error, zone }),
  };
}

function nothingRead(
  { address }: Target,
  words: readonly string[],
  { error, zone }: { error: AmrError; zone: string },
): Printed {
  const report = { ...headOf(address, zone), values: [], errors: [causeOf(error, words)] };
  return { report, lines: [], isEmpty: true };
}

function jobOf(target: Target, words: readonly string[], options: ReadCommandOptions): Job {
  return keptKind(options, words) === null
    ? presentJob(target, words, options)
    : keptJob(target, words, options);
}

/** The generic models are called as their protocols are. */
async function protocolOf(target: Target, bus: Bus, signal: AbortSignal): Promise<string> {
  const options = { priority: 'on-demand', signal } as const;
  const protocol = await target.driver.identify?.(bus, target.address, options);
  if (protocol != null) return protocol;
  throw new AmrError('BUS_NO_REPLY', `meter ${target.address} answers in no edition of DL/T 645`);
}

/** What the words mean is known once the meter has told its edition. */
function autoJob(target: Target, words: readonly string[], options: ReadCommandOptions): Job {
  keptKind(options, words);
  const unread = (error: AmrError) => nothingRead(target, words, { error, zone: options.zone });
  return {
    unread,
    async run(bus, signal) {
      try {
        const protocol = await protocolOf(target, bus, signal);
        const found = await targetOf(protocol, { address: target.address });
        return await jobOf(found, words, options).run(bus, signal);
      } catch (thrown) {
        const error = toAmrError(thrown);
        if (!error.code.startsWith('BUS_')) throw thrown;
        return unread(error);
      }
    },
  };
}

async function read(words: readonly string[], options: ReadCommandOptions): Promise<void> {
  const isAuto = options.model === AUTO;
  const target = await targetOf(isAuto ? AUTO_MODEL : options.model, options);
  const line = parseBusUrl(options.bus, target.model.line);
  const job = (isAuto ? autoJob : jobOf)(target, words, options);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const {
    report: plain,
    lines,
    isEmpty,
  } = await withBus(line, options.trace ?? false, (bus) => job.run(bus, interrupt.signal)).catch(
    (thrown: unknown) => {
      const error = toAmrError(thrown);
      if (!error.code.startsWith('PORT_')) throw thrown;
      return job.unread(error);
    },
  );
  const errors = plain.errors.map((cause) => explained(cause, line, target.model));
  const report = { ...plain, errors };
  if (options.json) printJson(report);
  else printReport(report, lines);
  process.exitCode = isEmpty ? 1 : 0;
}

const EXAMPLES = `
A serial port is set as the model is usually delivered, unless the URL says otherwise:
serial:/dev/ttyUSB0?baud=9600&parity=none&stop=1.

Examples:
  amr read --bus tcp://127.0.0.1:7645 --model dlt645-2007 --address 000000000001 energy 1-0:32.7.0
  amr read --bus serial:/dev/ttyUSB0 --model auto --clock
  amr read --bus serial:/dev/ttyUSB0 --model dlt645-2007 --freeze 2026-11-23 energy
  amr read --bus serial:/dev/ttyUSB0 --model dlt645-2007 --settlement 2026-11 energy
  amr read --bus serial:/dev/ttyUSB0 --model dlt645-2007 --profile 2026-11-22..2026-11-23 energy_active_import
  amr read --bus serial:/dev/ttyUSB0 --model dlt645-2007 --events`;

export function readCommand(): Command {
  return new Command('read')
    .description('Read one meter now; no configuration is needed.')
    .argument('[register...]', 'OBIS codes, names, groups of the model, or data identifiers')
    .requiredOption('--bus <url>', 'serial:/dev/ttyUSB0, tcp://host:port or modbus-tcp://host')
    .requiredOption('--model <name>', `meter model; ${AUTO}: either edition of DL/T 645`)
    .option('--models <dir>', 'own models besides, as modelsDir of the configuration')
    .option('--address <digits>', 'communication address; a lone DL/T 645 meter needs none')
    .option('--clock', "the meter's clock, and how far it is off")
    .option('--freeze <day>', 'what the meter froze at the start of this day', parseDay)
    .option('--settlement <month>', 'what it kept at the settlement within this month', parseMonth)
    .option('--profile <from..to>', 'its load profile, days or minutes, both included', parseSpan)
    .option('--events', 'what it noted of happenings, and its status')
    .option('--zone <name>', "zone of the meter's wall time", parseZone, localZone())
    .option('--retries <count>', 'further tries of what got no answer', parseRetries, 2)
    .option('--trace', 'print the bytes of the line on stderr')
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(read);
}

const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
