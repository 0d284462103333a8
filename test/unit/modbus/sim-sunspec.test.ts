import { describe, expect, it } from 'vitest';
import { SUNSPEC_MODELS, type SunspecModel } from '../../../drivers/modbus/sim-sunspec.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { createRig, modelOf } from './sim-rig.ts';

const MODEL = modelOf(
  {
    energy_active_import: { sunspec: 'TotWhImp', unit: 'Wh', resolution: '10' },
    power_active: { sunspec: 'W', unit: 'W', resolution: '0.1' },
    power_active_l1: { sunspec: 'WphA', unit: 'W', resolution: '0.1' },
    voltage_l2: { sunspec: 'PhVphB', unit: 'V', resolution: '0.1' },
  },
  { table: 'holding' },
);
const DIGITS = { energy_active_import: '12345.67', power_active: '-1.2345' };

function createReader(options: { sunspecModel?: SunspecModel; sunspecBase?: number } = {}) {
  const rig = createRig({ model: MODEL, digits: DIGITS, ...options });
  return {
    ...rig,
    /** The registers, `null` where the meter refuses them. */
    words(address: number, count: number): number[] | null {
      const request = Uint8Array.of(17, 3, address >> 8, address & 0xff, 0, count);
      const answer = fromHex(rig.ask(toHex(request)) ?? '');
      if (answer[1] !== 3) return null;
      return Array.from({ length: count }, (_, index) => {
        return (answer[3 + index * 2] ?? 0) * 256 + (answer[4 + index * 2] ?? 0);
      });
    },
  };
}

describe('a simulated SunSpec meter', () => {
  it.each(SUNSPEC_MODELS)('can be walked from marker to end mark, model %i', (sunspecModel) => {
    const reader = createReader({ sunspecModel });
    expect(reader.words(40_000, 2)).toEqual([0x5375, 0x6e53]);
    const lengths: number[][] = [];
    let at = 40_002;
    for (;;) {
      const [id = 0, length = 0] = reader.words(at, 2) ?? [];
      lengths.push([id, length]);
      if (id === 0xffff || lengths.length > 5) break;
      at += 2 + length;
    }
    // smdx_00001, smdx_00203 and smdx_00213 give these lengths.
    const length = sunspecModel < 210 ? 105 : 124;
    expect(lengths).toEqual([
      [1, 66],
      [sunspecModel, length],
      [0xffff, 0],
    ]);
    expect(reader.words(at, 3)).toBeNull();
  });

  it('can lie elsewhere', () => {
    const reader = createReader({ sunspecBase: 50_000 });
    expect(reader.words(50_000, 2)).toEqual([0x5375, 0x6e53]);
    expect(reader.words(40_000, 2)).toBeNull();
  });

  it('says who made it', () => {
    const words = createReader().words(40_004, 32) ?? [];
    const text = words.map((word) => String.fromCharCode(word >> 8, word & 0xff)).join('');
    expect(text.replaceAll('\0', '')).toBe('Acmeacme-m1');
  });

  it('has integers with their scale factors in model 203', () => {
    const reader = createReader();
    // TotWhImp at 44, its factor at 52: 1234567 x 10 Wh.
    const [high, low, , , , , , , factor] = reader.words(40_072 + 44, 9) ?? [];
    expect([high, low, factor]).toEqual([0x12, 0xd687, 1]);
    // W, WphA, WphB, WphC, W_SF at 16: -12345 x 0.1 W, and what is not measured.
    expect(reader.words(40_072 + 16, 5)).toEqual([0xcfc7, 0x8000, 0x8000, 0x8000, 0xffff]);
    // A group without any value, and one that the model file does not name.
    expect(reader.words(40_072 + 5, 9)).toEqual(new Array(9).fill(0x8000));
    expect(reader.words(40_072 + 31, 5)).toEqual(new Array(5).fill(0x8000));
    expect(reader.told.slice(0, 2).map(([, values]) => values)).toEqual([
      { energy_active_import: '12345.67' },
      { power_active: '-1.2345', power_active_l1: null },
    ]);
  });

  it('has floats in model 213', () => {
    const reader = createReader({ sunspecModel: 213 });
    // TotWhImp at 66, W at 26: 12345670 and -1234.5.
    expect(reader.words(40_072 + 66, 2)).toEqual([0x4b3c, 0x6146]);
    expect(reader.words(40_072 + 26, 4)).toEqual([0xc49a, 0x5000, 0x7fc0, 0]);
    expect(reader.told.map(([, values]) => values)).toEqual([
      { energy_active_import: '12345.67' },
      { power_active: '-1.2345', power_active_l1: null },
    ]);
  });
});
