/**
 * Tells systemd how the daemon is, as Type=notify wants it. The runtime has no datagram sockets,
 * so the words go out through systemd-notify; the unit needs NotifyAccess=all.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../core/clock.ts';

export type Notify = (...words: string[]) => void;

/** Does nothing where systemd did not start the process. */
export function createNotify(env: NodeJS.ProcessEnv): Notify {
  if (env['NOTIFY_SOCKET'] === undefined) return () => undefined;
  return (...words) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...words], { stdio: 'ignore' });
    child.on('error', () => undefined);
  };
}

export interface WatchdogDeps {
  readonly env: NodeJS.ProcessEnv;
  readonly notify: Notify;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
}

/** Feeds the watchdog of systemd three times in its period, as long as the daemon is alive. */
export async function feedWatchdog(deps: WatchdogDeps, signal: AbortSignal): Promise<void> {
  const periodMs = Number(deps.env['WATCHDOG_USEC'] ?? 0) / 1000;
  if (!(periodMs > 0)) return;
  while (!signal.aborted) {
    if (deps.isAlive()) deps.notify('WATCHDOG=1');
    await deps.clock.sleep(periodMs / 3, signal).catch(() => undefined);
  }
}
