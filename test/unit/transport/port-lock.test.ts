import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockPort } from '../../../src/transport/port-lock.ts';
import { startPortProcess } from '../../support/port-process.ts';

/** Nobody, by the number that all distributions agree on. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

describe('the lock of a serial port', () => {
  let directory: string;
  let lockDir: string;
  let device: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'amr-lock-'));
    lockDir = join(directory, 'lock');
    device = join(directory, 'ttyX');
    writeFileSync(device, '');
    mkdirSync(lockDir);
    path = join(lockDir, `LCK..${device.replaceAll('/', '_')}`);
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A process id that belonged to a process which is no more. */
  async function deadPid(): Promise<number> {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    return child.pid ?? 0;
  }

  const ownTicks = () =>
    readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];

  it('holds the process id in ten columns, as other terminal programs expect it', async () => {
    const release = lockPort(device, lockDir);
    const [first, second, end] = readFileSync(path, 'latin1').split('\n');
    expect(first).toBe(`${process.pid}`.padStart(10, ' '));
    expect(second).toBe(ownTicks());
    expect(end).toBe('');
    release?.();
    expect(readdirSync(lockDir)).toEqual([]);
  });

  it('is named after the device below /dev, slashes replaced', async () => {
    const release = lockPort('/dev/amr/none', lockDir);
    expect(readdirSync(lockDir)).toEqual(['LCK..amr_none']);
    release?.();
  });

  it('is one lock for all links to a device', async () => {
    const alias = join(directory, 'by-id');
    symlinkSync(device, alias);
    const release = lockPort(alias, lockDir);
    expect(readdirSync(lockDir)).toEqual([basename(path)]);
    expect(() => lockPort(device, lockDir)).toThrow(expect.objectContaining({ code: 'PORT_BUSY' }));
    release?.();
    lockPort(device, lockDir);
  });

  it('is refused while another process lives that holds it, and taken over after its end', async () => {
    const other = await startPortProcess({ verb: 'lock', device, lockDir });
    expect(other.outcome).toEqual({ isLocked: true });
    expect(() => lockPort(device, lockDir)).toThrow(
      expect.objectContaining({
        code: 'PORT_BUSY',
        message: expect.stringContaining(`process ${other.pid} holds it`),
        context: { pid: other.pid },
      }),
    );
    await other.kill();
    expect(existsSync(path)).toBe(true);
    expect(lockPort(device, lockDir)).not.toBeNull();
    expect(readFileSync(path, 'latin1')).toContain(`${process.pid}`);
  });

  it.each([
    ['of a process that is dead', async () => `${await deadPid()}\n`],
    ['of a process id that another process has by now', async () => `${process.pid}\n1\n`],
    ['that is empty', async () => ''],
    ['that holds no process id', async () => 'minicom\n'],
  ])('is taken over from a file %s', async (_, content) => {
    writeFileSync(path, await content());
    expect(lockPort(device, lockDir)).not.toBeNull();
    expect(readFileSync(path, 'latin1')).toBe(`${`${process.pid}`.padStart(10)}\n${ownTicks()}\n`);
    expect(readdirSync(lockDir)).toEqual([basename(path)]);
  });

  it.each([
    ['no second line', `${`${process.pid}`.padStart(10)}\n`],
    ['a second line of its own kind', `${`${process.pid}`.padStart(10)}\nminicom root\n`],
    ['words behind the process id', `${`${process.pid}`.padStart(10)} minicom root\n`],
  ])('is honoured when another program wrote %s', async (_, content) => {
    writeFileSync(path, content);
    expect(() => lockPort(device, lockDir)).toThrow(expect.objectContaining({ code: 'PORT_BUSY' }));
    expect(readFileSync(path, 'latin1')).toBe(content);
  });

  it('is taken over from a zombie, which holds no port any more', async () => {
    // The shell becomes a process that never waits for the child it inherits.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = await once(parent.stdout, 'data');
    const zombie = Number(String(line));
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'latin1')).toBe('sleep\n');
    process.kill(zombie, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${zombie}/stat`, 'latin1')).toContain(') Z ');
    writeFileSync(path, `${zombie}\n`);
    expect(lockPort(device, lockDir)).not.toBeNull();
    parent.kill('SIGKILL');
  });

  it('goes to one of several processes that ask at once for a stale one', async () => {
    writeFileSync(path, `${await deadPid()}\n`);
    const request = { verb: 'lock', device, lockDir } as const;
    const others = await Promise.all([1, 2, 3, 4].map(() => startPortProcess(request)));
    await Promise.all(others.map((other) => other.kill()));
    const won = others.filter(({ outcome }) => outcome['isLocked'] === true);
    const lost = others.filter(({ outcome }) => outcome['code'] === 'PORT_BUSY');
    expect([won.length, lost.length]).toEqual([1, 3]);
    expect(lost.map(({ outcome }) => outcome['context'])).toEqual(
      lost.map(() => ({ pid: won[0]?.pid })),
    );
    expect(readdirSync(lockDir)).toEqual([basename(path)]);
  });

  it('is done without where its directory cannot be written', async () => {
    chmodSync(directory, 0o755);
    chmodSync(lockDir, 0o555);
    const who = isRoot ? { uid: NOBODY } : {};
    const other = await startPortProcess({ verb: 'lock', device, lockDir, ...who });
    expect(other.outcome).toEqual({ isLocked: false });
    await other.kill();
    chmodSync(lockDir, 0o755);
  });

  it('is done without where its directory cannot be made', async () => {
    for (const impossible of ['/proc/nowhere', device]) {
      expect(lockPort(device, impossible)).toBeNull();
    }
    rmSync(lockDir, { recursive: true });
    expect(lockPort(device, lockDir)).not.toBeNull();
  });

  it('may be given back after its directory went away', async () => {
    const release = lockPort(device, lockDir);
    rmSync(lockDir, { recursive: true });
    writeFileSync(lockDir, '');
    expect(release).not.toBeNull();
    expect(() => release?.()).not.toThrow();
  });
});
