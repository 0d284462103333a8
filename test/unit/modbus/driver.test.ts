import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modbus } from '../../../drivers/modbus/driver.ts';
import { EXCEPTIONS } from '../../../drivers/modbus/exceptions.ts';
import type { BusKind } from '../../../src/core/bus.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { loadDriver } from '../../../src/field.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createFakeBus, modelOf } from './fake-meter.ts';

function resolutionOf(name: string, entry: unknown, settings = {}) {
  const register = findRegister(name);
  if (register === undefined) throw new Error(`no register ${name}`);
  return modbus.resolution(modelOf({ [name]: entry }, settings), register);
}

describe('the address of a meter', () => {
  it.each([
    ['1', '1'],
    [' 017 ', '17'],
    ['247', '247'],
    ['255', '255'],
    ['0', '0'],
  ])('"%s" is unit %s', (text, unit) => {
    expect(modbus.parseAddress(text)).toBe(unit);
  });

  it.each(['256', '-1', '1.5', '0x11', 'meter', '000012345678'])('"%s" is none', (text) => {
    expect(() => modbus.parseAddress(text)).toThrow(/is no Modbus unit: 1 to 247/);
  });

  it('must be there', () => {
    expect(() => modbus.parseAddress('')).toThrow('a Modbus meter needs its unit, 1 to 247');
    expect(modbus.anyAddress).toBeUndefined();
  });

  it.each(['0', '248', '255'])('%s is one over Modbus TCP alone', (unit) => {
    const open = (kind: BusKind) =>
      modbus.open(createFakeBus({}, kind), { address: unit, model: modelOf({}) }, sessionDeps());
    expect(modbus.checkAddress?.(unit, 'modbus-tcp')).toBeNull();
    expect(modbus.checkAddress?.(unit, 'line')).toMatch(/no Modbus unit on a line/);
    expect(() => open('line')).toThrow(/no Modbus unit on a line/);
    expect(open('modbus-tcp').read).toBeTypeOf('function');
  });
});

describe('the step of a register', () => {
  it.each<[string, unknown, string | null]>([
    ['voltage_l1', { at: 0, type: 'u16', scale: -1 }, '0.1'],
    ['voltage_l1', { at: 0, type: 'u16' }, '1'],
    ['voltage_l1', { at: 0, type: 'u16', unit: 'kV' }, '1000'],
    ['energy_active_import', { at: 0, type: 'u32', unit: 'Wh' }, '0.001'],
    ['energy_active_import', { at: 0, type: 'f32', unit: 'Wh', resolution: '10' }, '0.01'],
    ['power_active', { sunspec: 'W', resolution: '0.1' }, '0.0001'],
    ['power_active', { at: 0, type: 'i16', scaleRegister: { holding: 4 } }, null],
    ['power_active', { at: 0, type: 'i17' }, null],
  ])('%s %j: %s', (name, entry, step) => {
    expect(resolutionOf(name, entry)).toBe(step);
  });

  it('is none of a register that the model lacks', () => {
    const register = findRegister('frequency');
    expect(register).toBeDefined();
    if (register !== undefined) expect(modbus.resolution(modelOf({}), register)).toBeNull();
  });
});

describe('the driver', () => {
  it('is in the table of drivers, for both kinds of bus', async () => {
    expect(await loadDriver('modbus')).toBe(modbus);
    expect(modbus.buses).toEqual(['line', 'modbus-tcp']);
  });

  it('knows registers by table and address', () => {
    expect(modbus.knows('holding:0x4000:4')).toBe(true);
    expect(modbus.knows('energy_active_import')).toBe(false);
    expect(modbus.registersAt('holding:0x4000:4')).toEqual([]);
  });

  it('explains frames', () => {
    expect(modbus.decode(Uint8Array.of(1, 0x83, 2, 0xc0, 0xf1))).toMatchObject([
      { protocol: 'modbus-rtu', ok: true, error: { code: 'METER_EXCEPTION' } },
    ]);
  });
});

describe('the page of the driver', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../drivers/modbus/README.md'), 'utf8');

  it('has every exception with its meaning and code', () => {
    const rows = [
      ...page.matchAll(/^\| ([0-9A-F]{2})H \| ([^|]+) \| ([^|]+) \| `([A-Z_]+)` \|$/gm),
    ];
    const told = Object.fromEntries(
      rows.map(([, code = '', name, meaning, error]) => [
        Number.parseInt(code, 16),
        { name, meaning, error },
      ]),
    );
    expect(rows).toHaveLength(10);
    expect(told).toEqual(EXCEPTIONS);
  });
});
