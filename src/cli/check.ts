import { Command } from 'commander';
import { type Examined, examineConfig } from '../config/load.ts';
import { problemLine } from '../config/problem.ts';
import { AmrError } from '../core/errors.ts';
import { printJson, printLine } from './output.ts';

interface CheckOptions {
  readonly json?: true;
}

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

async function examine(file: string): Promise<Examined> {
  try {
    return await examineConfig(file);
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    const problem = { file, line: 1, column: 1, path: '', message: thrown.message };
    return { problems: [problem], warnings: [], loaded: null };
  }
}

/** How many of what, for a look whether all is there. */
function summaryOf({ loaded }: Examined) {
  if (loaded === null) return null;
  const { buses, meters, plans, uplinks } = loaded.config;
  return {
    buses: Object.keys(buses).length,
    meters: meters.length,
    plans: Object.keys(plans).length,
    uplinks: uplinks.length,
  };
}

async function check(file: string, { json }: CheckOptions): Promise<void> {
  const examined = await examine(file);
  const { problems, warnings } = examined;
  const summary = summaryOf(examined);
  if (json) printJson({ ok: problems.length === 0, problems, warnings, summary });
  else {
    for (const problem of problems) printLine(problemLine(problem));
    for (const warning of warnings) printLine(`${problemLine(warning)} (warning)`);
    if (summary === null) printLine(`${problems.length} to change`);
    else {
      const parts = Object.entries(summary).map(([what, count]) => `${what} ${count}`);
      printLine(`fine: ${parts.join(', ')}`);
    }
  }
  process.exitCode = problems.length === 0 ? 0 : EXIT_CONFIG;
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Find everything that is wrong with a configuration, without starting anything.')
    .argument('<config>', 'configuration file')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  amr check /etc/amr/gateway.yaml')
    .action(check);
}
