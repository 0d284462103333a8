/**
 * Lock files of serial ports, in the form that terminal programs honour (FHS 3.0 clause 5.9):
 * `LCK..ttyS1` holding the owner's process id in ten columns. A second line tells a process id
 * that was given to another process meanwhile.
 *
 * It must be taken before the port is touched: an open that fails on the driver's own lock has
 * already changed parity and stop bits under the holder's feet.
 */
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmrError } from '../core/errors.ts';

export const DEFAULT_LOCK_DIR = '/run/lock';

/** Gives the lock back; never rejects. */
export type Release = () => Promise<void>;

/** When the process started, in clock ticks after boot: /proc/PID/stat, field 22. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name in field 2 may hold spaces and brackets; fields are counted behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** The living process that holds this lock file, `null` when the lock is stale or gone. */
async function holderOf(path: string): Promise<number | null> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const [first = '', ticks] = text.split('\n');
  const pid = Number.parseInt(first, 10);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const started = startTicks(pid);
  if (started === null) return null;
  // Other programs write no second line: then the process id alone decides.
  return ticks === undefined || ticks === '' || ticks === started ? pid : null;
}

async function lockPathOf(device: string, lockDir: string): Promise<string> {
  const real = await realpath(device).catch(() => device);
  return join(lockDir, `LCK..${real.replace(/^\/dev\//, '').replaceAll('/', '_')}`);
}

function errorCodeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** Creates the file whole or not at all; false where it exists already. */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content, { mode: 0o644 });
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Takes the lock of a device, following links. Throws PORT_BUSY naming the process that has it.
 * Where the lock directory cannot be written, gives `null`: the caller goes on without.
 */
export async function lockPort(
  device: string,
  lockDir: string = DEFAULT_LOCK_DIR,
): Promise<Release | null> {
  const path = await lockPathOf(device, lockDir);
  const content = `${String(process.pid).padStart(10)}\n${startTicks(process.pid) ?? ''}\n`;
  try {
    await mkdir(lockDir, { recursive: true });
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await createExclusively(path, content)) return () => rm(path, { force: true });
      const holder = await holderOf(path);
      if (holder !== null) throw busy(device, holder);
      await rm(path, { force: true });
    }
    throw busy(device, (await holderOf(path)) ?? 0);
  } catch (thrown) {
    if (['EACCES', 'EROFS', 'EPERM', 'ENOENT'].includes(errorCodeOf(thrown))) return null;
    throw thrown;
  }
}

function busy(device: string, pid: number): AmrError {
  const who = pid === process.pid ? 'this process already' : `process ${pid}`;
  return new AmrError('PORT_BUSY', `${device} is in use: ${who} holds it`, { context: { pid } });
}
