import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { fromHex } from '../core/bytes.ts';
import type { DecodedFrame, Driver } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import { DRIVERS } from '../drivers.ts';
import { loadDriver } from '../field.ts';
import { printJson, printLine } from './output.ts';
import { valueTable } from './read-report.ts';

/** Tells its frames by their first byte and both of its editions by their function codes. */
const DEFAULT_PROTOCOL = 'dlt645-2007';

interface DecodeOptions {
  readonly json?: true;
  readonly protocol: string;
}

/** Text that is no hex is an answer too, so that input and output lines stay side by side. */
function decodeText(driver: Driver, text: string): DecodedFrame[] {
  try {
    return driver.decode(fromHex(text));
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    const error = { code: thrown.code, meaning: thrown.message };
    return [{ protocol: driver.protocol, ok: false, error, values: [] }];
  }
}

/** Addresses of DL/T 645 that are no single meter's. */
const EVERYBODY: Readonly<Record<string, string>> = {
  '999999999999': 'all meters',
  AAAAAAAAAAAA: 'any meter',
};

/** Who says what to whom. */
function headline({ direction, address = '', function: name, di, error }: DecodedFrame): string {
  const who = EVERYBODY[address] ?? `meter ${address}`;
  const what = `${name}${di ? ` ${di}` : ''}`;
  if (direction === 'request') return `to ${who}: ${what}`;
  return error?.err === undefined ? `from ${who}: ${what}` : `from ${who}: ${what} refused`;
}

function circumstances({ protocol, control, preamble, sequence, more }: DecodedFrame): string {
  return [
    protocol,
    ...(control === undefined ? [] : [`control ${control}H`]),
    ...(preamble ? [`${preamble} wake-up bytes`] : []),
    ...(sequence === undefined ? [] : [`part ${sequence}`]),
    ...(more ? ['more frames follow'] : []),
  ].join(', ');
}

function describe(frame: DecodedFrame): string[] {
  const { error, values } = frame;
  if (!frame.ok) return [`no good frame: ${error?.meaning ?? ''} (${error?.code})`];
  const wrong = error === null ? [] : [`${error.meaning} (${error.err ?? error.code})`];
  const lines = [circumstances(frame), ...wrong, ...valueTable(values)];
  return [headline(frame), ...lines.map((line) => `  ${line}`)];
}

function print(frames: readonly DecodedFrame[], { json }: DecodeOptions): void {
  if (json) printJson(frames);
  else if (frames.length === 0) printLine('no frame');
  else for (const line of frames.flatMap(describe)) printLine(line);
}

async function decodeCommandAction(hex: readonly string[], options: DecodeOptions): Promise<void> {
  const driver = await loadDriver(options.protocol);
  if (hex.length === 1 && hex[0] === '-') {
    for await (const line of createInterface({ input: process.stdin })) {
      print(decodeText(driver, line), options);
    }
    return;
  }
  print(decodeText(driver, hex.join(' ')), options);
}

export function decodeCommand(): Command {
  return new Command('decode')
    .description('Explain the bytes of frames: every frame found, broken ones with the reason.')
    .argument('<hex...>', 'bytes in hex, spaces allowed; - reads one frame text a line from stdin')
    .option('--json', 'one JSON array, or one a line with -')
    .option(
      '--protocol <name>',
      `one of ${Object.keys(DRIVERS).join(', ')}; both editions of DL/T 645 are told apart by themselves`,
      DEFAULT_PROTOCOL,
    )
    .addHelpText(
      'after',
      '\nExample:\n  amr decode FE FE FE FE 68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16',
    )
    .action(decodeCommandAction);
}
