/** A disk that is full, read-only, broken or slow. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readingIn } from '../entry.ts';
import type { Fault } from '../fault.ts';
import type { Gateway } from '../gateway.ts';
import type { Rig } from '../rig.ts';
import { until } from '../until.ts';
import type { Arrival } from '../verdict.ts';

/** After the fault has ended, rows must be taken again within this, without a restart. */
const RECOVERY_MS = 60_000;
const REFUSES = 'store refuses rows';

/** Writes until nothing more goes, the last bytes one by one. */
function fillUp(path: string): void {
  const file = openSync(path, 'w');
  for (let size = 1 << 20; size >= 1; size >>= 4) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size, 0xff));
    } catch (thrown) {
      const isFull = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC';
      if (!isFull) throw thrown;
    }
  }
  closeSync(file);
}

/** What is read from now on must arrive in time. */
async function seeRecovery({ headend, ...rig }: Rig): Promise<void> {
  const now = Date.now();
  const isNew = (arrival: Arrival) => Date.parse(readingIn(arrival)?.readAt ?? '') > now;
  const hasNew = () => headend.arrivals.some(isNew);
  const ms = await until('what is read now to arrive', hasNew, 5 * RECOVERY_MS);
  if (ms > RECOVERY_MS) rig.complain(`recovery took ${Math.round(ms / 1000)} s`);
  await rig.flow(4 * rig.settings.meters);
}

async function fillDisk(rig: Rig): Promise<void> {
  const gateway = await rig.start();
  await rig.flow(2 * rig.settings.meters);
  const filler = join(dirname(rig.dataDir), 'filler');
  fillUp(filler);
  await until('rows to be refused', () => gateway.said(REFUSES) > 0);
  await rig.polled(20 * rig.settings.meters);
  rmSync(filler);
  await seeRecovery(rig);
}

const remount = (dataDir: string, mode: 'ro' | 'rw') =>
  execFileSync('mount', ['-o', `remount,${mode}`, dirname(dataDir)]);

/** A file system with an open file cannot be made read-only, so it happens between two lives. */
async function lockDisk(rig: Rig): Promise<void> {
  const first = await rig.start();
  await rig.flow(2 * rig.settings.meters);
  await first.end('SIGKILL');
  rig.broke();
  rig.look();
  remount(rig.dataDir, 'ro');
  const refused = rig.spawn();
  const code = await refused.ended;
  remount(rig.dataDir, 'rw');
  if (code !== 1) rig.complain(`exit code ${code} on a read-only directory`);
  if (!refused.log.some((line) => line.includes(rig.dataDir))) {
    rig.complain('it does not name the directory that it cannot use');
  }
  await rig.start();
  await rig.flow(rig.settings.meters);
}

/** Injects into the running gateway until the condition holds. */
async function inject({ pid }: Gateway, expression: string, isEnough: () => boolean) {
  const args = ['-f', '-o', '/dev/null', '-e', `inject=${expression}`, '-p', `${pid}`];
  const strace = spawn('strace', args, { stdio: 'ignore' });
  const ended = once(strace, 'exit');
  await until('the injected fault to be met', isEnough);
  strace.kill('SIGINT');
  await ended;
}

/** Calls that fail for a while, under a gateway that goes on. */
function failCalls(expression: string): Fault['run'] {
  return async (rig: Rig) => {
    const gateway = await rig.start();
    await rig.flow(2 * rig.settings.meters);
    const start = rig.meters.answers().length;
    await inject(
      gateway,
      expression,
      () =>
        gateway.said(REFUSES) > 0 && rig.meters.answers().length - start > 10 * rig.settings.meters,
    );
    await seeRecovery(rig);
  };
}

/** The event loop may be held up by so much, percentile 99. */
const MOST_DELAY_MS = 20;

async function slowDown(rig: Rig): Promise<void> {
  const report = join(rig.dir, 'loop-delay');
  const gateway = await rig.start({
    preload: ['loop-delay'],
    env: { AMR_CHAOS_LOOP: report },
    inject: ['inject=fdatasync,fsync:delay_enter=100000'],
  });
  gateway.signal('SIGUSR2');
  await rig.flow(20 * rig.settings.meters);
  await gateway.end('SIGTERM');
  const delayMs = Number(readFileSync(report, 'utf8'));
  if (!(delayMs <= MOST_DELAY_MS)) rig.complain(`event loop held up, p99 ${delayMs.toFixed(1)} ms`);
}

/** While no acknowledgement can be written, what was sent counts as unheard and would go again. */
const UNHURRIED = { resendAfter: '60s' };

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: 'disk-full',
    breaks: 'the disk is full, and has room again',
    quick: true,
    needs: ['mosquitto', 'mount'],
    settings: { tmpfs: 'size=48m', ...UNHURRIED },
    run: fillDisk,
  },
  {
    name: 'disk-read-only',
    breaks: 'the data directory is read-only',
    quick: false,
    needs: ['mosquitto', 'mount'],
    settings: { tmpfs: 'size=48m' },
    run: lockDisk,
  },
  {
    name: 'fsync-error',
    breaks: 'fsync fails (EIO) for a while',
    quick: true,
    needs: ['mosquitto', 'attach'],
    settings: UNHURRIED,
    run: failCalls('fdatasync,fsync:error=EIO'),
  },
  {
    name: 'write-error',
    breaks: 'writing fails (EROFS) for a while',
    quick: false,
    needs: ['mosquitto', 'attach'],
    settings: UNHURRIED,
    run: failCalls('pwrite64:error=EROFS'),
  },
  {
    name: 'fsync-slow',
    breaks: 'every fsync takes 100 ms more',
    quick: false,
    needs: ['mosquitto', 'strace'],
    run: slowDown,
  },
];
