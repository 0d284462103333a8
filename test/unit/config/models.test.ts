import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeExample, type Example } from '../../../drivers/modbus/examples.ts';
import { loadModels, packagedModelsDir } from '../../../src/config/models.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { Driver } from '../../../src/core/driver.ts';
import { bestEvidence, type MeterModel, resolveRegisters } from '../../../src/core/model.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { loadDriver } from '../../../src/field.ts';

// Loading parses every file with the schema and throws for the first that does not fit.
const models = [...(await loadModels()).values()];
const files = readdirSync(packagedModelsDir(), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.yaml'),
);

/** How many lines of all files are of this form. */
function linesLike(form: RegExp): number {
  const texts = files.map((file) => readFileSync(join(packagedModelsDir(), file), 'utf8'));
  return texts.flatMap((text) => text.match(form) ?? []).length;
}

/** What the driver makes of the frames of an example, by register. */
function decoded(model: MeterModel, driver: Driver, example: Example) {
  if (model.protocol === 'modbus') {
    return decodeExample(model, example).values.map(
      ({ register, value }) => [register.name, value && formatDecimal(value)] as const,
    );
  }
  const [frame] = driver.decode(fromHex(example.response));
  expect(frame).toMatchObject({ ok: true, direction: 'response', error: null });
  if (example.request !== undefined) {
    const [asked] = driver.decode(fromHex(example.request));
    expect(asked).toMatchObject({ ok: true, direction: 'request', di: frame?.di });
  }
  return frame?.values.map(({ name, value }) => [name, value] as const) ?? [];
}

/** What every word means in every model that has it: all of these registers that the meter has. */
const GROUPS: Readonly<Record<string, { readonly all: RegExp; readonly also?: RegExp }>> = {
  energy: {
    all: /^energy_active_(import(_t\d+)?|export)$/,
    also: /^energy_active_export_t\d+$/,
  },
  demand: { all: /^(x_)?demand_.*(?<!_l\d)$/ },
  voltage: { all: /^voltage_l\d$/ },
  current: { all: /^current_l\d$/, also: /^current_n$/ },
  power: { all: /^power_active(_l\d)?$/ },
  'power-reactive': { all: /^x_power_reactive(_l\d)?$/ },
  'power-factor': { all: /^power_factor(_l\d)?$/ },
  instant: {
    all: /^(voltage_l\d|current_l\d|power_active(_l\d)?|power_factor(_l\d)?|frequency)$/,
    also: /^current_n$/,
  },
};

describe('the meter models', () => {
  it('are all here, each in a file of its name', () => {
    const names = models.map(({ model }) => `${model}.yaml`);
    expect(names.sort()).toEqual(files.map((file) => basename(file)).sort());
    expect(models.filter(({ protocol }) => protocol === 'modbus').length).toBeGreaterThanOrEqual(
      20,
    );
    expect(models.filter(({ protocol }) => protocol !== 'modbus').length).toBeGreaterThanOrEqual(3);
  });

  it('lose no register and no example on the way', () => {
    const registers = models.flatMap((model) => Object.keys(model.registers));
    expect(registers.length).toBeGreaterThanOrEqual(800);
    expect(registers).toHaveLength(
      linesLike(/^ {2}\w+: (\{ (at|holding|input|sunspec|dlt645-2007)|"[0-9A-F]+"$)/gm),
    );
    const examples = models.flatMap((model) => model.examples);
    expect(examples.length).toBeGreaterThanOrEqual(125);
    expect(examples).toHaveLength(linesLike(/^ {4}response:/gm));
  });

  it('say of what side their values are, and where every example comes from', () => {
    expect(linesLike(/^side: \S+$/gm)).toBe(models.length);
    const examples = models.flatMap((model) => model.examples);
    expect(linesLike(/^ {2}- evidence: \S+$/gm)).toBe(examples.length);
    const sides = new Map(models.map(({ model, side }) => [model, side]));
    expect(Object.fromEntries(sides)).toMatchObject({
      'dlt645-2007': 'secondary',
      'acrel-dtsd1352': 'secondary',
      'acrel-adl400': 'primary',
      'janitza-umg96rm': 'primary',
      'eastron-sdm120': 'direct',
      'sunspec-meter': 'unknown',
    });
    // What is made from the map says so, and nothing else does.
    for (const { evidence, source } of examples) {
      expect([source, evidence === 'constructed']).toEqual([source, /^constructed/.test(source)]);
    }
    const proven = models.filter((model) => bestEvidence(model) !== 'constructed');
    expect(proven.length).toBeGreaterThanOrEqual(12);
  });

  it.each(models)(
    '$model: every example gives exactly the values that it promises',
    async (model) => {
      const driver = await loadDriver(model.protocol);
      expect(model.examples.length).toBeGreaterThanOrEqual(2);
      for (const example of model.examples) {
        const values = decoded(model, driver, example);
        expect(values.length).toBeGreaterThan(0);
        expect(Object.fromEntries(values)).toEqual(example.expect);
      }
    },
  );

  it.each(models)('$model: its driver can serve every register', async (model) => {
    const driver = await loadDriver(model.protocol);
    expect(driver.checkModel(model)).toEqual([]);
    for (const name of Object.keys(model.registers)) {
      const register = findRegister(name);
      expect(register?.name).toBe(name);
      if (register !== undefined) expect(driver.resolution(model, register)).toMatch(/^[01.]+$/);
    }
  });

  it.each(models)('$model: no two registers are at one place', ({ registers }) => {
    const places = Object.values(registers).map((source) => JSON.stringify(source));
    expect(places.length).toBeGreaterThan(0);
    expect(new Set(places).size).toBe(places.length);
  });

  it.each(models)('$model: its groups mean what they mean elsewhere', (model) => {
    const names = Object.keys(model.registers);
    for (const [group, { all, also }] of Object.entries(GROUPS)) {
      const wanted = names.filter((name) => all.test(name)).sort();
      const members = Object.hasOwn(model.groups, group) ? model.groups[group] : [];
      const own = members?.filter((name) => also?.test(name) !== true).sort();
      expect({ group, members: own }).toEqual({ group, members: wanted });
    }
  });

  it.each(models)('$model: every group names registers that it has, each once', (model) => {
    // What meters freeze is a matter of DL/T 645-2007; the edition of 1997 knows no daily freezes.
    const hasFreezes = ['dlt645-2007', 'dlt645-auto'].includes(model.protocol);
    expect(Object.hasOwn(model.groups, 'freeze-daily')).toBe(hasFreezes);
    expect(Object.keys(model.groups)).toEqual(expect.arrayContaining(['energy', 'instant']));
    for (const [group, names] of Object.entries(model.groups)) {
      expect(names.length).toBeGreaterThan(0);
      expect(resolveRegisters(model, [group]).map(({ name }) => name)).toEqual(names);
    }
  });
});
