import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchClockState } from '../../../src/host/clock-state.ts';
import { lockDataDir } from '../../../src/host/instance-lock.ts';
import { packageRoot, softwareVersion } from '../../../src/host/package-root.ts';
import { watchProgress } from '../../../src/host/progress.ts';
import { createNotify, feedWatchdog } from '../../../src/host/systemd.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'amr-host-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const lockModule = join(packageRoot(), 'src/host/instance-lock.ts');

/** Takes the lock in another process, and ends as `end` says. */
function lockElsewhere(end: string): { stdout: string; status: number | null } {
  const script = `
    const { lockDataDir } = await import(${JSON.stringify(lockModule)});
    try { lockDataDir(${JSON.stringify(dir)}); console.log('locked'); }
    catch (thrown) { console.log(thrown.code + ': ' + thrown.message); }
    ${end}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}

describe('the lock of a data directory', () => {
  it('keeps a second process out and names the first', () => {
    const unlock = lockDataDir(dir);
    expect(lockElsewhere('').stdout.trim()).toBe(
      `STORE_LOCKED: ${dir} is in use by process ${process.pid}`,
    );
    unlock();
    expect(lockElsewhere('').stdout.trim()).toBe('locked');
  });

  it('goes with the process that held it, however that ended', () => {
    expect(lockElsewhere("process.kill(process.pid, 'SIGKILL')").stdout.trim()).toBe('locked');
    expect(() => lockDataDir(dir)()).not.toThrow();
  });

  it('makes the directory, open to nobody else', () => {
    const unlock = lockDataDir(join(dir, 'new/data'));
    expect(existsSync(join(dir, 'new/data'))).toBe(true);
    unlock();
  });

  it('says why a directory cannot be used', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => lockDataDir(join(dir, 'file'))).toThrow(/cannot use the data directory/);
  });
});

describe('the state of the clock', () => {
  it('is unsynced in 1970, rtc without network time, synced once systemd made its mark', async () => {
    const mark = join(dir, 'synchronized');
    const clock = createVirtualClock(0);
    const state = watchClockState(clock, { mark });
    expect(state()).toBe('unsynced');
    clock.step(Date.parse('2026-11-23T00:00:00Z'));
    expect(state()).toBe('rtc');
    writeFileSync(mark, '');
    await clock.advance(10_000);
    expect(state()).toBe('synced');
  });

  it('is what the configuration says, unless it is plainly wrong', () => {
    const clock = createVirtualClock(0);
    const state = watchClockState(clock, { source: 'synced' });
    expect(state()).toBe('unsynced');
    clock.step(Date.parse('2026-11-23T00:00:00Z'));
    expect(state()).toBe('synced');
  });
});

describe('progress', () => {
  it('is alive while every part moves, and not when one stands', async () => {
    const clock = createVirtualClock();
    const counts = [0, 0];
    const isAlive = watchProgress(() => counts, clock);
    for (let round = 0; round < 10; round++) {
      await clock.advance(20_000);
      counts[0] = round + 1;
      counts[1] = round + 1;
      expect(isAlive()).toBe(true);
    }
    for (let round = 0; round < 3; round++) {
      await clock.advance(20_000);
      counts[0] = (counts[0] ?? 0) + 1;
      expect(isAlive()).toBe(round < 2);
    }
    counts[1] = 99;
    expect(isAlive()).toBe(true);
  });
});

describe('systemd', () => {
  it('is told through systemd-notify, and only where it asked to be', async () => {
    const said = join(dir, 'said');
    const tool = join(dir, 'systemd-notify');
    writeFileSync(tool, `#!/bin/sh\necho "$@" >> ${said}\n`);
    chmodSync(tool, 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${dir}:${path}`;
    try {
      createNotify({})('--ready');
      createNotify({ NOTIFY_SOCKET: '/run/notify' })('--ready');
      await expect
        .poll(() => existsSync(said) && readFileSync(said, 'utf8'))
        .toBe(`--pid=${process.pid} --ready\n`);
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('has its watchdog fed three times in the period, and not by a daemon that stands', async () => {
    const clock = createVirtualClock();
    const words: string[] = [];
    const end = new AbortController();
    let alive = true;
    const feeding = feedWatchdog(
      {
        env: { WATCHDOG_USEC: '60000000' },
        notify: (...some) => words.push(...some),
        clock,
        isAlive: () => alive,
      },
      end.signal,
    );
    await clock.advance(59_000);
    expect(words).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
    alive = false;
    await clock.advance(600_000);
    expect(words).toHaveLength(3);
    end.abort();
    await feeding;
  });
});

describe('the version', () => {
  it('is that of package.json', () => {
    const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
    expect(softwareVersion()).toBe(JSON.parse(text).version);
  });
});
