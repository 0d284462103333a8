import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { fromHex } from '../core/bytes.ts';
import type { DecodedFrame, Driver } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import { DRIVERS } from '../drivers.ts';
import { loadDriver } from '../field.ts';
import { printJson, printLine } from './output.ts';

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

function describe(frame: DecodedFrame): string[] {
  if (!frame.ok) return [`${frame.protocol}: no good frame: ${frame.error?.meaning ?? ''}`];
  const { direction, function: name, control, address, di, preamble, sequence } = frame;
  const lines = [
    `${frame.protocol} ${direction} of ${address}: ${name} (control ${control}H)` +
      `${di ? `, identifier ${di}` : ''}${sequence ? `, part ${sequence}` : ''}` +
      `, ${preamble} wake-up bytes`,
  ];
  if (frame.more) lines.push('  more frames follow');
  if (frame.error !== null) lines.push(`  ${frame.error.err ?? ''} ${frame.error.meaning}`);
  for (const { obis, name: register, value, unit } of frame.values) {
    lines.push(`  ${obis ?? '-'}  ${register}  ${value ?? 'no value'} ${unit}`.trimEnd());
  }
  return lines;
}

function print(frames: readonly DecodedFrame[], { json }: DecodeOptions): void {
  if (json) printJson(frames);
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
