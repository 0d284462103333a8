import { Command } from 'commander';
import { askStatus } from '../local/status-socket.ts';
import { printJson, printLine } from './output.ts';

interface StatusOptions {
  readonly data: string;
  readonly json?: true;
}

async function status({ data, json }: StatusOptions): Promise<void> {
  const report = await askStatus(data);
  if (json) printJson(report);
  else {
    printLine(`process ${report.pid}, version ${report.version}, since ${report.since}`);
    printLine(report.alive ? 'all buses are being served' : 'a bus has not been served lately');
    if (!report.storing) printLine('the store refuses what is read');
  }
  process.exitCode = report.alive && report.storing ? 0 : 1;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('Ask the running gateway how it is; exit code 0 when all is well.')
    .option('--data <dir>', 'its data directory', '/var/lib/amr')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  amr status --data /var/lib/amr')
    .action(status);
}
