/** The gateway as a process of its own, with what a fault puts around it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SOURCE_AMR } from '../support/build.ts';
import { messageOf, pidOf } from '../support/daemon.ts';

export interface Surroundings {
  /** Modules of test/chaos/preload that are loaded into it first. */
  readonly preload?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Expressions of `strace -e` under which it runs. */
  readonly inject?: readonly string[];
}

export interface Gateway {
  readonly pid: number;
  /** Wall time, milliseconds. */
  readonly spawnedAt: number;
  /** When it said so, `null` before. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly isRunning: boolean;
  readonly log: readonly string[];
  /** Its first request has been answered. */
  hasPolled(): void;
  /**
   * How long it had to wait for a processor until it had polled, milliseconds: that is the doing
   * of others on this machine. 0 where the system does not tell.
   */
  starvedMs(): number;
  /** How many lines of its log have this message. */
  said(message: string): number;
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal, where it still runs, and resolves with its exit code. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

const preloadUrl = (name: string) => new URL(`./preload/${name}.ts`, import.meta.url).href;

/** What to run: with -D it is the gateway that is our child, and strace that looks on. */
function commandOf(args: readonly string[], { preload = [], inject = [] }: Surroundings): string[] {
  const imports = preload.map((name) => `--import=${preloadUrl(name)}`);
  const gateway = [process.execPath, ...imports, SOURCE_AMR, 'run', ...args];
  if (inject.length === 0) return gateway;
  const expressions = inject.flatMap((expression) => ['-e', expression]);
  return ['strace', '-D', '-f', '--seccomp-bpf', '-o', '/dev/null', ...expressions, ...gateway];
}

/** How long the main thread of this process was ready to run and did not. */
function runDelayMs(pid: number | undefined): number {
  try {
    const [, delayNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(delayNs) / 1e6;
  } catch {
    return 0;
  }
}

export function spawnGateway(
  config: string,
  dataDir: string,
  surroundings: Surroundings = {},
): Gateway {
  const [program = '', ...args] = commandOf([config, '--data', dataDir], surroundings);
  const spawnedAt = Date.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...surroundings.env },
  });
  const log: string[] = [];
  const counts = new Map<string, number>();
  let startedAt: number | null = null;
  let endedAt: number | null = null;
  let isRunning = true;
  let starvedMs = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    const message = messageOf(line);
    if (message === null) return;
    counts.set(message, (counts.get(message) ?? 0) + 1);
    if (message === 'started') startedAt = Date.now();
  });
  const ended = once(child, 'exit').then(() => {
    isRunning = false;
    endedAt ??= Date.now();
    return child.exitCode;
  });
  return {
    pid: pidOf(child),
    spawnedAt,
    log,
    ended,
    get startedAt() {
      return startedAt;
    },
    get endedAt() {
      return endedAt;
    },
    get isRunning() {
      return isRunning;
    },
    hasPolled() {
      starvedMs = runDelayMs(child.pid);
    },
    starvedMs: () => starvedMs,
    said: (message) => counts.get(message) ?? 0,
    signal: (signal) => void child.kill(signal),
    end(signal) {
      // What follows is the stop: no slot falls due in it.
      endedAt ??= Date.now();
      child.kill(signal);
      return ended;
    },
  };
}
