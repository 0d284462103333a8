import { describe, expect, it } from 'vitest';
import { checkModel } from '../../../drivers/modbus/check-model.ts';
import { readRegisterMap } from '../../../drivers/modbus/source.ts';
import { unitShift } from '../../../drivers/modbus/units.ts';
import { modelOf } from './fake-meter.ts';

const complaints = (registers: Record<string, unknown>, settings = {}) =>
  checkModel(modelOf(registers, settings));

describe('units', () => {
  it.each([
    ['Wh', 'kWh', -3],
    ['MWh', 'kWh', 3],
    ['kWh', 'kWh', 0],
    ['W', 'kW', -3],
    ['varh', 'kvarh', -3],
    ['mA', 'A', -3],
    ['kV', 'V', 3],
    ['deg', 'deg', 0],
    ['', '', 0],
    ['varh', 'kWh', null],
    ['kW', 'kWh', null],
    ['VA', 'W', null],
    ['k', 'V', null],
    ['%', '', null],
  ])('%s in %s', (from, to, shift) => {
    expect(unitShift(from, to)).toBe(shift);
  });
});

describe('the source of a register', () => {
  it('is filled up from the settings and the catalogue', () => {
    const { sources, complaints: wrong } = readRegisterMap(
      modelOf(
        { energy_active_import: { at: 0x48, unit: 'Wh', resolution: '10', scale: 1 } },
        { table: 'input', type: 'f32', order: 'CDAB' },
      ),
    );
    expect(wrong).toEqual([]);
    expect(sources.get('energy_active_import')).toEqual({
      table: 'input',
      address: 0x48,
      registers: 2,
      type: 'f32',
      order: 'CDAB',
      exponent: -2,
      step: -2,
      bits: null,
      sign: null,
      scaleAt: null,
      absent: [],
    });
  });

  it('says more where the entry does', () => {
    const { sources } = readRegisterMap(
      modelOf({
        power_active: {
          holding: 3,
          type: 'u16',
          unit: 'W',
          absent: [0xffff, '0x7FFF'],
          sign: { input: 9, bit: 2, negative: 1 },
          scaleRegister: { holding: 4 },
        },
      }),
    );
    expect(sources.get('power_active')).toMatchObject({
      table: 'holding',
      exponent: -3,
      step: null,
      absent: [0xffffn, 0x7fffn],
      sign: { table: 'input', address: 9, bit: 2, negative: 1 },
      scaleAt: { table: 'holding', address: 4 },
    });
  });
});

describe('a model with a fault', () => {
  const fine = { at: 0, type: 'u16' };
  it.each<[string, Record<string, unknown>, string]>([
    ['a key of its own', { voltage_l1: { ...fine, factor: 2 } }, 'voltage_l1: Unrecognized key'],
    ['no place', { voltage_l1: { type: 'u16' } }, 'voltage_l1: wants one of at, holding'],
    ['two places', { voltage_l1: { ...fine, input: 3 } }, 'voltage_l1: wants one of at, holding'],
    ['no type', { voltage_l1: { at: 0 } }, 'voltage_l1: no type'],
    ['an unknown type', { voltage_l1: { at: 0, type: 'u24' } }, 'voltage_l1: type: Invalid'],
    ['another quantity', { voltage_l1: { ...fine, unit: 'A' } }, 'voltage_l1: unit A is none of V'],
    [
      'a float without its step',
      { voltage_l1: { at: 0, type: 'f32' } },
      'voltage_l1: f32 wants a resolution',
    ],
    [
      'an integer with one',
      { voltage_l1: { ...fine, resolution: '0.1' } },
      'voltage_l1: u16 has its resolution by its scale',
    ],
    [
      'a step that is no power of ten',
      { voltage_l1: { at: 0, type: 'f32', resolution: '0.5' } },
      'voltage_l1: resolution: wants a power of ten',
    ],
    ['an address too high', { voltage_l1: { at: 65536, type: 'u16' } }, 'voltage_l1: at: Too big'],
    [
      'an end beyond the last address',
      { voltage_l1: { at: 65535, type: 'u32' } },
      'voltage_l1: u32 does not end by address 65535',
    ],
    [
      'bits of a signed number',
      { voltage_l1: { at: 0, type: 'i16', bits: [0, 3] } },
      'voltage_l1: bits are of u16, u32 and u64 alone',
    ],
    [
      'bits that it has not',
      { voltage_l1: { ...fine, bits: [8, 16] } },
      'voltage_l1: bits 8 to 16 are not in u16',
    ],
    ['a name of its own', { voltage_l9: fine }, 'voltage_l9: no such register in the catalogue'],
    ['an OBIS code for a name', { '1-0:32.7.0': fine }, '1-0:32.7.0: no such register'],
    ['no source at all', { voltage_l1: null }, 'voltage_l1: Invalid input'],
    [
      'an unknown point',
      { voltage_l1: { sunspec: 'PhVphX' } },
      'voltage_l1: "PhVphX" is no point of the SunSpec meter models',
    ],
    [
      'a point of another quantity',
      { voltage_l1: { sunspec: 'AphA', resolution: '0.1' } },
      'voltage_l1: AphA is in A',
    ],
    [
      'the same place twice',
      { voltage_l1: fine, voltage_l2: fine },
      'voltage_l2: is at the same place as voltage_l1',
    ],
    [
      'half of another',
      { voltage_l1: { at: 0, type: 'u32' }, voltage_l2: { at: 1, type: 'u16' } },
      'voltage_l2: overlaps voltage_l1',
    ],
    [
      'a mark that no number can hold',
      { voltage_l1: { at: 0, type: 'u64', absent: [2 ** 60] } },
      'voltage_l1: absent.0',
    ],
  ])('is told of: %s', (_, registers, complaint) => {
    const told = complaints(registers);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(complaint);
  });

  it('is told of in its settings', () => {
    const told = (settings: Record<string, unknown>) => complaints({ voltage_l1: fine }, settings);
    expect(told({ maxRegisters: 126 })[0]).toMatch(/^settings: maxRegisters: Too big/);
    expect(told({ blocks: 1 })[0]).toMatch(/^settings: Unrecognized key: "blocks"/);
    expect(told({ identification: [{ type: 'u16', equals: '1' }] })[0]).toMatch(
      /^settings: identification.0: wants either holding or input/,
    );
    expect(complaints({ voltage_l1: { at: 0, type: 'u64' } }, { maxRegisters: 2 })).toEqual([
      'voltage_l1: u64 is longer than maxRegisters',
    ]);
  });

  it('may have several values in one register, bit by bit', () => {
    const bits = (low: number, high: number) => ({ ...fine, bits: [low, high] });
    expect(complaints({ voltage_l1: bits(0, 7), voltage_l2: bits(8, 15) })).toEqual([]);
    expect(complaints({ voltage_l1: bits(0, 8), voltage_l2: bits(8, 15) })).toHaveLength(1);
    expect(complaints({ voltage_l1: { input: 0, type: 'u16' }, voltage_l2: fine })).toEqual([]);
  });

  it('is told of in its examples', () => {
    const model = modelOf({ voltage_l1: fine });
    const [good] = model.examples;
    const told = (example: object) =>
      checkModel({ ...model, examples: [{ ...good, ...example }] as typeof model.examples });
    expect(told({})).toEqual([]);
    expect(told({ expect: { voltage_l2: '1' } })).toEqual([
      'example 1: the model has no voltage_l2',
    ]);
    expect(told({ request: undefined })).toEqual(['example 1: wants a request']);
    expect(told({ request: '01 03 00 00 00 01 84 0B' })[0]).toMatch(/^example 1: the CRC/);
    expect(told({ request: '01 06 00 00 00 01 48 0A' })[0]).toMatch(/does not read registers/);
    expect(told({ response: 'nonsense' })[0]).toMatch(/^example 1: not hex/);
    expect(told({ settings: { base: 1 } })[0]).toMatch(/^example 1: .*"base"/);
    expect(checkModel({ ...model, blocks: ['0x00'] })).toHaveLength(1);
  });
});
