import { Command, InvalidArgumentError } from 'commander';
import { loadModels } from '../config/models.ts';
import { systemClock } from '../core/clock.ts';
import type { DriverSession, ItemReading } from '../core/driver.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';
import { createNotes } from '../core/notes.ts';
import { loadDriver } from '../field.ts';
import { repeatRead } from '../poll/repeat.ts';
import { parseBusUrl } from './bus-url.ts';
import { printJson } from './output.ts';
import { type Answer, type ItemsRead, printReport, reportOf } from './read-report.ts';
import { trueFailures, type Wanted, wantedBy, withBlocks } from './read-words.ts';
import { withBus } from './with-bus.ts';

interface ReadOptions {
  readonly bus: string;
  readonly model: string;
  readonly address?: string;
  readonly retries: number;
  readonly trace?: true;
  readonly json?: true;
}

async function modelNamed(name: string): Promise<MeterModel> {
  const models = await loadModels();
  const model = models.get(name);
  if (model !== undefined) return model;
  const known = [...models.keys()].join(', ');
  throw new AmrError('CONFIG_INVALID', `no model "${name}"; there are ${known}`);
}

/** A port that cannot be had is a cause like any other why nothing was read. */
function unread({ registers, items }: Wanted, thrown: unknown): Answer {
  const error = toAmrError(thrown);
  if (!error.code.startsWith('PORT_')) throw thrown;
  const failures = registers.length === 0 ? [] : [{ registers, error }];
  return {
    result: { values: [], failures },
    items: { readings: [], failures: items.map((identifier) => ({ identifier, error })) },
  };
}

/** Every AA is a wildcard: a lone meter answers whatever its number is. */
const ANY_METER = 'AAAAAAAAAAAA';

/** Reads one identifier, again where that failed and may succeed. Rejects with AmrErrors. */
async function repeatItem(
  session: DriverSession,
  identifier: string,
  { retries, signal }: { retries: number; signal: AbortSignal },
): Promise<ItemReading | undefined> {
  for (let left = retries; ; left--) {
    try {
      return await session.readItem?.(identifier, { priority: 'on-demand', signal });
    } catch (thrown) {
      if (left === 0 || signal.aborted || !toAmrError(thrown).transient) throw thrown;
    }
  }
}

async function readItems(
  identifiers: readonly string[],
  readItem: (identifier: string) => Promise<ItemReading | undefined>,
): Promise<ItemsRead> {
  const readings: ItemReading[] = [];
  const failures: ItemsRead['failures'][number][] = [];
  for (const identifier of identifiers) {
    try {
      const reading = await readItem(identifier);
      if (reading === undefined) continue;
      readings.push(reading);
      if (reading.cutShort !== undefined) failures.push({ identifier, error: reading.cutShort });
    } catch (thrown) {
      failures.push({ identifier, error: toAmrError(thrown) });
    }
  }
  return { readings, failures };
}

async function read(words: readonly string[], options: ReadOptions): Promise<void> {
  const line = parseBusUrl(options.bus);
  const model = await modelNamed(options.model);
  const driver = await loadDriver(model.protocol);
  const address = driver.parseAddress(options.address ?? ANY_METER);
  const wanted = wantedBy(words, model, driver);
  const { retries } = options;
  const interrupt = new AbortController();
  const { signal } = interrupt;
  process.once('SIGINT', () => interrupt.abort());
  const answer = await withBus(line, options.trace ?? false, async (bus): Promise<Answer> => {
    const session = driver.open(
      bus,
      { address, model: withBlocks(model, wanted.blocks, driver) },
      { clock: systemClock, notes: createNotes() },
    );
    const result = await repeatRead(wanted.registers, {
      retries,
      read: (registers) => session.read(registers, { priority: 'on-demand', signal }),
    });
    const items = await readItems(wanted.items, (identifier) =>
      repeatItem(session, identifier, { retries, signal }),
    );
    return { result: { ...result, failures: trueFailures(result, wanted) }, items };
  }).catch((thrown: unknown) => unread(wanted, thrown));
  const report = reportOf(address, answer);
  if (options.json) printJson(report);
  else printReport(report);
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
