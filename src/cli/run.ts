import { Command } from 'commander';
import type { Logger } from 'pino';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { createLog } from '../host/log.ts';
import { softwareVersion } from '../host/package-root.ts';
import { watchProgress } from '../host/progress.ts';
import { createNotify, feedWatchdog } from '../host/systemd.ts';
import { serveStatus } from '../local/status-socket.ts';

interface RunOptions {
  readonly data?: string;
}

/** The whole stop is bounded; what hangs beyond it is left to the operating system. */
const STOP_MS = 5000;

/** The first signal that asks the process to end. */
function askedToEnd(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}

/** A defect ends the process: the supervisor starts it anew from what is on the disk. */
function dieOnDefect(log: Logger): void {
  const die = (err: unknown) => {
    log.fatal({ err }, 'defect, ending');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

async function stop(gateway: Gateway, log: Logger): Promise<void> {
  const bound = setTimeout(() => {
    log.error('stop took too long, ending');
    process.exit(1);
  }, STOP_MS);
  await gateway.stop();
  clearTimeout(bound);
}

async function run(file: string, { data }: RunOptions): Promise<void> {
  const loaded = await loadConfig(file, data === undefined ? {} : { dataDir: data });
  const log = createLog(loaded.config.logLevel);
  for (const warning of loaded.warnings) log.warn({ warning }, 'configuration warning');
  dieOnDefect(log);
  const ended = askedToEnd();
  const clock = systemClock;
  const since = formatInstant(clock.now(), loaded.config.timezone);
  const gateway = await startGateway({ loaded, clock, log, random: Math.random });
  const { site, gateway: id, meters } = loaded.config;
  log.info({ site, gateway: id, meters: meters.length, epoch: gateway.store.epoch }, 'started');

  const isAlive = watchProgress(gateway.progress, clock);
  const report = () => ({ pid: process.pid, version: softwareVersion(), since, alive: isAlive() });
  const local = await serveStatus(loaded.config.dataDir, report).catch((err: unknown) => {
    log.warn({ err }, 'no status socket');
    return null;
  });
  const notify = createNotify(process.env);
  notify('--ready');
  const feeding = new AbortController();
  const watchdog = feedWatchdog({ env: process.env, notify, clock, isAlive }, feeding.signal);
  log.info({ signal: await ended }, 'stopping');
  notify('STOPPING=1');
  feeding.abort();
  await Promise.all([watchdog, local?.close(), stop(gateway, log)]);
  log.info('stopped');
}

export function runCommand(): Command {
  return new Command('run')
    .description('Run the gateway until SIGTERM. Logs are JSON lines on stderr.')
    .argument('<config>', 'configuration file')
    .option('--data <dir>', 'data directory, in place of the configured one')
    .addHelpText('after', '\nExample:\n  amr run /etc/amr/gateway.yaml')
    .action(run);
}
