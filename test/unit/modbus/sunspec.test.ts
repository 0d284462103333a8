import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/modbus/session.ts';
import { findPoint } from '../../../drivers/modbus/sunspec-points.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, type ReadResult } from '../../../src/core/driver.ts';
import { createNotes } from '../../../src/core/notes.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import {
  at,
  createFakeBus,
  f32,
  type MeterMap,
  modelOf,
  options,
  registersNamed,
  silence,
} from './fake-meter.ts';

const REGISTERS = {
  energy_active_import: { sunspec: 'TotWhImp', unit: 'Wh', resolution: '10' },
  power_active: { sunspec: 'W', resolution: '0.1' },
  voltage_l1: { sunspec: 'PhVphA', resolution: '0.01' },
};

const filled = (address: number, length: number) =>
  at(address, ...Array.from({ length }, () => 0x8000));

/** Marker, common model of 66 registers, and behind it the meter model; then the end. */
function device(start: number, model: number, block: Record<number, number>, length = 105) {
  const base = start + 2 + 68;
  return {
    base,
    holding: {
      ...at(start, 0x5375, 0x6e53),
      ...at(start + 2, 1, 66),
      ...filled(start + 4, 66),
      ...at(base, model, length),
      ...filled(base + 2, length),
      ...Object.fromEntries(
        Object.entries(block).map(([offset, word]) => [base + 2 + Number(offset), word]),
      ),
      ...at(base + 2 + length, 0xffff, 0),
    },
  };
}

/** 12345678 x 10 Wh, -1792.2 x 10 W, 230.4 V. */
const INTEGERS = { ...at(44, 188, 24910), 52: 1, 16: 0xb9fe, 20: 0xffff, 6: 2304, 13: 0xffff };

function rig(map: MeterMap) {
  const notes = createNotes();
  const deps = { clock: createVirtualClock(), notes };
  const meter = { map };
  const bus = createFakeBus({
    get 1() {
      return meter.map;
    },
  });
  const open = () => createSession(bus, { address: '1', model: modelOf(REGISTERS) }, deps);
  let session = open();
  return {
    bus,
    notes,
    /** Puts another device in its place. */
    exchange: (next: MeterMap) => {
      meter.map = next;
    },
    reopen: () => {
      session = open();
    },
    read: (...names: string[]) => {
      bus.asked.length = 0;
      return session.read(
        registersNamed(...(names.length > 0 ? names : Object.keys(REGISTERS))),
        options,
      );
    },
  };
}

const shown = ({ values }: ReadResult) =>
  Object.fromEntries(
    values.map(({ register, value, flags }) => [
      register.name,
      value === null ? flags[0] : formatDecimal(value),
    ]),
  );

/** Models of no length, one behind the other. */
const ENDLESS = at(
  40_002,
  ...Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? 1 : 0)),
);

const WANTED = { energy_active_import: '123456.78', power_active: '-1.7922', voltage_l1: '230.4' };

describe('the meter model of a SunSpec device', () => {
  it.each([40_000, 50_000, 0])('is found behind the marker at %i', async (start) => {
    const { holding } = device(start, 203, INTEGERS);
    const result = await rig({ holding }).read();
    expect(result.failures).toEqual([]);
    expect(shown(result)).toEqual(WANTED);
  });

  it('is found again without a walk, also after a restart', async () => {
    const { holding, base } = device(40_000, 201, INTEGERS);
    const { read, reopen, bus, notes } = rig({ holding });
    await read();
    expect(bus.asked).toContainEqual(['holding', 40_000, 2]);
    expect(notes.recall('modbus.sunspec')).toBe(`201@${base}`);
    reopen();
    expect(shown(await read())).toMatchObject({ voltage_l1: '230.4' });
    // Header, values and scale factors in one request, so that they are of one moment.
    expect(bus.asked).toEqual([['holding', base, 2 + 53]]);
    await read('voltage_l1');
    expect(bus.asked).toEqual([['holding', base, 2 + 14]]);
  });

  it('is the first one that measures, whatever stands before it', async () => {
    const { holding } = device(
      40_000,
      213,
      { ...at(66, ...f32(123_456_784)), ...at(26, ...f32(-17_922.04)), ...at(10, 0x7fc0, 0) },
      124,
    );
    expect(shown(await rig({ holding }).read())).toEqual({
      energy_active_import: '123456.78',
      power_active: '-17.9220',
      voltage_l1: FLAG_ABSENT,
    });
  });

  it('says what is not available: a value, or its scale factor', async () => {
    const { holding } = device(40_000, 203, { 16: 5, 6: 0x8000, 13: 0, ...at(44, 0, 7), 52: 0 });
    expect(shown(await rig({ holding }).read())).toEqual({
      energy_active_import: '0.007',
      power_active: FLAG_ABSENT,
      voltage_l1: FLAG_ABSENT,
    });
  });

  it.each<[string, (old: number) => MeterMap]>([
    ['nothing is where it was', () => device(0, 203, { ...INTEGERS, 6: 1111 })],
    [
      'its header is refused, and not what lies around it',
      (old) => {
        const { holding } = device(50_000, 203, { ...INTEGERS, 6: 1111 });
        return { holding: { ...holding, ...filled(old + 2, 60) } };
      },
    ],
    [
      'another model stands where it was',
      (old) => {
        const { holding } = device(50_000, 203, { ...INTEGERS, 6: 1111 });
        return { holding: { ...holding, ...at(old, 160, 105), ...filled(old + 2, 105) } };
      },
    ],
  ])('is found in the same read where %s', async (_, next) => {
    const { base, holding } = device(40_000, 203, INTEGERS);
    const { read, exchange, notes, bus } = rig({ holding });
    await read();
    exchange(next(base));
    const moved = await read();
    expect(moved.failures).toEqual([]);
    expect(shown(moved)).toMatchObject({ voltage_l1: '111.1', power_active: '-1.7922' });
    // The header alone is asked for, not every value of the old block.
    const ofOld = bus.asked.filter(([, address]) => address >= base && address < base + 107);
    expect(ofOld.length).toBeLessThanOrEqual(2);
    expect(notes.recall('modbus.holes')).toBeNull();
    expect(notes.recall('modbus.sunspec')).not.toBe(`203@${base}`);
  });

  it('is told as missing where it is nowhere any more', async () => {
    const { base, holding } = device(40_000, 203, INTEGERS);
    const { read, exchange, notes } = rig({ holding });
    await read();
    exchange({ holding: { ...holding, ...at(base, 160, 105) } });
    const { values, failures } = await read();
    expect(values).toEqual([]);
    expect(failures.map(({ error }) => error.code)).toEqual(['METER_UNSUPPORTED']);
    expect(failures[0]?.registers).toHaveLength(3);
    expect(notes.recall('modbus.sunspec')).toBeNull();
    exchange({ holding });
    expect(shown(await read())).toMatchObject({ voltage_l1: '230.4' });
  });

  it('is where it was for all that a header without an answer tells', async () => {
    const { base, holding } = device(40_000, 203, INTEGERS);
    const { read, exchange, notes } = rig({ holding });
    await read();
    const obstacle: NonNullable<MeterMap['obstacle']> = (_table, _address, quantity) =>
      quantity === 2 ? silence() : 2;
    exchange({ holding, obstacle });
    const { failures } = await read();
    expect(failures.map(({ error }) => error.code)).toEqual(['BUS_NO_REPLY']);
    expect(notes.recall('modbus.holes')).toBeNull();
    expect(notes.recall('modbus.sunspec')).toBe(`203@${base}`);
  });

  it('may lack a point, which is found by halving as ever', async () => {
    const { base, holding } = device(40_000, 203, INTEGERS);
    const rest: Record<number, number> = { ...holding };
    delete rest[base + 2 + 6];
    const { read } = rig({ holding: rest });
    const { failures, values } = await read();
    expect(values).toHaveLength(2);
    expect(failures.map(({ error }) => error.code)).toEqual(['METER_UNSUPPORTED']);
  });

  it.each<[string, MeterMap]>([
    ['without a marker', { holding: filled(40_000, 10) }],
    ['that refuses everything', {}],
    ['with no meter in it', { holding: device(40_000, 103, {}).holding }],
    ['whose chain has no end', { holding: { ...ENDLESS, ...at(40_000, 0x5375, 0x6e53) } }],
    ['whose block is too short', { holding: device(40_000, 203, {}, 60).holding }],
  ])('fails for a device %s', async (_, map) => {
    const { read, bus } = rig(map);
    const { values, failures } = await read();
    expect(values).toEqual([]);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.error.code).toBe('METER_UNSUPPORTED');
    expect(bus.asked.length).toBeLessThan(70);
  });

  it('costs one request where the device is silent', async () => {
    const { read, bus } = rig({ obstacle: silence });
    const { failures } = await read();
    expect(failures[0]?.error.code).toBe('BUS_NO_REPLY');
    expect(failures[0]?.registers).toHaveLength(3);
    expect(bus.asked).toHaveLength(1);
  });
});

describe('the table of points', () => {
  it.each([
    ['A', 0, 4, 0],
    ['AphC', 3, 4, 6],
    ['PhV', 5, 13, 8],
    ['PhVphC', 8, 13, 14],
    ['PPV', 9, 13, 16],
    ['PPVphCA', 12, 13, 22],
    ['Hz', 14, 15, 24],
    ['W', 16, 20, 26],
    ['WphC', 19, 20, 32],
    ['VAphC', 24, 25, 40],
    ['VARphC', 29, 30, 48],
    ['TotWhExp', 36, 52, 58],
    ['TotWhImp', 44, 52, 66],
    ['TotWhImpPhC', 50, 52, 72],
    ['TotVAhImpPhC', 67, 69, 88],
    ['TotVArhImpQ1', 70, 102, 90],
    ['TotVArhExpQ4PhC', 100, 102, 120],
  ])('has %s where the definitions have it', (name, offset, scaleOffset, floatOffset) => {
    expect(findPoint(name)).toMatchObject({ offset, scaleOffset, floatOffset });
  });
});
