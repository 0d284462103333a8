/*
 * Our master against servers of modbus-serial, and its client against our simulated meters, whose
 * journal says what they showed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { modbus } from '../../drivers/modbus/driver.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import {
  type ForeignUnit,
  modbusSerialRtu,
  modbusSerialTcp,
  serveModbusSerialRtu,
  serveModbusSerialTcp,
} from '../support/modbus-serial.ts';
import { openBus } from '../support/open-bus.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { sessionDeps } from '../support/session-deps.ts';
import { readJournal, startSim } from '../support/sim-process.ts';
import { modelOf, registersNamed } from '../unit/modbus/fake-meter.ts';

const FRAMINGS = ['modbus-tcp', 'modbus-rtu'] as const;
type Framing = (typeof FRAMINGS)[number];

const options = { priority: 'on-demand', signal: new AbortController().signal } as const;

/** Words of a buffer from this address on. */
function wordsAt(address: number, buffer: Buffer): [number, number][] {
  return Array.from({ length: buffer.length / 2 }, (_, index) => [
    address + index,
    buffer.readUInt16BE(index * 2),
  ]);
}

function bufferOf(length: number, fill: (buffer: Buffer) => unknown): Buffer {
  const buffer = Buffer.alloc(length);
  fill(buffer);
  return buffer;
}

async function ptyPair() {
  const pair = await openPtyPair();
  onTestFinished(() => pair.stop());
  return pair;
}

describe.skipIf(lacksSocat)('a server of modbus-serial (needs socat)', () => {
  const UNIT: ForeignUnit = {
    unit: 17,
    holding: new Map([
      ...wordsAt(
        0x0010,
        bufferOf(8, (buffer) => buffer.writeBigUInt64BE(2n ** 64n - 2n)),
      ),
      ...wordsAt(
        0x0020,
        bufferOf(4, (buffer) => buffer.writeUInt32BE(305_419_896)),
      ),
      ...wordsAt(0x0100, Buffer.alloc(250, 7)),
    ]),
    input: new Map([
      ...wordsAt(
        0,
        bufferOf(4, (buffer) => buffer.writeFloatBE(229.95)),
      ),
    ]),
  };
  const MODEL = modelOf(
    {
      energy_active_import: { holding: 0x0010, type: 'u64', unit: 'Wh', scale: -6 },
      energy_active_export: { holding: 0x0020, type: 'u32', order: 'CDAB', scale: -2 },
      voltage_l1: { input: 0, type: 'f32', resolution: '0.1' },
      frequency: { holding: 0x0022, type: 'u16', scale: -2 },
    },
    { maxGap: 16 },
  );

  async function serve(framing: Framing): Promise<string> {
    if (framing === 'modbus-tcp') {
      const { port, stop } = await serveModbusSerialTcp(UNIT);
      onTestFinished(stop);
      return `modbus-tcp://127.0.0.1:${port}`;
    }
    const { near, far } = await ptyPair();
    const { stop } = await serveModbusSerialRtu(far, UNIT);
    onTestFinished(stop);
    return `serial:${near}?baud=9600&parity=none&latency=500ms`;
  }

  it.each(FRAMINGS)('is read over %s, holes and all', async (framing) => {
    const { bus, close } = await openBus(await serve(framing));
    onTestFinished(close);
    const session = modbus.open(bus, { address: '17', model: MODEL }, sessionDeps());
    const wanted = registersNamed(...Object.keys(MODEL.registers));
    const { values, failures } = await session.read(wanted, options);
    expect(
      values.map(({ register, value }) => [register.name, value && formatDecimal(value)]),
    ).toEqual([
      ['energy_active_import', '18446744073.709551614'],
      ['energy_active_export', '14507095.56'],
      ['voltage_l1', '229.9'],
    ]);
    expect(failures).toMatchObject([
      {
        registers: [{ name: 'frequency' }],
        error: { code: 'METER_UNSUPPORTED', context: { exception: 2 } },
      },
    ]);
    const longest = await session.readItem?.('holding:0x100:125', options);
    expect(longest?.values.filter(({ value }) => value === '0x0707')).toHaveLength(125);
  });
});

/** Registers of the model eastron-sdm630: name, input register, digits behind the point. */
const SHOWN = [
  ['voltage_l1', 0x0000, 1],
  ['current_l1', 0x0006, 3],
  ['frequency', 0x0046, 2],
  ['energy_active_import', 0x0048, 2],
] as const;
const UNIT = 9;

/** What holds the two registers from `address` on, as binary32. */
function floatOf(words: readonly (number | undefined)[]): number {
  const buffer = Buffer.alloc(4);
  words.forEach((word, index) => {
    if (word === undefined) throw new Error('the register was not answered');
    buffer.writeUInt16BE(word, index * 2);
  });
  return buffer.readFloatBE();
}

/** Meters of the simulator; `place` is where masters find them. */
async function simulate(framing: Framing) {
  const directory = mkdtempSync(join(tmpdir(), 'amr-foreign-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const journal = join(directory, 'journal.jsonl');
  const args = ['--model', 'eastron-sdm630', '--meters', '2', '--first-address', String(UNIT)];
  const near = framing === 'modbus-rtu' ? await ptyPair() : null;
  const where = near === null ? ['--modbus-tcp', '127.0.0.1:0'] : ['--serial', near.far];
  const sim = await startSim([...args, ...where, '--journal', journal]);
  onTestFinished(() => sim.stop());
  const port = Number(/:(\d+)$/.exec(sim.listening)?.[1]);
  /** What the meter showed of a register when it was last asked. */
  const shown = (name: string) =>
    readJournal(journal).findLast((entry) => entry.meter === String(UNIT) && name in entry.values)
      ?.values[name];
  return { place: near?.near ?? port, shown };
}

describe.skipIf(lacksSocat)('the client of modbus-serial (needs socat)', () => {
  it.each(FRAMINGS)('reads our simulated meters over %s', async (framing) => {
    const { place, shown } = await simulate(framing);
    const client =
      typeof place === 'number'
        ? await modbusSerialTcp(place, UNIT)
        : await modbusSerialRtu(place, UNIT);
    onTestFinished(() => client.stop());
    /** It sends at once, and meters on a line want silence before a request. */
    const read = async (address: number, quantity: number) => {
      await sleep(20);
      return await client.readInputRegisters(address, quantity);
    };
    for (const [name, address, digits] of SHOWN) {
      const { data } = await read(address, 2);
      expect([name, floatOf(data).toFixed(digits)]).toEqual([name, shown(name)]);
    }
    await expect(read(0x7000, 2)).rejects.toMatchObject({ modbusCode: 2 });
    await expect(read(0, 126)).rejects.toMatchObject({ modbusCode: 3 });
    await sleep(20);
    await expect(client.readCoils(0, 1)).rejects.toMatchObject({ modbusCode: 1 });
  });
});
