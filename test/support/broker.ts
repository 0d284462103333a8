import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedBroker } from '../../src/uplink/embedded-broker.ts';

/** Debian puts it where ordinary users do not look. */
const SEARCH_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
const env = { ...process.env, PATH: SEARCH_PATH };

const isPresent = spawnSync('mosquitto', ['-h'], { env }).error === undefined;

/** True where tests with mosquitto are to be skipped; with AMR_REQUIRE_REAL=1 they fail instead. */
export const lacksMosquitto = !isPresent && process.env['AMR_REQUIRE_REAL'] !== '1';

export interface TestBroker {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Mosquitto extends TestBroker {
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Sends a signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Reads the files of permissions and passwords anew. */
  reload(): void;
  /** Starts it again on the same port with the same files. */
  restart(): Promise<void>;
}

/** A TCP port of the loopback that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', (hadError) => resolve(!hadError));
  });
}

async function launch(config: string, port: number): Promise<ChildProcess> {
  const child = spawn('mosquitto', ['-c', config], { env, stdio: 'ignore' });
  await once(child, 'spawn');
  while (child.exitCode === null && !(await accepts(port))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
  return child;
}

async function terminate(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** A real mosquitto on a free loopback port; `lines` are added to its configuration. */
export async function startMosquitto(lines: readonly string[] = []): Promise<Mosquitto> {
  const directory = await mkdtemp(join(tmpdir(), 'amr-mosquitto-'));
  const port = await freePort();
  const config = join(directory, 'mosquitto.conf');
  const base = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false'];
  await writeFile(config, `${[...base, ...lines].join('\n')}\n`);
  let child = await launch(config, port);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    kill: () => terminate(child, 'SIGKILL'),
    signal: (signal) => void child.kill(signal),
    reload: () => void child.kill('SIGHUP'),
    async restart() {
      await terminate(child, 'SIGKILL');
      child = await launch(config, port);
    },
    async stop() {
      await terminate(child, 'SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The MQTT 3.1.1 broker of the demo. */
export async function startAedes(): Promise<TestBroker> {
  const { url, close } = await startEmbeddedBroker();
  return { url, stop: close };
}
