/**
 * Lock files of serial ports, in the form that terminal programs honour (FHS 3.0 clause 5.9):
 * `LCK..ttyS1` holding the owner's process id in ten columns. A second line tells a process id
 * that was given to another process meanwhile.
 *
 * It must be taken before the port is touched: an open that fails on the driver's own lock has
 * already changed parity and stop bits under the holder's feet.
 *
 * All of it is synchronous: no two takers of one process come between each other, and blocked
 * threads of the pool neither keep a lock from being taken nor from being given back.
 */
import { linkSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AmrError } from '../core/errors.ts';

export const DEFAULT_LOCK_DIR = '/run/lock';

/** Where taking the lock fails so, no lock can be had there at all. */
const UNWRITABLE: readonly string[] = ['EACCES', 'EROFS', 'EPERM', 'ENOENT', 'ENOTDIR', 'ENOSPC'];

/** Gives the lock back; never throws. */
export type Release = () => void;

interface ProcessState {
  readonly isAlive: boolean;
  /** When it started, in clock ticks after boot; `null` where /proc does not show it. */
  readonly startTicks: string | null;
}

/** Signal 0 tells the dead from those that only /proc hides (hidepid, ProtectProc). */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return errorCodeOf(thrown) === 'EPERM';
  }
}

/** From /proc/PID/stat, fields 3 and 22. */
function stateOf(pid: number): ProcessState {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name in field 2 may hold spaces and brackets; fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds no port any more, and may stay as long as its parent.
    return { isAlive: fields[0] !== 'Z', startTicks: fields[19] ?? null };
  } catch {
    return { isAlive: exists(pid), startTicks: null };
  }
}

/** The living process that holds this lock file, `null` when the lock is stale or gone. */
function holderOf(path: string): number | null {
  const [first = '', ticks = ''] = attempt(() => readFileSync(path, 'latin1'), '').split('\n');
  const pid = Number.parseInt(first, 10);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const { isAlive, startTicks } = stateOf(pid);
  if (!isAlive) return null;
  // Other programs write no ticks: then the process id alone decides.
  const isComparable = startTicks !== null && /^\d+$/.test(ticks);
  return isComparable && ticks !== startTicks ? null : pid;
}

/** What the call gives, or `otherwise` where the system refuses it. */
function attempt<T>(call: () => T, otherwise: T): T {
  try {
    return call();
  } catch {
    return otherwise;
  }
}

function lockPathOf(device: string, lockDir: string): string {
  const real = attempt(() => realpathSync(device), device);
  return join(lockDir, `LCK..${real.replace(/^\/dev\//, '').replaceAll('/', '_')}`);
}

function errorCodeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** Creates the file whole or not at all; false where it exists already. */
function createExclusively(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, content, { mode: 0o644 });
    linkSync(draft, path);
    return true;
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  } finally {
    remove(draft);
  }
}

/** What cannot be removed names a process, and is stale after its end. */
function remove(path: string): void {
  attempt(() => rmSync(path, { force: true }), undefined);
}

/**
 * Takes the lock of a device, following links. Throws PORT_BUSY naming the process that has it.
 * Where the lock directory cannot be written, gives `null`: the caller goes on without.
 */
export function lockPort(device: string, lockDir: string = DEFAULT_LOCK_DIR): Release | null {
  const path = lockPathOf(device, lockDir);
  const { startTicks } = stateOf(process.pid);
  const content = `${String(process.pid).padStart(10)}\n${startTicks ?? ''}\n`;
  try {
    // Not recursive: that form never ends where the kernel refuses with ENOENT. What is wrong
    // with the directory shows itself at the first write.
    attempt(() => mkdirSync(lockDir), undefined);
    for (let round = 0; round < 3; round++) {
      if (createExclusively(path, content)) return () => remove(path);
      const holder = holderOf(path);
      if (holder !== null) throw busy(device, holder);
      rmSync(path, { force: true });
    }
    throw busy(device, holderOf(path) ?? 0);
  } catch (thrown) {
    if (UNWRITABLE.includes(errorCodeOf(thrown))) return null;
    throw thrown;
  }
}

function busy(device: string, pid: number): AmrError {
  const who = pid === process.pid ? 'this process already' : `process ${pid}`;
  return new AmrError('PORT_BUSY', `${device} is in use: ${who} holds it`, { context: { pid } });
}
