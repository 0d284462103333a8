import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockPort } from '../../src/transport/port-lock.ts';
import { startPortProcess } from '../support/port-process.ts';

/** Nobody, by the number that all distributions agree on. */
const NOBODY = 65534;

/** Runs a command in a place where this shell line was done first. */
const after = (line: string, ...parameters: readonly string[]) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `${line} && shift ${parameters.length} && exec "$@"`,
  'sh',
  ...parameters,
];

const [command = '', ...probe] = [...after('mount -t proc -o hidepid=2 proc /proc'), 'true'];
const mayMount = spawnSync(command, probe).status === 0;

describe.skipIf(!mayMount)('the lock of a serial port (needs the right to mount)', () => {
  let directory: string;
  let lockDir: string;
  let device: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'amr-lock-'));
    lockDir = join(directory, 'lock');
    device = join(directory, 'ttyX');
    writeFileSync(device, '');
    mkdirSync(lockDir);
    chmodSync(directory, 0o755);
    chmodSync(lockDir, 0o777);
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is honoured though /proc hides its holder, as the service unit has it', async () => {
    lockPort(device, lockDir);
    const other = await startPortProcess({
      verb: 'lock',
      device,
      lockDir,
      uid: NOBODY,
      through: after('mount -t proc -o hidepid=2 proc /proc'),
    });
    await other.kill();
    expect(other.outcome).toMatchObject({ code: 'PORT_BUSY', context: { pid: process.pid } });
  });

  it('is done without where the disk of its directory is full', async () => {
    const fill = 'mount -t tmpfs -o size=4k none "$1" && head -c 4096 /dev/zero > "$1/all"';
    const other = await startPortProcess({
      verb: 'lock',
      device,
      lockDir,
      through: after(fill, lockDir),
    });
    await other.kill();
    expect(other.outcome).toEqual({ isLocked: false });
  });
});
