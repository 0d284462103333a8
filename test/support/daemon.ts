import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BUILT_AMR } from './build.ts';

/** The built gateway as a process of its own. */
export interface Daemon {
  readonly pid: number;
  /** The lines of its log so far. */
  readonly log: readonly string[];
  /** Resolves when all its parts run; rejects with its log when it ends before. */
  readonly started: Promise<void>;
  /** Its exit code, `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and waits for the end; nothing happens to a process that has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Spawns `amr run`; whoever calls it ends it. */
export function spawnDaemon(configFile: string, dataDir: string): Daemon {
  const args = [BUILT_AMR, 'run', configFile, '--data', dataDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      if (messageOf(line) === 'started') resolve();
    });
    void ended.then((code) => reject(new Error(`ended with ${code}:\n${log.join('\n')}`)));
  });
  started.catch(() => undefined);
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { pid: pidOf(child), log, started, ended, end };
}

/** The constant message of a line of the log, `null` for what is no such line. */
export function messageOf(line: string): string | null {
  try {
    const fields: unknown = JSON.parse(line);
    const has = typeof fields === 'object' && fields !== null && 'msg' in fields;
    return has ? String(fields.msg) : null;
  } catch {
    return null;
  }
}

export function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process could not be started');
  return pid;
}
