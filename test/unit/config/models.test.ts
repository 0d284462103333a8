import { describe, expect, it } from 'vitest';
import { loadModels } from '../../../src/config/models.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { resolveRegisters } from '../../../src/core/model.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { loadDriver } from '../../../src/field.ts';

const models = [...(await loadModels()).values()];

describe('the meter models', () => {
  it('are all here', () => {
    expect(models.map(({ model }) => model).sort()).toEqual([
      'dlt645-1997',
      'dlt645-2007',
      'dlt645-2007-single',
    ]);
  });

  it.each(models)('$model: every example gives the values that it promises', async (model) => {
    const driver = await loadDriver(model.protocol);
    expect(model.examples.length).toBeGreaterThanOrEqual(2);
    for (const { response, request, expect: wanted } of model.examples) {
      const [frame] = driver.decode(fromHex(response));
      const values = Object.fromEntries(
        frame?.values.map(({ name, value }) => [name, value]) ?? [],
      );
      expect(frame).toMatchObject({ ok: true, direction: 'response', error: null });
      expect(values).toEqual(wanted);
      if (request === undefined) continue;
      const [asked] = driver.decode(fromHex(request));
      expect(asked).toMatchObject({ ok: true, direction: 'request', di: frame?.di });
    }
  });

  it.each(models)('$model: its driver can serve every register', async (model) => {
    const driver = await loadDriver(model.protocol);
    expect(driver.checkModel(model)).toEqual([]);
    for (const name of Object.keys(model.registers)) {
      const register = findRegister(name);
      expect(register?.name).toBe(name);
      if (register !== undefined) expect(driver.resolution(model, register)).toMatch(/^[01.]+$/);
    }
  });

  it.each(models)('$model: every group names registers that it has', (model) => {
    // DL/T 645-1997 knows no daily freezes.
    const hasFreezes = model.protocol !== 'dlt645-1997';
    expect(Object.keys(model.groups).includes('freeze-daily')).toBe(hasFreezes);
    for (const group of Object.keys(model.groups)) {
      expect(resolveRegisters(model, [group]).length).toBeGreaterThan(0);
    }
  });
});
