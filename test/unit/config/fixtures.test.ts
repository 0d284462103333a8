import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineConfig, loadConfig } from '../../../src/config/load.ts';
import { problemLine } from '../../../src/config/problem.ts';
import { packageRoot } from '../../../src/host/package-root.ts';

const fixtures = join(packageRoot(), 'fixtures/config');
const casesOf = (kind: string) => readdirSync(join(fixtures, kind));

/** File names as `amr check gateway.yaml` prints them in the folder of the case. */
async function linesOf(kind: string, name: string): Promise<string[]> {
  const folder = join(fixtures, kind, name);
  const { problems, warnings } = await examineConfig(join(folder, 'gateway.yaml'));
  const lines = [
    ...problems.map(problemLine),
    ...warnings.map((one) => `${problemLine(one)} (warning)`),
  ];
  return lines.map((line) => line.replaceAll(`${folder}/`, ''));
}

describe('a configuration with mistakes', () => {
  const cases = casesOf('invalid');

  it('is there in every kind', () => {
    expect(cases.length).toBeGreaterThanOrEqual(50);
  });

  it.each(cases)('%s: every problem is named with its place', async (name) => {
    const expected = readFileSync(join(fixtures, 'invalid', name, 'expected.txt'), 'utf8');
    const lines = expected.trim().split('\n');
    expect(lines.pop()).toMatch(/^\d+ to change$/);
    expect(lines.length).toBeGreaterThan(0);
    expect(await linesOf('invalid', name)).toEqual(lines);
  });

  it.each(['credentials-in-url', 'password-with-slash'])('%s: shows no password', async (name) => {
    const text = JSON.stringify(await linesOf('invalid', name));
    expect(text).toContain('usernameFile');
    expect(text).not.toMatch(/user:|sec|ret@/);
  });

  it('is refused in few words when it is nested without end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'amr-config-'));
    const file = join(folder, 'gateway.yaml');
    try {
      writeFileSync(file, `site: ${'['.repeat(20_000)}`);
      const { problems } = await examineConfig(file);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.length).toBeLessThan(10);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('cannot be run: the command prints the same lines and ends with 78', () => {
    const cwd = join(fixtures, 'invalid/several-at-once');
    const amr = join(packageRoot(), 'src/amr.ts');
    const check = spawnSync(process.execPath, [amr, 'check', 'gateway.yaml'], {
      cwd,
      encoding: 'utf8',
    });
    expect(check.stdout).toBe(readFileSync(join(cwd, 'expected.txt'), 'utf8'));
    expect(check.status).toBe(78);
    const run = spawnSync(process.execPath, [amr, 'run', 'gateway.yaml'], {
      cwd,
      encoding: 'utf8',
    });
    expect(run.status).toBe(78);
    expect(run.stderr).toContain('unknown key "gatway"; did you mean "gateway"?');
  });
});

describe('a good configuration', () => {
  const cases = casesOf('valid');

  it.each(cases)('%s has no problems', async (name) => {
    const folder = join(fixtures, 'valid', name);
    expect((await examineConfig(join(folder, 'gateway.yaml'))).problems).toEqual([]);
  });

  it('may be the example that comes along', async () => {
    const { config } = await loadConfig(join(packageRoot(), 'config/gateway.example.yaml'));
    expect(config.meters.map(({ id }) => id)).toEqual([
      '000012345678',
      'main-2',
      'flat-101',
      'flat-102',
    ]);
    expect(cases.length).toBeGreaterThanOrEqual(7);
  });

  it('is warned of meters that are usually delivered otherwise than their bus is set', async () => {
    const line = (place: string, model: string, usual: string, bus: string) =>
      `gateway.yaml:${place}: ${model} is usually delivered with ${usual}; the bus ${bus} (warning)`;
    expect(await linesOf('valid', 'delivered-otherwise')).toEqual([
      line('12:5', 'eastron-sdm630', 'baudRate 9600, parity none', 'b1 has 2400, even'),
      line('16:5', 'schneider-iem3155', 'baudRate 19200, parity even', 'b2 has 9600, none'),
    ]);
  });

  it('keeps the digits of an address that is written like a number', async () => {
    const file = join(fixtures, 'valid/unquoted-address/gateway.yaml');
    expect((await loadConfig(file)).config.meters[0]?.id).toBe('000000012345');
  });

  it('keeps the digits of names that are written like numbers', async () => {
    const file = join(fixtures, 'valid/names-like-numbers/gateway.yaml');
    const { config } = await loadConfig(file);
    expect(config).toMatchObject({ site: '007', gateway: '1' });
    expect(Object.keys(config.buses)).toEqual(['0012']);
    expect(config.meters).toMatchObject([{ id: '000000012345', bus: '0012', plans: ['015'] }]);
  });

  it('takes meters from a spreadsheet as they stand there', async () => {
    const { config } = await loadConfig(join(fixtures, 'valid/meters-file/gateway.yaml'));
    expect(config.meters).toMatchObject([
      { id: '000000012345', bus: 'b1', plans: ['curve'], ct: 40, pt: 1 },
      { id: 'm-2', address: '000000000002', model: 'dlt645-2007-single', ct: 1 },
    ]);
  });

  it('takes from a spreadsheet how a meter talks, where that is not how its bus is set', async () => {
    const { config } = await loadConfig(join(fixtures, 'valid/mixed-line/gateway.yaml'));
    expect(
      config.meters.map(({ baudRate, parity, stopBits }) => [baudRate, parity, stopBits]),
    ).toEqual([
      [undefined, undefined, undefined],
      [9600, 'none', 2],
      [4800, undefined, undefined],
    ]);
  });

  it('has a hash that changes with its meaning alone', async () => {
    const smallest = join(fixtures, 'valid/smallest/gateway.yaml');
    const first = await loadConfig(smallest);
    const again = await loadConfig(smallest);
    const other = await loadConfig(smallest, { dataDir: 'elsewhere' });
    expect(first.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });
});
