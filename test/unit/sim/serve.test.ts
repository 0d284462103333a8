import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SerialPort } from 'serialport';
import { afterEach, describe, expect, it } from 'vitest';
import { buildSimLine, simCommand } from '../../../src/cli/sim.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { serveSerial, serveTcp } from '../../../src/sim/serve.ts';
import { lacksSocat, openPtyPair } from '../../support/pty.ts';

const READ_ADDRESS_OF_1 = fromHex('68 01 00 00 00 00 00 68 13 00 E4 16');
const ADDRESS_1 = '68 01 00 00 00 00 00 68 93 06 34 33 33 33 33 33 9D 16';
/** Fast, so that a test need not wait for the line. */
const FAST = { baudRate: 115_200, answerDelayMs: 1, preamble: 0 };

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amr-sim-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

/** The first `count` bytes that come, in hex. */
function take(port: Socket | SerialPort, count: number): Promise<string> {
  const bytes: number[] = [];
  return new Promise((resolve) => {
    port.on('data', (chunk: Uint8Array) => {
      bytes.push(...chunk);
      if (bytes.length >= count) resolve(toHex(Uint8Array.from(bytes)));
    });
  });
}

async function serveFast() {
  const line = await buildSimLine({ ...FAST, meters: 2 });
  const served = await serveTcp(line);
  cleanups.push(() => served.close());
  return { line, served };
}

describe('a simulated line over TCP', () => {
  it('lets every socket hear the answer to any of them', async () => {
    const { served } = await serveFast();
    const [asking, listening] = [await dial(served.port), await dial(served.port)];
    const heard = Promise.all([take(asking, 18), take(listening, 18)]);
    asking.write(READ_ADDRESS_OF_1);
    expect(await heard).toEqual([ADDRESS_1, ADDRESS_1]);
  });

  it('goes on when a socket breaks in the middle of an answer', async () => {
    const { served } = await serveFast();
    const [first, second] = [await dial(served.port), await dial(served.port)];
    const heard = take(second, 18);
    first.write(READ_ADDRESS_OF_1);
    second.once('data', () => first.resetAndDestroy());
    expect(await heard).toBe(ADDRESS_1);
    const again = take(second, 18);
    second.write(READ_ADDRESS_OF_1);
    expect(await again).toBe(ADDRESS_1);
  });

  it('says PORT_OPEN_FAILED for a port in use', async () => {
    const { line, served } = await serveFast();
    await expect(serveTcp(line, { port: served.port })).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
    });
  });

  it('closes its sockets with it', async () => {
    const { served } = await serveFast();
    const socket = await dial(served.port);
    const closed = once(socket, 'close');
    socket.resume();
    await served.close();
    await closed;
  });
});

async function ptyPair(): Promise<[string, string]> {
  const pair = await openPtyPair();
  cleanups.push(() => pair.stop());
  return [pair.far, pair.near];
}

describe.skipIf(lacksSocat)('a simulated line on a pseudo-terminal (needs socat)', () => {
  it('answers on the other end', async () => {
    const [far, near] = await ptyPair();
    const line = await buildSimLine({ ...FAST, meters: 1 });
    const served = await serveSerial(line, { path: far, baudRate: 115_200 });
    const master = new SerialPort({ path: near, baudRate: 115_200, hupcl: false });
    const heard = take(master, 18);
    await once(master, 'open');
    master.write(Buffer.from(READ_ADDRESS_OF_1));
    expect(await heard).toBe(ADDRESS_1);
    master.close();
    await served.close();
    await served.gone;
  });

  it('says PORT_OPEN_FAILED for a path that is not there', async () => {
    const line = await buildSimLine({ ...FAST, meters: 1 });
    const path = join(temporaryFolder(), 'none');
    await expect(serveSerial(line, { path })).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
  });
});

/** A real process that runs the verb. */
function startSim(...args: string[]): ChildProcess {
  const verb = new URL('../../../src/cli/sim.ts', import.meta.url).href;
  const script = `
    const { simCommand } = await import(${JSON.stringify(verb)});
    await simCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args]);
  cleanups.push(() => {
    child.kill('SIGKILL');
  });
  return child;
}

describe('amr sim', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens, journals its answers and ends with 0 on %s',
    async (signal) => {
      const journal = join(temporaryFolder(), 'journal.ndjson');
      const options = ['--json', '--meters', '2', '--listen', '127.0.0.1:0', '--journal', journal];
      const child = startSim(...options, '--baud', '115200', '--preamble', '0');
      const exit = once(child, 'exit');
      if (child.stdout === null) throw new Error('no stdout');
      const [ready] = await once(createInterface(child.stdout), 'line');
      const { listening, meters } = JSON.parse(String(ready));
      expect(meters).toEqual(['000000000001', '000000000002']);
      const socket = await dial(Number(new URL(listening).port));
      const heard = take(socket, 18);
      socket.write(READ_ADDRESS_OF_1);
      expect(await heard).toBe(ADDRESS_1);
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
      expect(JSON.parse(readFileSync(journal, 'utf8'))).toMatchObject({
        meter: '000000000001',
        item: '04000401',
        values: { address: '000000000001' },
      });
    },
  );

  it.each([
    ['--meters', '0'],
    ['--first-address', '12x'],
    ['--kind', 'two'],
    ['--listen', 'localhost'],
    ['--zone', 'Mars/Base'],
    ['--drift', '1.5'],
    ['--fault', '1'],
    ['--fault', '1=loud'],
    ['--fault', '1=silent:7'],
  ])('refuses %s %s', async (...args) => {
    const command = simCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });

  it('refuses a fault of a meter that is not on the line', async () => {
    const fault = { meter: '000000000009', fault: { name: 'silent' } } as const;
    await expect(buildSimLine({ meters: 2, faults: [fault] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('sets a fault of "all" on every meter', async () => {
    const line = await buildSimLine({
      ...FAST,
      meters: 2,
      faults: [{ meter: 'all', fault: { name: 'wrong-address' } }],
    });
    const heard = new Promise<string>((resolve) => {
      let bytes = '';
      line.attach({
        write: (piece) => {
          bytes += `${toHex(piece)} `;
          if (bytes.length >= 18 * 3) resolve(bytes.trim());
        },
      });
    });
    line.receive(READ_ADDRESS_OF_1);
    expect((await heard).slice(0, 23)).toBe('68 02 00 00 00 00 00 68');
  });
});
