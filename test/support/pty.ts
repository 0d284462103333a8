/** Serial lines without hardware: two ptys, and socat that carries the bytes between them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const isPresent = spawnSync('socat', ['-V']).error === undefined;

/** True where tests with ptys are to be skipped; with AMR_REQUIRE_REAL=1 they fail instead. */
export const lacksSocat = !isPresent && process.env['AMR_REQUIRE_REAL'] !== '1';

export interface PtyPair {
  /** The two ends of the line: links to the ptys, the same after a restart. */
  readonly near: string;
  readonly far: string;
  /** SIGKILL: both ends hang up and their links are gone when this resolves. */
  kill(): Promise<void>;
  /** Puts a new pair of ptys at the same paths. */
  restart(): Promise<void>;
  /** Stops the line from taking bytes: what is written piles up in the kernel. */
  freeze(): void;
  /** Kills it and removes its directory. */
  stop(): Promise<void>;
}

/** One end of a line in a process of its own, so that its work is not ours. */
export interface FarEnd {
  write(bytes: Uint8Array): void;
  /** All that has come so far. */
  received(): Uint8Array;
  stop(): Promise<void>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** socat says so when it has opened both of its ends; false when it ended before. */
async function isTransferring(child: ChildProcess): Promise<boolean> {
  let said = '';
  for await (const chunk of child.stderr?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(chunk);
    if (!said.includes('starting data transfer loop')) continue;
    child.stderr?.resume();
    return true;
  }
  return false;
}

async function start(parameters: readonly string[]): Promise<ChildProcess> {
  const child = spawn('socat', ['-d', '-d', ...parameters], { stdio: 'pipe' });
  // The line may be killed while bytes are under way to it.
  child.stdin.on('error', () => undefined);
  await once(child, 'spawn');
  if (await isTransferring(child)) return child;
  throw new Error(`socat ended at once: ${parameters.join(' ')}`);
}

async function launch(near: string, far: string): Promise<ChildProcess> {
  // A killed socat leaves its links behind; the devices they lead to are gone.
  for (const path of [near, far]) rmSync(path, { force: true });
  // The links appear before socat has set the lines up. Whoever writes that early can block it for
  // good: the kernel then neither lets it go on nor lets it be killed.
  return await start([near, far].map((path) => `pty,raw,echo=0,link=${path}`));
}

export async function openPtyPair(): Promise<PtyPair> {
  const directory = mkdtempSync(join(tmpdir(), 'amr-pty-'));
  const near = join(directory, 'near');
  const far = join(directory, 'far');
  const remove = () => rmSync(directory, { recursive: true, force: true });
  let child = await launch(near, far).catch((thrown: unknown) => {
    remove();
    throw thrown;
  });

  const kill = async () => {
    await end(child);
    for (const path of [near, far]) rmSync(path, { force: true });
  };
  return {
    near,
    far,
    kill,
    async restart() {
      await kill();
      child = await launch(near, far);
    },
    freeze: () => child.kill('SIGSTOP'),
    async stop() {
      await kill();
      remove();
    },
  };
}

/** Opens the far end of a line for a test to speak and listen there. */
export async function openFarEnd(path: string): Promise<FarEnd> {
  const child = await start(['STDIO', `OPEN:${path},raw,echo=0`]);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    write: (bytes) => void child.stdin?.write(bytes),
    received: () => Buffer.concat(chunks),
    stop: () => end(child),
  };
}

/** A far end that sends without pause, as fast as the line takes it. */
export async function floodFarEnd(path: string): Promise<Pick<FarEnd, 'stop'>> {
  const child = await start(['-u', 'OPEN:/dev/zero', `OPEN:${path},raw,echo=0`]);
  return { stop: () => end(child) };
}
