import { describe, expect, it } from 'vitest';
import {
  findRegister,
  normaliseObis,
  REGISTERS,
  type Register,
  TARIFFS,
} from '../../../src/core/registers.ts';

const UNITS: Readonly<Record<Register['kind'], readonly string[]>> = {
  energy: ['kWh', 'kvarh', 'kVAh'],
  power: ['kW', 'kvar', 'kVA'],
  demand: ['kW', 'kvar', 'kVA'],
  voltage: ['V'],
  current: ['A'],
  factor: [''],
  frequency: ['Hz'],
  angle: ['deg'],
  distortion: ['%'],
  temperature: ['degC'],
  duration: ['min'],
  price: ['CNY/kWh'],
  money: ['CNY'],
};

describe('the catalogue of registers', () => {
  it('has every quantity once, by identity and by name', () => {
    const byTariff = (11 + 10) * (1 + TARIFFS);
    const byPhase = 3 * (10 + 7 + 10);
    const waveforms = 3 * 3 + 3 * 2 * 21;
    expect(REGISTERS).toHaveLength(byTariff + byPhase + 7 + 5 + 3 + 24 + waveforms + 9);
    for (const key of ['id', 'name'] as const) {
      expect(new Set(REGISTERS.map((register) => register[key])).size).toBe(REGISTERS.length);
    }
    for (const language of ['en', 'zh'] as const) {
      const labels = new Set(REGISTERS.map(({ label }) => label[language]));
      expect(labels.size).toBe(REGISTERS.length);
    }
  });

  it('finds each by its name, its identity and its code', () => {
    for (const register of REGISTERS) {
      expect(findRegister(register.name)).toBe(register);
      expect(findRegister(register.id)).toBe(register);
      if (register.obis !== null) expect(findRegister(register.obis)).toBe(register);
    }
  });

  it('gives an x_ name to what has no code of its own, and to nothing else', () => {
    const wrong = REGISTERS.filter(({ name, obis }) => name.startsWith('x_') !== (obis === null));
    expect(wrong).toEqual([]);
    const byTariff = (3 + 2) * (1 + TARIFFS);
    const byPhase = 3 * (2 + 7 + 2);
    const waveforms = 3 * 3 + 3 * 2 * 21;
    const nameless = REGISTERS.filter(({ obis }) => obis === null);
    expect(nameless).toHaveLength(byTariff + byPhase + 7 + 5 + 3 + 4 + waveforms + 9);
  });

  it('writes every code in the one normal form, with the unit of its kind', () => {
    for (const { obis, kind, unit } of REGISTERS) {
      if (obis !== null) expect(normaliseObis(obis)).toBe(obis);
      expect(UNITS[kind]).toContain(unit);
    }
  });

  it.each([
    ['energy_active_import', '1-0:1.8.0', 'kWh'],
    ['energy_active_import_t4', '1-0:1.8.4', 'kWh'],
    ['energy_active_import_t63', '1-0:1.8.63', 'kWh'],
    ['energy_active_export', '1-0:2.8.0', 'kWh'],
    ['energy_reactive_q4', '1-0:8.8.0', 'kvarh'],
    ['energy_apparent_export_t1', '1-0:10.8.1', 'kVAh'],
    ['power_active', '1-0:16.7.0', 'kW'],
    ['power_active_l3', '1-0:76.7.0', 'kW'],
    ['voltage_l2', '1-0:52.7.0', 'V'],
    ['current_n', '1-0:91.7.0', 'A'],
    ['power_factor_l1', '1-0:33.7.0', ''],
    ['frequency', '1-0:14.7.0', 'Hz'],
    ['demand_active_import_max', '1-0:1.6.0', 'kW'],
    ['demand_active_export_max_t3', '1-0:2.6.3', 'kW'],
    ['demand_apparent_export_max', '1-0:10.6.0', 'kVA'],
    ['demand_active_import_max_l2', '1-0:41.6.0', 'kW'],
    ['energy_active_import_l1', '1-0:21.8.0', 'kWh'],
    ['energy_active_export_l3', '1-0:62.8.0', 'kWh'],
    ['energy_reactive_q1_l2', '1-0:45.8.0', 'kvarh'],
    ['energy_apparent_export_l3', '1-0:70.8.0', 'kVAh'],
  ])('%s is %s in %s', (name, obis, unit) => {
    expect(findRegister(name)).toMatchObject({ id: obis, obis, unit });
  });

  it('never takes the combined energy for the import', () => {
    expect(findRegister('x_energy_active_combined')).toMatchObject({
      id: 'x_energy_active_combined',
      obis: null,
    });
  });
});

describe('an OBIS code', () => {
  it.each([
    '1-0:1.8.0',
    '1-0:1.8.0*255',
    '1.0.1.8.0.255',
    '1-0:1.8.0.255',
    '1.8.0',
    '1.8.0*255',
    ' 1-0:1.8.0 ',
    '01-00:01.08.00',
  ])('is the same written "%s"', (text) => {
    expect(normaliseObis(text)).toBe('1-0:1.8.0');
    expect(findRegister(text)?.name).toBe('energy_active_import');
  });

  it.each(['', '1.8', '1-0:1.8.0*1', '1-0:1.8.0*', '1:0-1.8.0', 'a-b:c.d.e', '1-0:1.8.0.0.0'])(
    'is not "%s"',
    (text) => {
      expect(normaliseObis(text)).toBeNull();
      expect(findRegister(text)).toBeUndefined();
    },
  );

  it.each(['constructor', '__proto__', 'energy', '1-0:99.99.99'])('"%s" is no register', (word) => {
    expect(findRegister(word)).toBeUndefined();
  });
});
