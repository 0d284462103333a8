import { Command } from 'commander';
import type { Logger } from 'pino';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { bytesWritten } from '../host/disk-writes.ts';
import { createLog } from '../host/log.ts';
import { softwareVersion } from '../host/package-root.ts';
import { watchProgress } from '../host/progress.ts';
import { createNotify, feedWatchdog } from '../host/systemd.ts';
import { serveStatus } from '../local/status-socket.ts';
import { endSignal } from './end-signal.ts';

interface RunOptions {
  readonly data?: string;
}

/** The whole stop is bounded; what hangs beyond it is left to the operating system. */
const STOP_MS = 5000;

/** A defect ends the process: the supervisor starts it anew from what is on the disk. */
function dieOnDefect(log: Logger): void {
  const die = (err: unknown) => {
    log.fatal({ err }, 'defect, ending');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

/** What is there to end, in the order in which it is ended. */
interface Running {
  readonly gateway: Gateway;
  readonly local: { close(): Promise<void> } | null;
  readonly watchdog: { stop(): Promise<void> };
}

async function start(loaded: LoadedConfig, log: Logger): Promise<Running> {
  const clock = systemClock;
  const { site, gateway: id, meters, dataDir, timezone } = loaded.config;
  const since = formatInstant(clock.now(), timezone);
  const gateway = await startGateway({ loaded, clock, log, random: Math.random });
  log.info({ site, gateway: id, meters: meters.length, epoch: gateway.store.epoch }, 'started');
  const isAlive = watchProgress(gateway.progress, clock);
  const report = () => ({
    pid: process.pid,
    version: softwareVersion(),
    since,
    alive: isAlive(),
    storing: gateway.isStoring(),
    written: bytesWritten(),
    maxBytes: loaded.config.store.maxSize,
  });
  const local = await serveStatus(dataDir, report).catch((err: unknown) => {
    log.warn({ err }, 'no status socket');
    return null;
  });
  return { gateway, local, watchdog: startWatchdog(isAlive) };
}

function startWatchdog(isAlive: () => boolean): Running['watchdog'] {
  const notify = createNotify(process.env);
  const feeding = new AbortController();
  notify('--ready');
  const deps = { env: process.env, notify, clock: systemClock, isAlive };
  const ended = feedWatchdog(deps, feeding.signal);
  return {
    async stop() {
      notify('STOPPING=1');
      feeding.abort();
      await ended;
    },
  };
}

async function stop({ gateway, local, watchdog }: Running, log: Logger): Promise<void> {
  const bound = setTimeout(() => {
    log.error('stop took too long, ending');
    process.exit(1);
  }, STOP_MS);
  await watchdog.stop();
  await Promise.all([local?.close(), gateway.stop()]);
  clearTimeout(bound);
}

async function run(file: string, { data }: RunOptions): Promise<void> {
  const loaded = await loadConfig(file, data === undefined ? {} : { dataDir: data });
  const log = createLog(loaded.config.logLevel);
  for (const warning of loaded.warnings) log.warn({ warning }, 'configuration warning');
  dieOnDefect(log);
  const running = await start(loaded, log);
  log.info({ signal: await endSignal }, 'stopping');
  await stop(running, log);
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
