import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Transport } from '../../src/core/transport.ts';
import { type TransportRig, transportContract } from '../contract/transport.ts';
import { type PortProcess, type PortRequest, startPortProcess } from '../support/port-process.ts';
import { type FarEnd, lacksSocat, openFarEnd, openPtyPair } from '../support/pty.ts';
import { observe, openSerialFixture, type SerialFixture } from '../support/serial-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** Nobody, by the number that all distributions agree on. */
const NOBODY = 65534;
const never = () => new AbortController().signal;
const termios = (path: string) => execFileSync('stty', ['-F', path, '-g'], { encoding: 'utf8' });

async function openRig(): Promise<TransportRig> {
  const fixture = await openSerialFixture();
  const { pair } = fixture;
  const ends: FarEnd[] = [];
  return {
    make: () => fixture.make(systemClock),
    async far() {
      const far = await openFarEnd(pair.far);
      ends.push(far);
      return far;
    },
    cut: pair.kill,
    mend: pair.restart,
    async stop() {
      await Promise.all(ends.map((far) => far.stop()));
      await fixture.stop();
    },
  };
}

describe.skipIf(lacksSocat)('a serial port (needs socat)', () => {
  transportContract('a pty', openRig);

  let fixture: SerialFixture;
  let made: Transport[];
  let others: PortProcess[];

  beforeEach(async () => {
    fixture = await openSerialFixture();
    made = [];
    others = [];
  });

  afterEach(async () => {
    await Promise.all(made.map((transport) => transport.close()));
    await Promise.all(others.map((other) => other.kill()));
    await fixture.stop();
  });

  const make = (path?: string, clock = systemClock) => {
    const transport = fixture.make(clock, path);
    made.push(transport);
    return { transport, seen: observe(transport) };
  };
  const startOther = async (request: Partial<PortRequest>) => {
    const { pair, lockDir } = fixture;
    const other = await startPortProcess({ verb: 'open', device: pair.near, lockDir, ...request });
    others.push(other);
    return other;
  };

  it('is described by its path and the form of its bytes', () => {
    expect(make().transport.info).toEqual({
      kind: 'serial',
      address: fixture.pair.near,
      baudRate: 9600,
      bitsPerByte: 10,
    });
  });

  it('is refused to another process, whose settings do not touch the line', async () => {
    const { transport } = make();
    await transport.open(never());
    const before = termios(fixture.pair.near);
    const other = await startOther({});
    expect(other.outcome).toMatchObject({ code: 'PORT_BUSY', context: { pid: process.pid } });
    expect(termios(fixture.pair.near)).toBe(before);
    await transport.close();
    const next = await startOther({});
    expect(next.outcome).toEqual({ isOpen: true });
    // The settings would have shown: the other process asks for two stop bits.
    expect(termios(fixture.pair.near)).not.toBe(before);
  });

  it('is refused while another process holds it, and opens after that was killed', async () => {
    const other = await startOther({});
    expect(other.outcome).toEqual({ isOpen: true });
    await expect(make().transport.open(never())).rejects.toMatchObject({
      code: 'PORT_BUSY',
      context: { pid: other.pid },
    });
    await other.kill();
    await make().transport.open(never());
  });

  it('is refused to a second transport of the same process, by another link too', async () => {
    await make().transport.open(never());
    const alias = join(dirname(fixture.pair.near), 'by-id');
    symlinkSync(realpathSync(fixture.pair.near), alias);
    await expect(make(alias).transport.open(never())).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining('this process already holds it'),
    });
  });

  it('is refused by the lock of the driver where lock files are not shared', async () => {
    const other = await startOther({ lockDir: dirname(fixture.pair.near) });
    expect(other.outcome).toEqual({ isOpen: true });
    const { transport } = make();
    await expect(transport.open(never())).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining('another program holds it'),
    });
    expect(readdirSync(fixture.lockDir)).toEqual([]);
  });

  it('keeps its lock file as long as it is open', async () => {
    const name = `LCK..${realpathSync(fixture.pair.near).slice('/dev/'.length).replace('/', '_')}`;
    const { transport } = make();
    await transport.open(never());
    expect(readdirSync(fixture.lockDir)).toEqual([name]);
    await transport.close();
    expect(readdirSync(fixture.lockDir)).toEqual([]);
  });

  it('opens without a lock file where none can be written', async () => {
    const other = await startOther({ lockDir: '/proc/nowhere' });
    expect(other.outcome).toEqual({ isOpen: true });
  });

  it('says what to do where the path does not exist, and leaves no lock', async () => {
    await expect(make('/dev/amr-none').transport.open(never())).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
      message: 'cannot open /dev/amr-none: it does not exist; is the adapter plugged in?',
    });
    expect(readdirSync(fixture.lockDir)).toEqual([]);
  });

  it('says what to do where the user may not open it', async () => {
    chmodSync(realpathSync(fixture.pair.near), 0o000);
    chmodSync(dirname(fixture.pair.near), 0o755);
    chmodSync(fixture.lockDir, 0o777);
    const who = process.getuid?.() === 0 ? { uid: NOBODY } : {};
    const other = await startOther(who);
    expect(other.outcome).toMatchObject({
      code: 'PORT_PERMISSION',
      message: expect.stringContaining('add the user to group dialout'),
    });
  });

  it('judges by what the system said and not by the words of the path', async () => {
    const path = join(dirname(fixture.pair.near), 'clock-busy-Permission');
    mkdirSync(path);
    await expect(make(path).transport.open(never())).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
    });
  });

  it('is lost when the path comes to lead to another device', async () => {
    const clock = createVirtualClock();
    const { transport, seen } = make(fixture.pair.near, clock);
    await transport.open(never());
    await expect.poll(() => clock.waiting).toBe(1);
    await clock.advance(2000);
    await expect.poll(() => clock.waiting).toBe(1);
    expect(seen.losses).toEqual([]);

    const another = await openPtyPair();
    const draft = `${fixture.pair.near}.new`;
    symlinkSync(realpathSync(another.near), draft);
    renameSync(draft, fixture.pair.near);
    expect(statSync(fixture.pair.near).rdev).toBe(statSync(another.near).rdev);
    await clock.advance(2000);
    await expect.poll(() => seen.losses.length).toBe(1);
    expect(seen.losses[0]).toMatchObject({
      code: 'PORT_LOST',
      message: expect.stringContaining(`${basename(fixture.pair.near)} went away`),
    });
    await transport.close();
    expect(clock.waiting).toBe(0);
    await another.stop();
  });

  it('closes at once while a full line holds a write back, which is rejected', async () => {
    const { transport, seen } = make();
    await transport.open(never());
    fixture.pair.freeze();
    let isSettled = false;
    const stuck = transport.write(new Uint8Array(1024 * 1024)).finally(() => {
      isSettled = true;
    });
    stuck.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isSettled).toBe(false);
    await transport.close();
    await expect(stuck).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(seen.losses).toEqual([]);
    expect(readdirSync(fixture.lockDir)).toEqual([]);
  });

  it('closes and gives its lock back even when no thread is left to do it', async () => {
    const through = ['env', 'UV_THREADPOOL_SIZE=1'];
    const other = await startOther({ verb: 'close-blocked', through });
    expect(other.outcome).toEqual({ isClosed: true, locks: [] });
  });
});
