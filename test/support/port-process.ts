import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('port-child.ts', import.meta.url));

export interface PortRequest {
  readonly verb: 'open' | 'lock' | 'close-blocked';
  readonly device: string;
  readonly lockDir: string;
  /** The user that it is done as; the present one by default. */
  readonly uid?: number;
  /** A command that runs the child with its command line as arguments. */
  readonly through?: readonly string[];
}

/** Another process that opened, or locked, a serial port; or could not. */
export interface PortProcess {
  readonly pid: number;
  readonly outcome: Readonly<Record<string, unknown>>;
  /** SIGKILL: it cleans up nothing. */
  kill(): Promise<void>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

export async function startPortProcess(request: PortRequest): Promise<PortProcess> {
  const { verb, device, lockDir, uid, through = [] } = request;
  const own = [
    process.execPath,
    CHILD,
    verb,
    device,
    lockDir,
    ...(uid === undefined ? [] : [`${uid}`]),
  ];
  const [command = '', ...parameters] = [...through, ...own];
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [])]);
  if (line === undefined) throw new Error(`the process at ${device} ended without a word`);
  return { pid: child.pid ?? 0, outcome: JSON.parse(line), kill: () => end(child) };
}
