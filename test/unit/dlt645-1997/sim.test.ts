import { describe, expect, it } from 'vitest';
import { createSlave1997, type Slave1997Options } from '../../../drivers/dlt645/v1997/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { MeterDisplay } from '../../../src/core/slave.ts';
import { createMemory, frozen } from '../dlt645/sim-rig.ts';
import { lowFirst, wireFrame } from '../dlt645/wire.ts';
import { METER } from './wire.ts';

const SHOWN: Readonly<Record<string, string>> = {
  energy_active_import: '1234.56',
  energy_active_import_t1: '1000.00',
  energy_active_import_t2: '234.56',
  energy_active_export: '0.07',
  x_energy_reactive_combined_1: '11.00',
  energy_reactive_q1: '1.00',
  energy_reactive_q2: '2.00',
  energy_reactive_q3: '3.00',
  energy_reactive_q4: '4.00',
  demand_active_import_max: '12.3456',
  demand_active_import_max_at: '2026-11-23T17:45',
  voltage_l1: '229.9',
  current_l1: '-5.259',
  power_active: '-1.2345',
  x_power_reactive: '1.2399',
  power_factor: '0.998',
};

const SETTINGS: Readonly<Record<string, string>> = {
  x_energy_active_combined: '1234.56',
  x_status_word_4: '0x0080',
  x_status_word_5: '0x0004',
  x_week_rest: '0x7F',
  x_battery_minutes: '4321',
  x_power_limit_1: '20.0000',
  x_power_limit_2: '5.5000',
  x_constant_reactive: '6400',
  x_customer_number: '000000123456',
  x_asset_code: 'SIM000000007',
  x_screen_seconds: '5',
  x_settlement_day_1: '0112',
  x_pulse_width: '80',
  x_zone_1_2_start: '07-01',
  x_zone_1_2_table: '02',
  x_period_1_8_10_start: '22:30',
  x_period_1_8_10_tariff: '04',
  x_holiday_13_date: '2026-10-01',
  x_holiday_13_table: '01',
  x_week_rest_table: '03',
  x_load_record_start: '01-02 03:04',
  x_load_record_interval_1: '15',
};

const display: MeterDisplay = {
  show: (register) => SHOWN[register] ?? null,
  showDailyFreeze: () => null,
  memory: createMemory(
    { settlements: [frozen('2026-11-01T00:00:00', { energy_active_import: '1200.00' })] },
    [],
  ),
};

/** A meter of which every digit below is known. */
const full: MeterDisplay = {
  show: (register) => SETTINGS[register] ?? null,
  showDailyFreeze: (daysAgo) =>
    daysAgo === 0 ? frozen('2026-11-23T00:00:00', { energy_active_import: '1230.00' }) : null,
  memory: createMemory(
    {
      events: {
        'phase-cut': [
          [frozen('2026-11-20T07:08:09', {}), frozen('2026-11-20T09:10:11', {})],
          [frozen('2026-10-01T01:02:03', {}), frozen('2026-10-01T02:03:04', {})],
        ],
        programming: [[frozen('2026-11-05T10:00:00', {}), frozen('2026-11-05T10:20:30', {})]],
        'demand-clear': [],
      },
    },
    [],
  ),
};

const slaveWith = (options: Partial<Slave1997Options> = {}) =>
  createSlave1997({ address: METER, display, preamble: 0, ...options });

const request = (di: string, { control = 0x01, address = METER } = {}) =>
  wireFrame({ address, control, payload: lowFirst(di) });

function ask(bytes: Uint8Array, slave = slaveWith()): string | null {
  const answer = slave.receive(bytes);
  return answer === null ? null : toHex(answer);
}

/** Control byte and payload of an answer of the meter, offset taken off. */
function said(answer: string | null): string | null {
  if (answer === null) return null;
  const bytes = fromHex(answer);
  return toHex(
    concatBytes(
      bytes.slice(8, 9),
      bytes.slice(10, -2).map((byte) => byte - 0x33),
    ),
  );
}

describe('a simulated meter of 1997', () => {
  it('answers as the frames of the digest have it', () => {
    expect(ask(request('9410'))).toBe('68 12 90 78 56 34 12 68 81 06 43 C7 33 33 45 33 F5 16');
    expect(ask(request('E010'))).toBe('68 12 90 78 56 34 12 68 C1 01 35 7D 16');
  });

  it.each([
    ['9010', '81 10 90 56 34 12 00'],
    ['9012', '81 12 90 56 34 02 00'],
    ['901F', '81 1F 90 56 34 12 00 00 00 10 00 56 34 02 00'],
    ['9020', '81 20 90 07 00 00 00'],
    ['9110', '81 10 91 00 11 00 00'],
    ['9130', '81 30 91 00 01 00 00'],
    ['9140', '81 40 91 00 04 00 00'],
    ['9150', '81 50 91 00 02 00 00'],
    ['9160', '81 60 91 00 03 00 00'],
    ['A010', '81 10 A0 56 34 12'],
    ['B010', '81 10 B0 45 17 23 11'],
    ['B611', '81 11 B6 29 02'],
    ['B61F', '81 1F B6 29 02 FF FF FF FF'],
    ['B621', '81 21 B6 25 05'],
    ['B630', '81 30 B6 45 23 01'],
    ['B640', '81 40 B6 23 01'],
    ['B650', '81 50 B6 98 09'],
    ['C010', '81 10 C0 01 23 11 26'],
    ['C011', '81 11 C0 56 34 12'],
    ['C020', '81 20 C0 10'],
    ['C032', '81 32 C0 12 90 78 56 34 12'],
  ])('shows %s as it would on its display', (di, wanted) => {
    expect(said(ask(request(di)))).toBe(wanted);
  });

  it.each([
    ['9000', '56 34 12 00'],
    ['9A10', '00 30 12 00'],
    ['B210', '20 10 05 11'],
    ['B211', '00 00 00 00'],
    ['B212', '01 00'],
    ['B213', '00 00'],
    ['B214', '21 43 00'],
    ['B310', '02 00'],
    ['B321', '07 00 00'],
    ['B330', '08 07 20 11'],
    ['B341', '10 09 20 11'],
    ['B31F', '02 00 02 00 FF FF FF FF'],
    ['B634', '00 20'],
    ['B635', '50 05'],
    ['C021', '21'],
    ['C022', '7F'],
    ['C031', '00 64 00'],
    ['C033', '56 34 12 00 00 00'],
    ['C034', '07 00 00 00 00 00'],
    ['C113', '05'],
    ['C117', '12 01'],
    ['C119', '00 00 00 00'],
    ['C211', '80 00'],
    ['C322', '02 01 07'],
    ['C3AA', '04 30 22'],
    ['C41D', '01 01 10'],
    ['C41E', '03'],
    ['C510', '04 03 02 01'],
    ['C511', '15 00'],
  ])('keeps under %s what it was set to and what happened', (di, content) => {
    const head = `81 ${di.slice(2)} ${di.slice(0, 2)} `;
    expect(said(ask(request(di), slaveWith({ display: full })))).toBe(head + content);
  });

  it.each(['90FF', '9FFF', '901E', '9870', '9C10', 'B612', 'B615', 'B660', 'C212', 'D110'])(
    'refuses %s as no identifier of its own',
    (di) => {
      expect(said(ask(request(di)))).toBe('C1 02');
    },
  );

  it.each([
    ['a wildcard', 'AAAAAAAAAAAA'],
    ['a part of its address', 'AAAAAA789012'],
    ['all meters', '999999999999'],
  ])('answers %s with its own address', (_, address) => {
    expect(ask(request('9010', { address }))?.slice(0, 23)).toBe('68 12 90 78 56 34 12 68');
  });

  it('answers a wildcard with it where it is of that kind', () => {
    const slave = slaveWith({ repeatsWildcard: true });
    expect(ask(request('9010', { address: 'AAAAAAAAAAAA' }), slave)?.slice(0, 23)).toBe(
      '68 AA AA AA AA AA AA 68',
    );
    expect(ask(request('9010'), slave)?.slice(0, 23)).toBe('68 12 90 78 56 34 12 68');
  });

  it.each([
    ['another meter', request('9010', { address: '123456789013' })],
    ['a wildcard that does not fit', request('9010', { address: 'AAAAAA789013' })],
    ['a read of 2007', wireFrame({ address: METER, control: 0x11, payload: lowFirst('00010000') })],
    ['13H of 2007', wireFrame({ address: 'AAAAAAAAAAAA', control: 0x13 })],
    ['an answer', request('9010', { control: 0x81 })],
    ['a damaged request', request('9010').with(12, 0)],
    ['no identifier', wireFrame({ address: METER, control: 0x01 })],
  ])('is silent to %s', (_, bytes) => {
    expect(ask(bytes)).toBeNull();
  });

  it.each([0x04, 0x0f, 0x10])('refuses function %i, for its password is secret', (control) => {
    const payload = lowFirst('112233445566');
    expect(said(ask(wireFrame({ address: METER, control, payload })))).toBe(
      toHex(Uint8Array.of(control | 0xc0, 0x04)),
    );
  });

  it('sends a long content in parts, each asked for by 02H', () => {
    const slave = slaveWith({ partBytes: 5 });
    const parts = [0x01, 0x02, 0x02, 0x02].map((control) =>
      said(ask(request('901F', { control }), slave)),
    );
    expect(parts).toEqual([
      'A1 1F 90 56 34 12 00 00',
      'A2 1F 90 00 10 00 56 34',
      '82 1F 90 02 00',
      'C2 02',
    ]);
  });

  it('goes on only with the identifier that it began', () => {
    const slave = slaveWith({ partBytes: 5 });
    ask(request('901F'), slave);
    expect(said(ask(request('902F', { control: 0x02 }), slave))).toBe('C2 02');
    ask(request('9010'), slave);
    expect(said(ask(request('901F', { control: 0x02 }), slave))).toBe('C2 02');
  });

  it('repeats its last answer for 03H, and goes on from there', () => {
    const slave = slaveWith({ partBytes: 5 });
    const again = wireFrame({ address: METER, control: 0x03 });
    expect(said(ask(again, slave))).toBe('C3 02');
    ask(request('901F'), slave);
    expect(said(ask(again, slave))).toBe('A3 1F 90 56 34 12 00 00');
    expect(said(ask(request('901F', { control: 0x02 }), slave))).toBe('A2 1F 90 00 10 00 56 34');
    ask(request('901F', { control: 0x02 }), slave);
    expect(said(ask(again, slave))).toBe('83 1F 90 02 00');
  });

  it('takes a time that is told to all within five minutes of its own, once a day', () => {
    const told: string[] = [];
    const wall = { time: '2026-11-23T12:34:56.000' };
    const memory = createMemory({}, told);
    const slave = slaveWith({
      display: { ...display, memory: { ...memory, wallTime: () => wall.time } },
    });
    const setTo = (digits: string, address = '999999999999') => {
      const payload = lowFirst(digits);
      return ask(wireFrame({ address, control: 0x08, payload }), slave);
    };
    // YYMMDDhhmmss; 301 s are too many, and 13 is no month.
    for (const digits of ['261123123957', '261323123456']) expect(setTo(digits)).toBeNull();
    expect(setTo('261123123456', '123456789013')).toBeNull();
    expect(told).toEqual([]);
    expect(setTo('261123123956')).toBeNull();
    expect(setTo('261123123400')).toBeNull();
    expect(told).toEqual(['clock 300000']);
    wall.time = '2026-11-24T00:10:00.000';
    expect(setTo('261124000900')).toBeNull();
    expect(told).toEqual(['clock 300000', 'clock -60000']);
  });

  it('hears a request byte by byte, in noise, and after a damaged one', () => {
    const slave = slaveWith();
    const noise = fromHex('FE FE 68 11 68 FE 16');
    const bytes = concatBytes(noise, request('9010').with(12, 0), request('9010'));
    const answers = [...bytes].map((byte) => slave.receive(Uint8Array.of(byte)));
    expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
    expect(answers.at(-1)).not.toBeNull();
  });

  it('gives half a request up after a pause', () => {
    const [begin, end] = [request('9010').slice(0, 6), request('9010').slice(6)];
    const slave = slaveWith();
    slave.receive(begin);
    slave.silence(500);
    expect(slave.receive(end)).not.toBeNull();
    slave.receive(begin);
    slave.silence(501);
    expect(slave.receive(end)).toBeNull();
  });

  it('tells the digits that it showed, not those of the display', () => {
    const told: [string, unknown][] = [];
    const slave = slaveWith({ onAnswer: (item, values) => told.push([item, values]) });
    for (const di of ['B611', 'B630', 'B640', '9011', 'B612']) ask(request(di), slave);
    expect(told).toEqual([
      ['B611', { voltage_l1: '229' }],
      ['B630', { power_active: '1.2345' }],
      ['B640', { x_power_reactive: '1.23' }],
      ['9011', { energy_active_import_t1: '1000.00' }],
      ['B612', {}],
    ]);
  });

  it.each([
    ['wrong-address', '68 13 90 78 56 34 12 68 81'],
    ['wrong-item', '68 12 90 78 56 34 12 68 81'],
  ] as const)('can be told to answer with a %s', (fault, head) => {
    const slave = slaveWith();
    slave.setFault(fault);
    const answer = ask(request('9010'), slave);
    expect(answer?.slice(0, head.length)).toBe(head);
    expect(said(answer)?.slice(3, 8)).toBe(fault === 'wrong-item' ? '11 90' : '10 90');
  });
});
