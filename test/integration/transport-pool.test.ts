import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../src/amr.ts', import.meta.url));

/*
 * Runs in the process under test when that has nothing left to do: uses the pool, which by then
 * has its final size, and counts its threads.
 */
const PROBE = `
  const fs = require('node:fs');
  const threads = () => fs.readdirSync('/proc/self/task').filter((id) =>
    fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').startsWith('libuv-worker'));
  process.once('beforeExit', () => fs.stat('/', () => {
    fs.writeSync(2, 'threads=' + threads().length);
  }));`;

describe('the thread pool of the command line', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'amr-pool-'));
    writeFileSync(join(directory, 'probe.cjs'), PROBE);
    // The least entry that does what the command line does: an import, then the setting.
    const imports = "import { stat } from 'node:fs/promises';\nimport './other.mjs';\n";
    const setting = "process.env['UV_THREADPOOL_SIZE'] ??= '16';\nawait stat('/');\n";
    writeFileSync(join(directory, 'other.mjs'), 'export {};\n');
    writeFileSync(join(directory, 'late.mjs'), `${imports}${setting}`);
    writeFileSync(join(directory, 'used.mjs'), `${imports}await stat('/');\n${setting}`);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function threadsOf(parameters: readonly string[], size?: string): number {
    const { UV_THREADPOOL_SIZE: _, ...inherited } = process.env;
    const env = size === undefined ? inherited : { ...inherited, UV_THREADPOOL_SIZE: size };
    const preload = ['--require', join(directory, 'probe.cjs')];
    const { stderr } = spawnSync(process.execPath, [...preload, ...parameters], {
      env,
      encoding: 'utf8',
    });
    return Number(/threads=(\d+)/.exec(stderr)?.[1]);
  }

  it('has 24 threads, or as many as the environment says', () => {
    const verb = [ENTRY, 'decode', '--json', 'FE'];
    expect(threadsOf(verb)).toBe(24);
    expect(threadsOf(verb, '7')).toBe(7);
  });

  it('takes its size from the program as long as nothing has used it, imports included', () => {
    expect(threadsOf([join(directory, 'late.mjs')])).toBe(16);
    expect(threadsOf([join(directory, 'used.mjs')])).toBe(4);
  });
});
