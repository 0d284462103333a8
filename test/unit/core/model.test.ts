import { describe, expect, it } from 'vitest';
import { withSettings } from '../../../src/core/model.ts';
import { modelOf } from '../modbus/fake-meter.ts';

const model = modelOf(
  { voltage_l1: { at: 0, type: 'f32', resolution: '0.1' } },
  { order: 'ABCD', maxRegisters: 80 },
);

describe('a model with the settings of one meter', () => {
  it('has those before its own', () => {
    const own = withSettings(model, { order: 'CDAB', anyUnit: true });
    expect(own.settings).toEqual({ order: 'CDAB', maxRegisters: 80, anyUnit: true });
    expect(own.registers).toBe(model.registers);
  });

  it('has no examples: they are of a meter without them', () => {
    expect(model.examples).toHaveLength(1);
    expect(withSettings(model, { order: 'CDAB' }).examples).toEqual([]);
  });

  it('is the model itself where the meter has none', () => {
    expect(withSettings(model)).toBe(model);
    expect(withSettings(model, {})).toBe(model);
  });
});
