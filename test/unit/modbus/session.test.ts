import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/modbus/session.ts';
import type { BusKind } from '../../../src/core/bus.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID, type ReadResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { sessionDeps } from '../../support/session-deps.ts';
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

type Registers = Record<string, unknown>;

function sessionWith(
  map: MeterMap,
  registers: Registers,
  { settings = {}, kind = 'line' }: { settings?: object; kind?: BusKind } = {},
) {
  const bus = createFakeBus({ 1: map }, kind);
  const model = modelOf(registers, { ...settings });
  const session = createSession(bus, { address: '1', model }, sessionDeps());
  const read = () => session.read(registersNamed(...Object.keys(registers)), options);
  return { bus, session, read };
}

const shown = ({ values }: ReadResult) =>
  Object.fromEntries(
    values.map(({ register, value, flags, raw }) => [
      register.name,
      value === null ? [null, ...flags, raw] : formatDecimal(value),
    ]),
  );
const failed = ({ failures }: ReadResult) =>
  failures.map(({ registers, error }) => [error.code, ...registers.map(({ name }) => name)]);

describe('the values of a read', () => {
  it('are in the unit of the catalogue, with the digits of the meter', async () => {
    const { read, bus } = sessionWith(
      { holding: { ...at(0, 188, 24910), ...at(2, 2304, 65436), ...at(4, 0x1234, 0x5678) } },
      {
        energy_active_import: { at: 0, type: 'u32', unit: 'Wh' },
        voltage_l1: { at: 2, type: 'u16', scale: -1 },
        power_active: { at: 3, type: 'i16', unit: 'W', scale: 1 },
        energy_active_export: { at: 4, type: 'bcd32', scale: -2 },
      },
    );
    expect(shown(await read())).toEqual({
      energy_active_import: '12345.678',
      voltage_l1: '230.4',
      power_active: '-1.00',
      energy_active_export: '123456.78',
    });
    expect(bus.asked).toEqual([['holding', 0, 6]]);
  });

  it('are floats rounded to the step, which is one of the meter and not of the catalogue', async () => {
    const { read } = sessionWith(
      {
        input: {
          ...at(0, ...f32(12_345_678.4)),
          ...at(2, ...f32(2304.6)),
          ...at(4, ...f32(-588.48)),
        },
      },
      {
        energy_active_import: { at: 0, unit: 'Wh', resolution: '10' },
        voltage_l1: { at: 2, scale: -1, resolution: '0.1' },
        power_active: { at: 4, unit: 'W', resolution: '0.1' },
      },
      { settings: { table: 'input', type: 'f32' } },
    );
    expect(shown(await read())).toEqual({
      energy_active_import: '12345.68',
      voltage_l1: '230.5',
      power_active: '-0.5885',
    });
  });

  it('are null with the reason where the meter has no number', async () => {
    const { read } = sessionWith(
      {
        holding: {
          ...at(0, 0xffff, 0xffff, 0x7fc0, 0, 0x7f80, 0, 0x12a4),
          ...at(7, 5, 0x8000, 5, 40),
        },
      },
      {
        energy_active_import: { at: 0, type: 'u32', absent: [0xffffffff] },
        voltage_l1: { at: 2, type: 'f32', resolution: '0.1' },
        voltage_l2: { at: 4, type: 'f32', resolution: '0.1' },
        voltage_l3: { at: 6, type: 'bcd16' },
        current_l1: { at: 7, type: 'i16', scaleRegister: { holding: 8 } },
        current_l2: { at: 9, type: 'i16', scaleRegister: { holding: 10 } },
      },
    );
    expect(shown(await read())).toEqual({
      energy_active_import: [null, FLAG_ABSENT, 'ffffffff'],
      voltage_l1: [null, FLAG_ABSENT, '7fc00000'],
      voltage_l2: [null, FLAG_INVALID, '7f800000'],
      voltage_l3: [null, FLAG_INVALID, '12a4'],
      current_l1: [null, FLAG_ABSENT, '0005'],
      current_l2: [null, FLAG_INVALID, '0005'],
    });
  });

  it('take bits, the sign and the scale from where they are', async () => {
    const { read, bus } = sessionWith(
      { holding: { ...at(0, 0x7abc, 0x0104, 0x0005, 500, 0xfffe) } },
      {
        frequency: { at: 0, type: 'u16', bits: [4, 11] },
        power_active: {
          at: 3,
          type: 'u16',
          scaleRegister: { holding: 4 },
          sign: { holding: 1, bit: 2, negative: 1 },
        },
        power_factor: { at: 2, type: 'u16', scale: -1, sign: { holding: 1, negative: 0x0104 } },
      },
    );
    expect(shown(await read())).toEqual({
      frequency: '171',
      power_active: '-5.00',
      power_factor: '-0.5',
    });
    expect(bus.asked).toEqual([['holding', 0, 5]]);
  });

  it('come from one request with their scale factor, however far that is', async () => {
    const { read, bus } = sessionWith(
      { holding: Object.fromEntries(Array.from({ length: 60 }, (_, place) => [place, 1])) },
      { voltage_l1: { at: 0, type: 'i16', scaleRegister: { holding: 50 } } },
    );
    expect(shown(await read())).toEqual({ voltage_l1: '10' });
    expect(bus.asked).toEqual([['holding', 0, 51]]);
  });
});

const TWO_BLOCKS: Registers = {
  voltage_l1: { at: 0, type: 'u16' },
  voltage_l2: { at: 100, type: 'u16' },
  voltage_l3: { at: 200, type: 'u16' },
  current_l1: { at: 300, type: 'u16' },
};
const FOUR_WORDS = { ...at(0, 1), ...at(100, 2), ...at(200, 3), ...at(300, 4) };

describe('a read that goes wrong', () => {
  it('keeps what was read, and names the rest with its reason', async () => {
    const { read } = sessionWith(
      {
        holding: FOUR_WORDS,
        obstacle: (_, address) => ({ 100: 6, 200: 4 })[address] ?? null,
      },
      TWO_BLOCKS,
    );
    const result = await read();
    expect(shown(result)).toEqual({ voltage_l1: '1', current_l1: '4' });
    expect(failed(result)).toEqual([
      ['METER_BUSY', 'voltage_l2'],
      ['METER_EXCEPTION', 'voltage_l3'],
    ]);
  });

  it.each(['line', 'modbus-tcp'] as const)(
    'costs two requests where nobody answers, on a %s',
    async (kind) => {
      const { read, bus } = sessionWith({ obstacle: silence }, TWO_BLOCKS, { kind });
      const result = await read();
      expect(bus.asked).toHaveLength(2);
      expect(failed(result).flat()).toEqual(
        expect.arrayContaining(['voltage_l1', 'voltage_l2', 'voltage_l3', 'current_l1']),
      );
      expect(result.failures.every(({ error }) => error.code === 'BUS_NO_REPLY')).toBe(true);
    },
  );

  it('takes the word of a gateway that the meter is silent for silence', async () => {
    const { read, bus } = sessionWith({ obstacle: () => 11 }, TWO_BLOCKS, { kind: 'modbus-tcp' });
    const result = await read();
    expect(bus.asked).toHaveLength(2);
    expect(result.failures[0]?.error).toMatchObject({
      code: 'BUS_NO_REPLY',
      context: { exception: 11 },
    });
  });

  it('ends at once where the port is lost', async () => {
    const lost = new AmrError('PORT_LOST', 'gone');
    const { read, bus } = sessionWith(
      { holding: FOUR_WORDS, obstacle: (_, address) => (address > 0 ? lost : null) },
      TWO_BLOCKS,
    );
    const result = await read();
    expect(bus.asked).toHaveLength(2);
    expect(shown(result)).toEqual({ voltage_l1: '1' });
    expect(failed(result)).toEqual([['PORT_LOST', 'voltage_l2', 'voltage_l3', 'current_l1']]);
  });

  it('is given up by an abort', async () => {
    const { session } = sessionWith({ holding: FOUR_WORDS }, TWO_BLOCKS);
    const signal = AbortSignal.abort();
    const reading = session.read(registersNamed('voltage_l1'), { ...options, signal });
    await expect(reading).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });

  it('fails what the model does not have', async () => {
    const { session, bus } = sessionWith({ holding: FOUR_WORDS }, TWO_BLOCKS);
    const result = await session.read(registersNamed('voltage_l1', 'frequency'), options);
    expect(shown(result)).toEqual({ voltage_l1: '1' });
    expect(failed(result)).toEqual([['METER_UNSUPPORTED', 'frequency']]);
    expect(bus.asked).toHaveLength(1);
  });
});

describe('the requests of one read', () => {
  it('go one after the other on a line, together on a connection', async () => {
    const onLine = sessionWith({ holding: FOUR_WORDS }, TWO_BLOCKS);
    await onLine.read();
    expect(onLine.bus.mostAtOnce()).toBe(1);

    const onConnection = sessionWith({ holding: FOUR_WORDS }, TWO_BLOCKS, { kind: 'modbus-tcp' });
    expect(shown(await onConnection.read())).toEqual({
      voltage_l1: '1',
      voltage_l2: '2',
      voltage_l3: '3',
      current_l1: '4',
    });
    expect(onConnection.bus.mostAtOnce()).toBe(3);
  });

  it('speak of the unit asked alone', async () => {
    const bus = createFakeBus({ 2: { holding: FOUR_WORDS } });
    const model = modelOf(TWO_BLOCKS);
    const session = createSession(bus, { address: '2', model }, sessionDeps());
    expect(shown(await session.read(registersNamed('voltage_l1'), options))).toEqual({
      voltage_l1: '1',
    });
  });
});
