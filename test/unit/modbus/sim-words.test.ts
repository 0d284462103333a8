import { describe, expect, it } from 'vitest';
import { createRig, modelOf } from './sim-rig.ts';

/** What the registers of one value hold, and what a reader is said to make of them. */
function kept(source: Record<string, unknown>, digits: string | null, name = 'voltage_l1') {
  const rig = createRig({
    model: modelOf({ [name]: { at: 0, ...source } }, { table: 'holding' }),
    digits: { [name]: digits },
  });
  const size = String(source['type']).replace(/\D/g, '');
  const answer = rig.ask(`11 03 00 00 00 0${Number(size) / 16}`);
  return [answer?.slice('11 03 08 '.length), rig.told[0]?.[1][name]];
}

describe('a number in the registers of a simulated Modbus meter', () => {
  it.each([
    // As python3-pymodbus answers these.
    ['f32', { resolution: '0.01' }, '12345.67', '46 40 E6 AE', '12345.67'],
    ['f32', { resolution: '0.01' }, '7.50', '40 F0 00 00', '7.50'],
    ['f32', { resolution: '0.1' }, '230.2', '43 66 33 33', '230.2'],
    ['u16', { scale: -1 }, '230.2', '08 FE', '230.2'],
    ['i16', { scale: -1 }, '-230.2', 'F7 02', '-230.2'],
    ['u32', { scale: -2 }, '123456.78', '00 BC 61 4E', '123456.78'],
    ['i32', { scale: -3 }, '-1.000', 'FF FF FC 18', '-1.000'],
    ['u64', { scale: -2 }, '90071992547409.93', '00 20 00 00 00 00 00 01', '90071992547409.93'],
    ['i64', { scale: 0 }, '-2', 'FF FF FF FF FF FF FF FE', '-2'],
    ['f64', { resolution: '0.1' }, '1.5', '3F F8 00 00 00 00 00 00', '1.5'],
    ['bcd16', { scale: -1 }, '230.2', '23 02', '230.2'],
    ['bcd32', { scale: -2 }, '12345.67', '01 23 45 67', '12345.67'],
  ])('%s %j of %s is %s', (type, source, digits, bytes, published) => {
    expect(kept({ type, ...source }, digits)).toEqual([bytes, published]);
  });

  it.each([
    ['ABCD', '12 34 56 78', '11 22 33 44 55 66 77 88'],
    ['CDAB', '56 78 12 34', '77 88 55 66 33 44 11 22'],
    ['BADC', '34 12 78 56', '22 11 44 33 66 55 88 77'],
    ['DCBA', '78 56 34 12', '88 77 66 55 44 33 22 11'],
  ])('lies in the order %s', (order, two, four) => {
    expect(kept({ type: 'u32', order }, String(0x12345678))[0]).toBe(two);
    expect(kept({ type: 'u64', order }, String(0x1122334455667788n))[0]).toBe(four);
  });

  it.each([
    // What the meter's own step cannot show is cut off, not rounded.
    [{ type: 'u16', scale: 0 }, '229.9', '229'],
    [{ type: 'i16', scale: 0 }, '-229.9', '-229'],
    [{ type: 'f32', resolution: '0.1' }, '229.98', '229.9'],
    // Digits that the meter has more than the display stand at 0.
    [{ type: 'u32', scale: -4 }, '229.9', '229.9000'],
    // Steps of ten.
    [{ type: 'u16', scale: 1 }, '229.9', '220'],
    [{ type: 'f32', resolution: '10' }, '229.9', '220'],
    // A register that is too small stays at its end.
    [{ type: 'u16', scale: -3 }, '229.9', '65.535'],
    [{ type: 'u16', scale: 0 }, '-5', '0'],
    [{ type: 'bcd16', scale: -2 }, '229.9', '99.99'],
    // Beyond what a float of 24 bits carries, a reader finds its neighbour.
    [{ type: 'f32', resolution: '0.01' }, '1234567.89', '1234567.88'],
    [{ type: 'f32', resolution: '0.001' }, '16384.003', '16384.004'],
    // Scaled integers inside floats.
    [{ type: 'f32', scale: -1, resolution: '0.1' }, '229.9', '229.9'],
  ])('%j of %s is read as %s', (source, digits, published) => {
    expect(kept(source, digits)[1]).toBe(published);
  });

  it.each([
    ['energy_active_import', { type: 'u32', unit: 'Wh' }, '12345.67', '00 BC 61 46', '12345.670'],
    [
      'energy_active_import',
      { type: 'u32', unit: 'Wh', scale: 1 },
      '12345.67',
      '00 12 D6 87',
      '12345.67',
    ],
    [
      'energy_active_import',
      { type: 'u32', unit: 'MWh', scale: -3 },
      '12345.67',
      '00 00 30 39',
      '12345',
    ],
    ['power_active', { type: 'i16', unit: 'W', scale: -1 }, '-1.2345', 'CF C7', '-1.2345'],
    [
      'power_active',
      { type: 'f32', unit: 'W', resolution: '0.1' },
      '1.2346',
      '44 9A 53 33',
      '1.2346',
    ],
    ['current_l1', { type: 'u16', unit: 'mA' }, '5.432', '15 38', '5.432'],
  ])('%s %j of %s is %s', (name, source, digits, bytes, published) => {
    expect(kept(source, digits, name)).toEqual([bytes, published]);
  });

  it('shows the mark of no value, or zero where there is none', () => {
    expect(kept({ type: 'u32', absent: [0xffffffff] }, null)).toEqual(['FF FF FF FF', null]);
    expect(kept({ type: 'i64', absent: ['0x8000000000000000'] }, null)).toEqual([
      '80 00 00 00 00 00 00 00',
      null,
    ]);
    expect(kept({ type: 'u16', scale: -1 }, null)).toEqual(['00 00', '0.0']);
  });

  it('shares a register with other fields', () => {
    const model = modelOf({
      voltage_l1: { at: 0, type: 'u16', bits: [0, 9] },
      frequency: { at: 0, type: 'u16', bits: [10, 15] },
    });
    const rig = createRig({ model, digits: { voltage_l1: '230', frequency: '50' } });
    expect(rig.ask('11 03 00 00 00 01')).toBe('11 03 02 C8 E6');
    expect(rig.told[0]?.[1]).toEqual({ voltage_l1: '230', frequency: '50' });
  });

  it.each([
    [{ holding: 2, negative: 1 }, '-1.5', '00 0F 00 00 00 01', '-1.5'],
    [{ holding: 2, negative: 1 }, '1.5', '00 0F 00 00 00 00', '1.5'],
    [{ holding: 2, bit: 9, negative: 1 }, '-1.5', '00 0F 00 00 02 00', '-1.5'],
    [{ holding: 2, bit: 9, negative: 0 }, '1.5', '00 0F 00 00 02 00', '1.5'],
    [{ holding: 2, bit: 9, negative: 0 }, '-0.05', '00 00 00 00 00 00', '0.0'],
  ])('has its sign elsewhere: %j of %s', (sign, digits, words, published) => {
    const model = modelOf({ power_active: { at: 0, type: 'u16', scale: -1, sign } });
    const rig = createRig({ model, digits: { power_active: digits } });
    expect(rig.ask('11 03 00 00 00 03')?.slice(9)).toBe(words);
    expect(rig.told[0]?.[1]).toEqual({ power_active: published });
  });

  it('shares a power of ten that leaves room for the largest', () => {
    const at = (address: number) => ({ at: address, type: 'i16', scaleRegister: { holding: 9 } });
    const model = modelOf({ power_active_l1: at(0), power_active_l2: at(1) });
    const rig = createRig({
      model,
      digits: { power_active_l1: '3.2767', power_active_l2: '-0.0001' },
    });
    expect(rig.ask('11 03 00 00 00 0A')?.slice(9)).toMatch(/^7F FF FF FF.* FF FC$/);
    expect(rig.told[0]?.[1]).toEqual({ power_active_l1: '3.2767', power_active_l2: '-0.0001' });
    const full = createRig({
      model,
      digits: { power_active_l1: '3.2768', power_active_l2: '-1.2345' },
    });
    expect(full.ask('11 03 00 00 00 0A')?.slice(9)).toMatch(/^0C CC FB 2E.* FF FD$/);
    expect(full.told[0]?.[1]).toEqual({ power_active_l1: '3.276', power_active_l2: '-1.234' });
    const none = createRig({ model });
    expect(none.ask('11 03 00 00 00 0A')?.slice(9)).toMatch(/^00 00 00 00.* 80 00$/);
    expect(none.told[0]?.[1]).toEqual({ power_active_l1: null, power_active_l2: null });
  });
});
