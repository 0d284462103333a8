import { describe, expect, it, onTestFinished } from 'vitest';
import { createDlt645Slave } from '../../drivers/dlt645/sim.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Fault } from '../../src/sim/faults.ts';
import { createSimLine } from '../../src/sim/line.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { amr } from '../support/amr.ts';
import { scattered, search, stacked } from './discover-rig.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const METERS = 32;
const CLEAN = { unresolved: [], endedBy: null, restarts: 0 };

/** Every fourth meter suffers from one of the faults, each of them from another. */
function faultsOn(addresses: readonly string[], faults: readonly Fault[]): Record<string, Fault> {
  const sick = addresses.filter((_, index) => index % 4 === 0);
  return Object.fromEntries(
    sick.flatMap((address, index) => {
      const fault = faults[index % faults.length];
      return fault === undefined ? [] : [[address, fault]];
    }),
  );
}

/** Some with scattered numbers, some of one delivery, some that share all but the high byte. */
function assorted(seed: number): string[] {
  const delivery = Array.from({ length: 10 }, (_, index) => String(202_611_000_000 + seed + index));
  const all = new Set([...stacked(10, seed), ...delivery, ...scattered(12, seed)]);
  return [...all].sort();
}

describe('the search on a line of 32 meters that garble one another', () => {
  it.each(SEEDS)('finds scattered addresses, all and no other (seed %i)', async (seed) => {
    const addresses = scattered(METERS, seed);
    const outcome = await search({ addresses, seed });
    expect(addresses).toHaveLength(METERS);
    expect(outcome).toMatchObject({ ...CLEAN, found: addresses });
  });

  it.each(SEEDS)('finds addresses that share five low bytes (seed %i)', async (seed) => {
    const addresses = stacked(METERS, seed);
    const outcome = await search({ addresses, seed, baudRate: 19_200 });
    expect(addresses).toHaveLength(METERS);
    expect(outcome).toMatchObject({ ...CLEAN, found: addresses });
  });

  it.each(SEEDS)('finds an assortment of new meters that all show zero (seed %i)', async (seed) => {
    const addresses = assorted(seed);
    const outcome = await search({ addresses, seed, energyOf: () => '0.00' });
    expect(addresses.length).toBeGreaterThan(METERS - 3);
    expect(outcome).toMatchObject({ ...CLEAN, found: addresses });
  });

  it.each(SEEDS)('finds all on an echoing line but the silent one (seed %i)', async (seed) => {
    const addresses = scattered(METERS, seed);
    const [silent = '', echoing = '', ...others] = addresses;
    const faults = { [silent]: { name: 'silent' }, [echoing]: { name: 'echo' } } as const;
    const outcome = await search({ addresses, seed, faults });
    expect(outcome).toMatchObject({ ...CLEAN, found: [echoing, ...others] });
  });

  it.each(SEEDS)('finds all on a noisy line (seed %i)', async (seed) => {
    const addresses = assorted(seed);
    const faults = faultsOn(addresses, [
      { name: 'noise-before', probability: 0.5 },
      { name: 'noise-after', probability: 0.5 },
      { name: 'bit-flip', probability: 0.1 },
      { name: 'glued', probability: 0.3 },
      { name: 'split', probability: 0.5 },
    ]);
    const outcome = await search({ addresses, seed, faults });
    expect(outcome).toMatchObject({ found: addresses, endedBy: null, restarts: 0 });
  });

  it('finds most of them soon, and gives those when its time is up', async () => {
    const addresses = scattered(METERS, 1);
    const outcome = await search({ addresses, seed: 1, endAfterMs: 120_000 });
    expect(outcome.endedBy?.code).toBe('BUS_ABORTED');
    expect(outcome.found.length).toBeGreaterThan(METERS / 2);
    expect(outcome.found.filter((address) => !addresses.includes(address))).toEqual([]);
    expect(outcome.tookMs).toBeLessThan(121_000);
  });

  it('has done with an empty line in five seconds', async () => {
    const outcome = await search({ addresses: [], seed: 1 });
    expect(outcome).toMatchObject({ ...CLEAN, found: [] });
    expect(outcome.tookMs).toBeLessThan(5000);
  });
});

/** Meters on a TCP port, at a speed that keeps the test short. */
async function serve(addresses: readonly string[]): Promise<string> {
  const line = createSimLine({
    clock: systemClock,
    createSlave: createDlt645Slave,
    meters: addresses.map((address) => ({
      address,
      display: { show: () => '1.00', showDailyFreeze: () => null },
    })),
    baudRate: 19_200,
  });
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await served.close();
    line.close();
  });
  return `tcp://127.0.0.1:${served.port}?baud=19200&latency=20ms`;
}

const DLT645 = ['--protocol', 'dlt645'];

describe('amr scan', () => {
  it('prints the lone meter of a line', async () => {
    const bus = await serve(['123456789012']);
    const { code, stdout, stderr } = await amr(['scan', '--json', ...DLT645, '--bus', bus]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      meters: [{ address: '123456789012', protocol: 'dlt645-2007', baudRate: 19_200 }],
      unresolved: [],
      errors: [],
    });
  });

  it('prints a table for people', async () => {
    const bus = await serve(['123456789012']);
    const { stdout } = await amr(['scan', ...DLT645, '--bus', bus]);
    expect(stdout).toMatch(
      /^ +address +protocol +line +model\n123456789012 +dlt645-2007 +19200 +dlt645-2007\n$/,
    );
  });

  it('exits with 1 where nobody answers', async () => {
    const bus = await serve([]);
    const { code, stdout } = await amr(['scan', ...DLT645, '--bus', bus]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'no meter found\n' });
  });

  it('prints the cause when the port cannot be had', async () => {
    const bus = 'serial:/dev/no-such-port';
    const { code, stdout } = await amr(['scan', '--json', '--bus', bus, '--baud', '2400,9600']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      meters: [],
      unresolved: [],
      errors: [
        {
          code: 'PORT_OPEN_FAILED',
          message: expect.any(String),
          ...{ baudRate: 2400, parity: 'even', stopBits: 1 },
        },
      ],
    });
  });

  it.each([
    ['rates that are none', 2, ['--bus', 'serial:/dev/ttyS9', '--baud', 'fast'], /--baud/],
    ['a rate for a TCP port', 2, ['--bus', 'tcp://127.0.0.1:9', '--baud', '2400'], /--baud/],
    ['a line of no known kind', 2, ['--bus', 'carrier-pigeon:loft'], /--bus/],
    ['no line', 2, [], /--bus/],
  ] as const)('refuses %s in one line', async (_, code, words, says) => {
    const refused = await amr(['scan', '--json', ...words]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code, stdout: '' });
    expect(refused.stderr).toMatch(says);
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
