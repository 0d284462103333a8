import { execFile } from 'node:child_process';
import { SOURCE_AMR } from './build.ts';

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LONGEST_MS = 60_000;

/** Runs the command line from source, with this on its standard input, until it ends. */
export function amr(args: readonly string[], input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [SOURCE_AMR, ...args],
      { timeout: LONGEST_MS },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    // A command that does not read its input may be gone before it is written.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
