import { describe, expect, it } from 'vitest';
import { createModbusSlave } from '../../../drivers/modbus/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { SlaveFault } from '../../../src/core/slave.ts';
import { bare, createRig, displayOf, modelOf, rtu, SILENCE_MS } from './sim-rig.ts';

/** Voltage at 0 and 1, current at 5, and far away energy in the other table. */
const MODEL = modelOf(
  {
    voltage_l1: { at: 0, type: 'u32', scale: -1 },
    current_l1: { at: 5, type: 'u16', scale: -2 },
    energy_active_import: { input: 0x1000, type: 'u32', scale: -2 },
  },
  {
    table: 'holding',
    maxRegisters: 60,
    maxGap: 4,
    identification: [{ holding: 0xfc02, type: 'u16', equals: '112' }],
  },
);
const DIGITS = { voltage_l1: '230.2', current_l1: '5.43', energy_active_import: '12345.67' };
const VOLTAGE = '11 03 00 00 00 02';
const VOLTAGE_ANSWER = '11 03 04 00 00 08 FE';

const rigOf = (options = {}) => createRig({ model: MODEL, digits: DIGITS, ...options });

describe('the registers of a simulated Modbus meter', () => {
  it('are answered with what they mean to a reader, as far as they are whole', () => {
    const rig = rigOf();
    expect(rig.ask('11 03 00 00 00 06')).toBe('11 03 0C 00 00 08 FE 00 00 00 00 00 00 02 1F');
    expect(rig.ask('11 03 00 01 00 05')).toBe('11 03 0A 08 FE 00 00 00 00 00 00 02 1F');
    expect(rig.ask('11 04 10 00 00 02')).toBe('11 04 04 00 12 D6 87');
    expect(rig.told).toEqual([
      ['holding 0x0000 x6', { voltage_l1: '230.2', current_l1: '5.43' }],
      ['holding 0x0001 x5', { current_l1: '5.43' }],
      ['input 0x1000 x2', { energy_active_import: '12345.67' }],
    ]);
  });

  it('hold what a scan looks for', () => {
    expect(rigOf().ask('11 03 FC 02 00 01')).toBe('11 03 02 00 70');
  });

  it.each([
    ['beyond the area', '11 03 00 00 00 07', '11 83 02'],
    ['before the area', '11 04 0F FF 00 03', '11 84 02'],
    ['of the other table', '11 04 00 00 00 02', '11 84 02'],
    ['beyond the last address', '11 03 FC 02 00 3C', '11 83 02'],
    ['none', '11 03 00 00 00 00', '11 83 03'],
    ['more than the meter gives', '11 03 00 00 00 3D', '11 83 03'],
    ['more than a frame holds', '11 03 00 00 00 7E', '11 83 03'],
    ['coils', '11 01 00 00 00 01', '11 81 01'],
    ['discrete inputs', '11 02 00 00 00 01', '11 82 01'],
    ['a write of one', '11 06 00 00 00 01', '11 86 01'],
    ['a write of several', '11 10 00 00 00 01 02 00 05', '11 90 01'],
    ['a function unheard of', '11 41', '11 C1 01'],
    ['exception status', '11 07', '11 87 01'],
  ])('refuse %s', (_, request, answer) => {
    const rig = rigOf();
    expect(rig.ask(request)).toBe(answer);
    expect(rig.told).toHaveLength(1);
    expect(rig.told[0]?.[1]).toEqual({});
  });

  it('are in one area up to the gap that may be read along, and no further', () => {
    const at = (address: number) => ({ at: address, type: 'u16' });
    const model = modelOf(
      { voltage_l1: at(0), voltage_l2: at(5), voltage_l3: at(11) },
      { maxGap: 4 },
    );
    const rig = createRig({ model });
    expect(rig.ask('11 03 00 01 00 04')).toBe('11 03 08 00 00 00 00 00 00 00 00');
    expect(rig.ask('11 03 00 06 00 01')).toBe('11 83 02');
    expect(rig.ask('11 03 00 05 00 07')).toBe('11 83 02');
    expect(rig.ask('11 03 00 0B 00 01')).toBe('11 03 02 00 00');
  });

  it('never give more than 125, whatever the model says', () => {
    const model = modelOf(
      { voltage_l1: { at: 0, type: 'u16' } },
      { maxRegisters: 200, maxGap: 200 },
    );
    expect(createRig({ model }).ask('11 03 00 00 00 7E')).toBe('11 83 03');
  });

  it('refuse a range with a hole in it, and no other', () => {
    const rig = rigOf({ holes: [{ table: 'holding', address: 3 }] });
    expect(rig.ask('11 03 00 00 00 06')).toBe('11 83 02');
    expect(rig.ask(VOLTAGE)).toBe(VOLTAGE_ANSWER);
    expect(rig.ask('11 03 00 05 00 01')).toBe('11 03 02 02 1F');
  });
});

describe('a simulated Modbus meter on a line', () => {
  it('takes a request byte by byte', () => {
    const { slave } = rigOf();
    const answers = [...rtu(VOLTAGE)].map((byte) => slave.receive(Uint8Array.of(byte)));
    expect(answers.slice(0, -1)).toEqual(new Array(7).fill(null));
    expect(bare(answers.at(-1) ?? null)).toBe(VOLTAGE_ANSWER);
  });

  it('is silent to other units, to all units and to a wrong CRC', () => {
    const rig = rigOf();
    expect(rig.ask('12 03 00 00 00 02')).toBeNull();
    expect(rig.ask('00 03 00 00 00 02')).toBeNull();
    rig.slave.silence(SILENCE_MS);
    expect(rig.slave.receive(fromHex('11 03 00 00 00 02 C6 9A'))).toBeNull();
    expect(rig.told).toEqual([]);
    expect(rig.ask(VOLTAGE)).toBe(VOLTAGE_ANSWER);
  });

  it('goes on with a request after a short pause and gives it up after a silence', () => {
    // 9600 baud, 10 bits: silence is 3.5 x 1.042 ms.
    const { slave } = rigOf({ byteMs: 10_000 / 9600 });
    const [head, tail] = [rtu(VOLTAGE).slice(0, 4), rtu(VOLTAGE).slice(4)];
    slave.receive(head);
    slave.silence(3.6);
    expect(bare(slave.receive(tail))).toBe(VOLTAGE_ANSWER);
    slave.silence(3.65);
    slave.receive(head);
    slave.silence(3.65);
    expect(slave.receive(tail)).toBeNull();
    slave.silence(3.65);
    expect(bare(slave.receive(rtu(VOLTAGE)))).toBe(VOLTAGE_ANSWER);
  });

  it('keeps 1.75 ms apart above 19200 baud', () => {
    const { slave } = rigOf({ byteMs: 10_000 / 115_200 });
    slave.receive(Uint8Array.of(0x55));
    slave.silence(1.7);
    expect(slave.receive(rtu(VOLTAGE))).toBeNull();
    slave.silence(1.75);
    expect(bare(slave.receive(rtu(VOLTAGE)))).toBe(VOLTAGE_ANSWER);
  });

  it('does not hear a request that runs into something else, and hears the next', () => {
    const noise = Uint8Array.from({ length: 700 }, (_, index) => index & 0xff);
    for (const before of [Uint8Array.of(0), Uint8Array.of(0x11), noise, rtu('12 03 02 00 05')]) {
      const rig = rigOf();
      rig.slave.silence(SILENCE_MS);
      expect(rig.slave.receive(concatBytes(before, rtu(VOLTAGE)))).toBeNull();
      expect(rig.ask(VOLTAGE)).toBe(VOLTAGE_ANSWER);
    }
  });

  it('is not confused by the other talk on the line', () => {
    const talk = [
      // A DL/T 645 request and its answer, other meters' answers, an own answer, an exception.
      fromHex('FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 16'),
      fromHex('68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 6C 16'),
      rtu('12 03 04 11 03 00 00'),
      rtu('12 03 0A 11 03 00 00 00 02 C6 9B 00 00'),
      rtu(VOLTAGE_ANSWER),
      rtu('11 83 02'),
    ];
    const rig = rigOf();
    for (const burst of talk) {
      rig.slave.silence(SILENCE_MS);
      expect(rig.slave.receive(burst)).toBeNull();
    }
    expect(rig.told).toEqual([]);
    expect(rig.ask(VOLTAGE)).toBe(VOLTAGE_ANSWER);
  });

  it('answers once, whatever follows the request', () => {
    const rig = rigOf();
    rig.slave.silence(SILENCE_MS);
    const answer = rig.slave.receive(concatBytes(rtu(VOLTAGE), rtu(VOLTAGE), rtu(VOLTAGE_ANSWER)));
    expect(bare(answer)).toBe(VOLTAGE_ANSWER);
    expect(rig.told).toHaveLength(1);
  });
});

describe('the faults of a simulated Modbus meter', () => {
  const ANSWERS: Readonly<Partial<Record<SlaveFault, readonly string[]>>> = {
    'wrong-address': ['12 03 04 00 00 08 FE'],
    'wrong-item': ['11 04 04 00 00 08 FE'],
    exception: ['11 83 04'],
    busy: ['11 83 06'],
    'gateway-silent': ['11 83 0B'],
    'lying-count': ['11 03 06 00 00 08 FE', '11 03 02 00 00 08 FE', '11 03 06 00 00 08 FE'],
    // Of load records, which there are none of.
    'bad-record': [VOLTAGE_ANSWER],
  };

  it.each(Object.entries(ANSWERS))('%s, until it is taken back', (fault, answers) => {
    const rig = rigOf();
    rig.slave.setFault(fault as SlaveFault);
    expect(answers.map(() => rig.ask(VOLTAGE))).toEqual(answers);
    rig.slave.setFault(null);
    expect(rig.ask(VOLTAGE)).toBe(VOLTAGE_ANSWER);
  });

  it('unit 247 is mistaken for unit 1', () => {
    const rig = rigOf({ address: '247' });
    rig.slave.setFault('wrong-address');
    expect(rig.ask('F7 03 00 00 00 02')).toBe('01 03 04 00 00 08 FE');
  });
});

describe('the identification of a simulated Modbus meter', () => {
  const text = (words: string) => toHex(new TextEncoder().encode(words));

  it('comes in parts', () => {
    const rig = rigOf();
    expect(rig.ask('11 2B 0E 01 00')).toBe(
      `11 2B 0E 01 82 FF 02 02 00 04 ${text('Acme')} 01 07 ${text('acme-m1')}`,
    );
    expect(rig.ask('11 2B 0E 01 02')).toBe(`11 2B 0E 01 82 00 00 01 02 03 ${text('1.0')}`);
    const regular = ['00', '02', '04', '06'].map((object) => rig.ask(`11 2B 0E 02 ${object}`));
    expect(regular.map((answer) => answer?.slice(15, 23))).toEqual([
      'FF 02 02',
      'FF 04 02',
      'FF 06 02',
      '00 00 01',
    ]);
    expect(regular[2]).toContain(text('Acme M1 three-phase meter'));
  });

  it.each([
    ['one object alone', '11 2B 0E 04 05', `11 2B 0E 04 82 00 00 01 05 04 ${text('M1-A')}`],
    ['an object that is not there', '11 2B 0E 04 80', '11 AB 02'],
    ['a stream from an object that is not in it', '11 2B 0E 01 05', '11 2B 0E 01 82 FF 02 02'],
    ['no such stream', '11 2B 0E 05 00', '11 AB 03'],
    ['another kind of encapsulation', '11 2B 0D 01 00', '11 AB 01'],
  ])('%s', (_, request, answer) => {
    expect(rigOf().ask(request)?.slice(0, answer.length)).toBe(answer);
  });
});

describe('a simulated meter of Modbus TCP', () => {
  const tcp = (options = {}) => rigOf({ kind: 'modbus-tcp', ...options });
  const heard = (rig: ReturnType<typeof tcp>, hex: string) => {
    const answer = rig.slave.receive(fromHex(hex));
    return answer === null ? null : toHex(answer);
  };

  it('answers with the number of the transaction', () => {
    expect(heard(tcp(), 'AB CD 00 00 00 06 11 03 00 00 00 02')).toBe(
      'AB CD 00 00 00 07 11 03 04 00 00 08 FE',
    );
  });

  it('can be any unit that a byte holds', () => {
    for (const [address, unit] of [
      ['0', '00'],
      ['255', 'FF'],
    ] as const) {
      const request = `00 01 00 00 00 06 ${unit} 03 00 05 00 01`;
      expect(heard(tcp({ address }), request)).toBe(`00 01 00 00 00 05 ${unit} 03 02 02 1F`);
    }
  });

  it.each([
    ['another unit', '00 01 00 00 00 06 12 03 00 00 00 02'],
    ['another protocol', '00 01 00 01 00 06 11 03 00 00 00 02'],
    ['a wrong length', '00 01 00 00 00 07 11 03 00 00 00 02'],
    ['no function', '00 01 00 00 00 01 11'],
  ])('is silent to %s', (_, request) => {
    expect(heard(tcp(), request)).toBeNull();
  });
});

describe('what cannot be a simulated Modbus meter', () => {
  const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error;
  const display = displayOf({});

  it.each(['256', '', '000000000001', '-1'])('the unit "%s"', (address) => {
    expect(() => createModbusSlave({ address, display, model: MODEL })).toThrow(invalid);
  });

  it('one without a model, or with the model of another protocol', () => {
    expect(() => createModbusSlave({ address: '1', display })).toThrow(invalid);
    const model = { ...MODEL, registers: { voltage_l1: { di: '02010100' }, current_l1: 7 } };
    expect(() => createModbusSlave({ address: '1', display, model })).toThrow(invalid);
  });
});
