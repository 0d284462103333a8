/*
 * Our master against meters by pymodbus, in all three framings: values packed there, read here to
 * the last digit; exceptions, holes and the longest request.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modbus } from '../../drivers/modbus/driver.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import type { DriverSession } from '../../src/core/driver.ts';
import { amr } from '../support/amr.ts';
import { type OpenBus, openBus } from '../support/open-bus.ts';
import { lacksSocat, openPtyPair, type PtyPair } from '../support/pty.ts';
import {
  type ForeignValue,
  lacksPymodbusServer,
  type PymodbusServer,
  startPymodbusServer,
} from '../support/pymodbus-server.ts';
import { sessionDeps } from '../support/session-deps.ts';
import { modelOf, registersNamed } from '../unit/modbus/fake-meter.ts';

type Row = readonly [name: string, value: ForeignValue, source: object, expected: string];

/** What the meter holds, what the model says of it, and what is to be read. */
const VALUES: readonly Row[] = [
  [
    'energy_active_import',
    ['holding', 0x0010, 'u32', 'ABCD', '4294967295'],
    { holding: 0x0010, type: 'u32', scale: -2 },
    '42949672.95',
  ],
  [
    'energy_active_import_l1',
    ['holding', 0x0012, 'u32', 'CDAB', '305419896'],
    { holding: 0x0012, type: 'u32', order: 'CDAB', scale: -1 },
    '30541989.6',
  ],
  [
    'energy_active_export',
    ['holding', 0x0014, 'u64', 'CDAB', '18446744073709551615'],
    { holding: 0x0014, type: 'u64', order: 'CDAB', unit: 'Wh', scale: -6 },
    '18446744073.709551615',
  ],
  [
    'energy_active_import_l2',
    ['holding', 0x0018, 'u64', 'BADC', '81985529216486895'],
    { holding: 0x0018, type: 'u64', order: 'BADC', unit: 'Wh', scale: -3 },
    '81985529216.486895',
  ],
  [
    'x_energy_active_combined',
    ['holding', 0x0020, 'i64', 'ABCD', '-9223372036854775807'],
    { holding: 0x0020, type: 'i64', unit: 'Wh', scale: -6 },
    '-9223372036.854775807',
  ],
  [
    'current_l2',
    ['holding', 0x0024, 'i32', 'DCBA', '-12345'],
    { holding: 0x0024, type: 'i32', order: 'DCBA', scale: -3 },
    '-12.345',
  ],
  [
    'power_factor',
    ['holding', 0x0026, 'i16', 'ABCD', '-998'],
    { holding: 0x0026, type: 'i16', scale: -3 },
    '-0.998',
  ],
  // The binary32 beside 230.05 lies above it, that beside 229.95 below.
  [
    'voltage_l1',
    ['input', 0x0000, 'f32', 'ABCD', '230.05'],
    { input: 0x0000, type: 'f32', resolution: '0.1' },
    '230.1',
  ],
  [
    'voltage_l2',
    ['input', 0x0002, 'f32', 'DCBA', '229.95'],
    { input: 0x0002, type: 'f32', order: 'DCBA', resolution: '0.1' },
    '229.9',
  ],
  [
    'power_active',
    ['input', 0x0004, 'f32', 'CDAB', '-1234.5678'],
    { input: 0x0004, type: 'f32', order: 'CDAB', unit: 'W', resolution: '0.1' },
    '-1.2346',
  ],
  [
    'current_l1',
    ['input', 0x0006, 'f32', 'BADC', '5.4321'],
    { input: 0x0006, type: 'f32', order: 'BADC', resolution: '0.001' },
    '5.432',
  ],
  // No binary32 has so many digits.
  [
    'energy_active_import_l3',
    ['input', 0x0008, 'f64', 'ABCD', '123456789012.3456'],
    { input: 0x0008, type: 'f64', resolution: '0.0001' },
    '123456789012.3456',
  ],
  [
    'frequency',
    ['input', 0x000c, 'f64', 'CDAB', '49.98765'],
    { input: 0x000c, type: 'f64', order: 'CDAB', resolution: '0.001' },
    '49.988',
  ],
];

const [VALUES_UNIT, HOLES_UNIT, LONG_UNIT, BROKEN_UNIT, EASTRON_UNIT] = [1, 2, 3, 4, 5];

/** Three values with gaps between them that the meter refuses, and one that it lacks. */
const HOLES: readonly Row[] = [
  [
    'voltage_l1',
    ['holding', 10, 'u16', 'ABCD', '2301'],
    { holding: 10, type: 'u16', scale: -1 },
    '230.1',
  ],
  [
    'voltage_l2',
    ['holding', 14, 'u16', 'ABCD', '2302'],
    { holding: 14, type: 'u16', scale: -1 },
    '230.2',
  ],
  [
    'voltage_l3',
    ['holding', 15, 'u16', 'ABCD', '2303'],
    { holding: 15, type: 'u16', scale: -1 },
    '230.3',
  ],
];
const LACKING = { frequency: { holding: 17, type: 'u16', scale: -2 } };

const LONGEST = 125;
const LONG: readonly ForeignValue[] = Array.from({ length: LONGEST + 5 }, (_, index) => [
  'holding',
  index,
  'u16',
  'ABCD',
  String(index * 501),
]);

/** As the model eastron-sdm630 has them. */
const EASTRON: readonly ForeignValue[] = [
  ['input', 0x0048, 'f32', 'ABCD', '12345.67'],
  ['input', 0x004a, 'f32', 'ABCD', '7.505'],
  ['input', 0x0000, 'f32', 'ABCD', '230.2'],
];

/** By unit. */
const REFUSING = { 101: 1, 103: 3, 105: 5, 106: 6, 110: 10, 111: 11 };
const REFUSALS: readonly (readonly [unit: number, exception: number, code: string])[] = [
  [101, 1, 'METER_UNSUPPORTED'],
  [103, 3, 'METER_UNSUPPORTED'],
  [BROKEN_UNIT, 4, 'METER_EXCEPTION'],
  [105, 5, 'METER_BUSY'],
  [106, 6, 'METER_BUSY'],
  [110, 10, 'BUS_NO_REPLY'],
  [111, 11, 'BUS_NO_REPLY'],
];

const valuesOf = (rows: readonly Row[]) => rows.map(([, value]) => value);
const sourcesOf = (rows: readonly Row[]) =>
  Object.fromEntries(rows.map(([name, , source]) => [name, source]));
const wantedOf = (rows: readonly Row[]) =>
  Object.fromEntries(rows.map(([name, , , expected]) => [name, expected]));

const options = () => ({ priority: 'on-demand', signal: new AbortController().signal }) as const;

async function readAll(session: DriverSession, names: readonly string[]) {
  const { values, failures } = await session.read(registersNamed(...names), options());
  const shown = values.map(({ register, value }) => [
    register.name,
    value === null ? null : formatDecimal(value),
  ]);
  return { shown: Object.fromEntries(shown), failures };
}

const FRAMINGS = ['modbus-tcp', 'rtu-over-tcp', 'modbus-rtu'] as const;

describe.skipIf(lacksPymodbusServer || lacksSocat)('meters by pymodbus (needs socat)', () => {
  let pair: PtyPair;
  let server: PymodbusServer;

  beforeAll(async () => {
    pair = await openPtyPair();
    server = await startPymodbusServer({
      serial: pair.far,
      units: {
        [VALUES_UNIT]: valuesOf(VALUES),
        [HOLES_UNIT]: valuesOf(HOLES),
        [LONG_UNIT]: LONG,
        [BROKEN_UNIT]: [['holding', 0, 'broken', 'ABCD', '0']],
        [EASTRON_UNIT]: EASTRON,
      },
      refusing: REFUSING,
    });
  });

  afterAll(async () => {
    await server.stop();
    await pair.stop();
  });

  const urlOf = (framing: (typeof FRAMINGS)[number]) =>
    ({
      'modbus-tcp': `modbus-tcp://127.0.0.1:${server.modbusTcp}`,
      'rtu-over-tcp': `tcp://127.0.0.1:${server.rtuOverTcp}?baud=9600`,
      'modbus-rtu': `serial:${pair.near}?baud=9600&parity=none&latency=500ms`,
    })[framing];

  describe.each(FRAMINGS)('over %s', (framing) => {
    let open: OpenBus;

    beforeAll(async () => {
      open = await openBus(urlOf(framing));
    });

    afterAll(() => open.close());

    const sessionOf = (unit: number, registers: Record<string, unknown>, settings = {}) =>
      modbus.open(
        open.bus,
        { address: String(unit), model: modelOf(registers, settings) },
        sessionDeps(),
      );

    it('give every type and order to the last digit', async () => {
      const session = sessionOf(VALUES_UNIT, sourcesOf(VALUES), { maxGap: 0 });
      const names = VALUES.map(([name]) => name);
      const { shown, failures } = await readAll(session, names);
      expect(failures).toEqual([]);
      expect(shown).toEqual(wantedOf(VALUES));
      expect(names).toHaveLength(13);
    });

    it('refuse a block with holes; all else is read at once, and soon no hole is asked for', async () => {
      const session = sessionOf(HOLES_UNIT, { ...sourcesOf(HOLES), ...LACKING }, { maxGap: 8 });
      const names = [...HOLES.map(([name]) => name), 'frequency'];
      const asked: number[] = [];
      for (let round = 0; round < 4; round++) {
        const before = open.bus.counters.exchanges;
        const { shown, failures } = await readAll(session, names);
        asked.push(open.bus.counters.exchanges - before);
        expect(shown).toEqual(wantedOf(HOLES));
        expect(failures).toMatchObject([
          { registers: [{ name: 'frequency' }], error: { code: 'METER_UNSUPPORTED' } },
        ]);
      }
      // 10-17 refused, 10, 14-17 refused, 14-15, 17 refused; then 10-15 refused, 10, 14-15.
      expect(asked).toEqual([5, 3, 2, 2]);
    });

    it.each(REFUSALS)(
      'of unit %i refuse with exception %i, which is %s',
      async (unit, exception, code) => {
        const reading = sessionOf(unit, {}).readItem?.('holding:0:1', options());
        await expect(reading).rejects.toMatchObject({ code, context: { exception } });
      },
    );

    it('give 125 registers at once, and no more are asked', async () => {
      const session = sessionOf(LONG_UNIT, {});
      const before = open.bus.counters.exchanges;
      const reading = await session.readItem?.('holding:5:125', options());
      const hex = reading?.values.filter(({ name }) => name.endsWith(' hex')) ?? [];
      const wanted = LONG.slice(5).map(([, , , , value]) => Number(value));
      expect(hex.map(({ value }) => Number(value))).toEqual(wanted);
      expect(open.bus.counters.exchanges - before).toBe(1);
      await expect(session.readItem?.('holding:4:126', options())).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
      await expect(session.readItem?.('holding:6:125', options())).rejects.toMatchObject({
        context: { exception: 2 },
      });
    });
  });

  it.each(FRAMINGS)('are read from the command line over %s', async (framing) => {
    const words = ['energy_active_import', 'energy_active_export', 'voltage_l1', 'input:0x4A:2'];
    const args = ['--model', 'eastron-sdm630', '--address', String(EASTRON_UNIT), '--json'];
    const { stdout, code } = await amr(['read', '--bus', urlOf(framing), ...args, ...words]);
    const { values, errors } = JSON.parse(stdout);
    expect(errors).toEqual([]);
    const shown: [string, string][] = values.map(({ name, value }: Record<string, string>) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(shown)).toMatchObject({
      energy_active_import: '12345.67',
      // The binary32 beside 7.505 lies above it.
      energy_active_export: '7.51',
      voltage_l1: '230.2',
      '0x004A f32 ABCD': '7.505000',
    });
    expect(code).toBe(0);
  });
});
