/** The gateway as a process of its own, with what a fault puts around it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
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
   * How long its threads had to wait for a processor until it had polled, milliseconds: next to
   * nothing where others leave the machine alone. 0 where the system does not tell.
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

/** How long the threads of this process were ready to run and did not, all together. */
function runDelayMs(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  try {
    const delaysNs = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[1]),
    );
    return delaysNs.reduce((sum, ns) => sum + ns, 0) / 1e6;
  } catch {
    return 0;
  }
}

/** Its log, and when it said that it had started. */
function hear(stderr: Readable) {
  const heard = {
    log: [] as string[],
    counts: new Map<string, number>(),
    startedAt: null as number | null,
  };
  createInterface({ input: stderr }).on('line', (line) => {
    heard.log.push(line);
    const message = messageOf(line);
    if (message === null) return;
    heard.counts.set(message, (heard.counts.get(message) ?? 0) + 1);
    if (message === 'started') heard.startedAt = Date.now();
  });
  return heard;
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
  const heard = hear(child.stderr);
  let endedAt: number | null = null;
  let isRunning = true;
  let starvedMs = 0;
  const ended = once(child, 'exit').then(() => {
    isRunning = false;
    endedAt ??= Date.now();
    return child.exitCode;
  });
  return {
    pid: pidOf(child),
    spawnedAt,
    log: heard.log,
    said: (message) => heard.counts.get(message) ?? 0,
    ended,
    get startedAt() {
      return heard.startedAt;
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
    signal: (signal) => void child.kill(signal),
    end(signal) {
      // What follows is the stop: no slot falls due in it.
      endedAt ??= Date.now();
      child.kill(signal);
      return ended;
    },
  };
}
