/** Simulated Modbus meters, asked by masters that share no line with us: mbpoll and pymodbus. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { buildModbusTcpMeters, buildSimLine, type SimLineSettings } from '../../src/cli/sim.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { serveModbusTcp } from '../../src/sim/modbus-tcp.ts';
import { serveSerial } from '../../src/sim/serve.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { askWithPymodbus, lacksPymodbusClient } from '../support/pymodbus-client.ts';

const hasMbpoll = spawnSync('mbpoll', ['-V']).error === undefined;
const lacksMbpoll = !hasMbpoll && process.env['AMR_REQUIRE_REAL'] !== '1';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Stand {
  readonly journal: readonly JournalEntry[];
}

async function standTcp(model: string, settings: SimLineSettings = {}) {
  const journal: JournalEntry[] = [];
  const onAnswer = (entry: JournalEntry) => journal.push(entry);
  const one = { model, meters: 1, firstAddress: '17', onAnswer, ...settings };
  const meters = await buildModbusTcpMeters(one);
  const { port, close } = await serveModbusTcp(meters);
  cleanups.push(async () => {
    meters.close();
    await close();
  });
  return { journal, port };
}

async function standSerial(model: string) {
  const pair = await openPtyPair();
  cleanups.push(() => pair.stop());
  const journal: JournalEntry[] = [];
  const onAnswer = (entry: JournalEntry) => journal.push(entry);
  const line = await buildSimLine({ model, meters: 2, firstAddress: '17', onAnswer });
  const served = await serveSerial(line, { path: pair.far, baudRate: 9600, parity: 'none' });
  cleanups.push(async () => {
    line.close();
    await served.close();
  });
  return { journal, path: pair.near, baudRate: 9600 };
}

/** What the meter says that it said last. */
function lastTold({ journal }: Stand, register: string): string | null | undefined {
  return journal.at(-1)?.values[register];
}

/** The values that mbpoll prints, by their number counted from 1. */
async function mbpoll(...args: readonly string[]): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)('mbpoll', ['-1', '-a', '17', ...args]);
  const rows = [...stdout.matchAll(/^\[(\d+)\]:\s+(\S+)(?: \((-?\d+)\))?/gm)];
  // What is negative as a signed number is printed both ways.
  return Object.fromEntries(
    rows.map(([, place = '', value = '', signed]) => [place, signed ?? value]),
  );
}

const atTcp = (port: number) => ['-m', 'tcp', '-p', String(port), '127.0.0.1'];

describe.skipIf(lacksMbpoll)('a simulated Modbus meter asked by mbpoll', () => {
  it('has floats, most significant word first', async () => {
    const stand = await standTcp('eastron-sdm630');
    const read = await mbpoll('-t', '3:float', '-B', '-r', '73', '-c', '1', ...atTcp(stand.port));
    const told = lastTold(stand, 'energy_active_import');
    // mbpoll prints six digits.
    expect(Number(read['73']).toPrecision(6)).toBe(
      Number(Number(told).toPrecision(6)).toPrecision(6),
    );
    expect(Number(told)).toBeGreaterThan(100);
  });

  it('has integers of 32 bits, least significant word first', async () => {
    const stand = await standTcp('carlo-gavazzi-em340');
    const read = await mbpoll('-t', '3:int', '-r', '53', '-c', '1', ...atTcp(stand.port));
    expect(Number(read['53']) / 10).toBe(Number(lastTold(stand, 'energy_active_import')));
  });

  it('has signed integers of 16 bits', async () => {
    // The fourth meter feeds in around noon: its power factor is negative.
    const clock = { ...systemClock, now: () => Date.parse('2026-06-21T12:00:00+08:00') };
    const stand = await standTcp('abb-b23', {
      clock,
      firstAddress: '14',
      meters: 4,
      kind: 'single',
    });
    const read = await mbpoll('-t', '4', '-r', String(0x5b3b), '-c', '1', ...atTcp(stand.port));
    const told = Number(lastTold(stand, 'power_factor'));
    expect(Number(read[String(0x5b3b)])).toBe(Math.round(told * 1000));
    expect(told).toBeLessThan(0);
  });

  it.skipIf(lacksSocat)('answers on a serial line (needs socat)', async () => {
    const stand = await standSerial('eastron-sdm630');
    const rtu = ['-m', 'rtu', '-b', '9600', '-P', 'none', stand.path];
    const read = await mbpoll('-t', '3:float', '-B', '-r', '1', '-c', '3', ...rtu);
    const told = ['voltage_l1', 'voltage_l2', 'voltage_l3'].map((name) => lastTold(stand, name));
    expect(Object.values(read).map((value) => Number(value).toFixed(1))).toEqual(told);
    expect(stand.journal.map(({ meter }) => meter)).toEqual(['17']);
  });
});

/** The registers as one number, the most significant first. */
const numberOf = (registers: readonly number[]) =>
  registers.reduce((sum, word) => (sum << 16n) | BigInt(word), 0n);

describe.skipIf(lacksPymodbusClient)('a simulated Modbus meter asked by pymodbus', () => {
  it('has integers of 64 bits', async () => {
    const stand = await standTcp('abb-b23');
    const request = { read: 'holding_registers', unit: 17, address: 0x5000, count: 4 } as const;
    const [answer] = await askWithPymodbus({ port: stand.port }, [request]);
    if (answer === undefined || !('registers' in answer)) throw new Error(JSON.stringify(answer));
    const told = lastTold(stand, 'energy_active_import');
    expect(String(numberOf(answer.registers))).toBe(told?.replace('.', ''));
  });

  it('refuses with exceptions 01, 02 and 03', async () => {
    const { port } = await standTcp('eastron-sdm630');
    const unit = 17;
    const answers = await askWithPymodbus({ port }, [
      { read: 'coils', unit, address: 0, count: 1 },
      { read: 'discrete_inputs', unit, address: 0, count: 1 },
      { read: 'input_registers', unit, address: 0x2000, count: 2 },
      { read: 'holding_registers', unit, address: 0, count: 2 },
      { read: 'input_registers', unit, address: 0, count: 81 },
    ]);
    expect(answers).toEqual([1, 1, 2, 2, 3].map((exception) => ({ exception })));
  });

  it('identifies itself, in parts', async () => {
    const { port } = await standTcp('eastron-sdm630');
    const answers = await askWithPymodbus({ port }, [
      { identify: 1, object: 0, unit: 17 },
      { identify: 1, object: 2, unit: 17 },
      { identify: 4, object: 4, unit: 17 },
      { identify: 4, object: 0x80, unit: 17 },
    ]);
    expect(answers).toEqual([
      { objects: { 0: 'Eastron', 1: 'eastron-sdm630' }, next: 2 },
      { objects: { 2: '1.0' }, next: null },
      { objects: { 4: 'Eastron SDM630 three-phase meter' }, next: null },
      { exception: 2 },
    ]);
  });

  it.skipIf(lacksSocat)('is one of two on a serial line (needs socat)', async () => {
    const { path, baudRate, journal } = await standSerial('eastron-sdm630');
    const request = { read: 'input_registers', address: 0x46, count: 2 } as const;
    const units = [17, 18, 17];
    const answers = await askWithPymodbus(
      { path, baudRate },
      units.map((unit) => ({ ...request, unit })),
    );
    expect(answers).toHaveLength(3);
    const read = answers.map((answer) => {
      if (!('registers' in answer)) throw new Error(JSON.stringify(answer));
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, Number(numberOf(answer.registers)));
      return view.getFloat32(0).toFixed(2);
    });
    expect(journal.map(({ meter, values }) => [meter, values['frequency']])).toEqual(
      units.map((unit, index) => [String(unit), read[index]]),
    );
  });
});
