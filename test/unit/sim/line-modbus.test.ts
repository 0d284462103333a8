import { describe, expect, it } from 'vitest';
import { buildModbusTcpMeters, buildSimLine, type SimLineSettings } from '../../../src/cli/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { JournalEntry } from '../../../src/core/slave.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/** Of unit 17: the frequency of an Eastron SDM630, and of unit 18. */
const FREQUENCY_17 = fromHex('11 04 00 46 00 02 92 8E');
const FREQUENCY_18 = fromHex('12 04 00 46 00 02 92 BD');
/** That nobody answers. */
const OTHER_TALK = fromHex('13 04 00 46 00 02');
/** The energy of DL/T 645 meter 1, di 00010000. */
const ENERGY_1 = fromHex('68 01 00 00 00 00 00 68 11 04 33 33 34 33 B3 16');
const MIXED = {
  meters: 2,
  baudRate: 2400,
  beside: [{ model: 'eastron-sdm630', meters: 2, firstAddress: '17' }],
} as const;
/** 8E1 at 2400 baud. */
const BYTE_MS = 11_000 / 2400;

async function createRig(settings: SimLineSettings = {}) {
  const clock = createVirtualClock();
  const journal: JournalEntry[] = [];
  const onAnswer = (entry: JournalEntry) => journal.push(entry);
  const line = await buildSimLine({ ...MIXED, clock, onAnswer, ...settings });
  const heard: Uint8Array[] = [];
  line.attach({ write: (bytes) => heard.push(bytes) });
  return {
    clock,
    line,
    journal,
    async ask(request: Uint8Array): Promise<string> {
      line.receive(request);
      await clock.advance(1000);
      return toHex(concatBytes(...heard.splice(0)));
    },
  };
}

const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error;

describe('a line with meters of two protocols', () => {
  it('has all of them, each deaf to the others', async () => {
    const { line, ask, journal } = await createRig();
    expect(line.addresses).toEqual(['000000000001', '000000000002', '17', '18']);
    expect(await ask(ENERGY_1)).toMatch(/^FE FE FE FE 68 01 00 00 00 00 00 68 91 08/);
    expect(await ask(FREQUENCY_17)).toMatch(/^11 04 04 42 4[78] .. .. .. ..$/);
    expect(await ask(ENERGY_1)).toMatch(/^FE FE FE FE 68 01/);
    expect(await ask(FREQUENCY_18)).toMatch(/^12 04 04 42/);
    expect(journal.map(({ meter, item }) => [meter, item])).toEqual([
      ['000000000001', '00010000'],
      ['17', 'input 0x0046 x2'],
      ['000000000001', '00010000'],
      ['18', 'input 0x0046 x2'],
    ]);
    expect(journal[1]?.values).toEqual({ frequency: expect.stringMatching(/^(49|50)\.\d\d$/) });
  });

  it('has Modbus meters that hear a request only behind 3.5 characters of silence', async () => {
    const { clock, line, ask, journal } = await createRig();
    line.receive(OTHER_TALK);
    await clock.advance((OTHER_TALK.length + 3.4) * BYTE_MS);
    expect(await ask(FREQUENCY_17)).toBe('');
    line.receive(OTHER_TALK);
    await clock.advance((OTHER_TALK.length + 3.6) * BYTE_MS);
    expect(await ask(FREQUENCY_17)).toMatch(/^11 04 04/);
    expect(journal).toHaveLength(1);
  });

  it('takes its pace from its first model', async () => {
    const modbusAlone = { meters: 1, model: 'eastron-sdm630', firstAddress: '17', beside: [] };
    const clock = createVirtualClock();
    const line = await buildSimLine({ ...modbusAlone, clock });
    const ends: number[] = [];
    line.attach({ write: () => ends.push(clock.monotonic()) });
    line.receive(FREQUENCY_17);
    await clock.advance(1000);
    // 9600 baud 8N1: 8 bytes there, 20 ms, 9 bytes back.
    expect(ends.at(-1)).toBeCloseTo((17 * 10_000) / 9600 + 20, 6);
  });

  it('lets a Modbus meter have faults of its own, and no other', async () => {
    const strike = (meter: string, name: 'busy' | 'bad-record' | 'silent') =>
      createRig({ faults: [{ meter, fault: { name } }] });
    const { ask } = await strike('17', 'busy');
    expect(await ask(FREQUENCY_17)).toMatch(/^11 84 06/);
    expect(await ask(FREQUENCY_18)).toMatch(/^12 04 04/);
    await expect(strike('17', 'bad-record')).rejects.toThrow(invalid);
    await expect(strike('1', 'busy')).rejects.toThrow(invalid);
    await expect(strike('all', 'busy')).rejects.toThrow(invalid);
    await expect(strike('19', 'silent')).rejects.toThrow(invalid);
    expect((await strike('2', 'silent')).line.addresses).toHaveLength(4);
  });
});

describe('meters that cannot be', () => {
  it.each([
    ['a model that is not there', { model: 'nokia-3310' }],
    ['unit 0 on a line', { model: 'eastron-sdm630', firstAddress: '0' }],
    ['unit 248 on a line', { model: 'eastron-sdm630', firstAddress: '247', meters: 2 }],
  ])('%s', async (_, settings) => {
    await expect(buildSimLine(settings)).rejects.toThrow(invalid);
  });

  it.each([
    ['DL/T 645 over Modbus TCP', {}],
    ['unit 256', { model: 'eastron-sdm630', firstAddress: '255', meters: 2 }],
    [
      'a line fault on a connection',
      { model: 'eastron-sdm630', faults: [{ meter: 'all', fault: { name: 'bit-flip' } as const }] },
    ],
  ])('%s', async (_, settings) => {
    await expect(buildModbusTcpMeters(settings)).rejects.toThrow(invalid);
  });

  it('are not those at the ends of the range', async () => {
    const one = { model: 'eastron-sdm630', meters: 1 };
    const all = ['0', '255'].map((firstAddress) => buildModbusTcpMeters({ ...one, firstAddress }));
    const ends = ['1', '247'].map((firstAddress) => buildSimLine({ ...one, firstAddress }));
    const built = await Promise.all([...all, ...ends]);
    expect(built.flatMap(({ addresses }) => addresses)).toEqual(['0', '255', '1', '247']);
  });
});
