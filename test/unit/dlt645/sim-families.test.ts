import { describe, expect, it } from 'vitest';
import { createMeter, type Digits, frozen, type MemoryOf } from './sim-rig.ts';

const PRESENT: Digits = {
  energy_active_import: '1000.00',
  energy_active_import_l1: '300.00',
  energy_active_import_l3: '400.00',
  energy_apparent_export_l3: '12.34',
  x_energy_reactive_combined_1_l2: '-1.00',
  demand_active_import_max: '7.8123',
  demand_active_import_max_at: '2026-11-03T19:15:00',
  demand_active_import_max_t1: '1.0000',
  demand_active_import_max_t1_at: '2026-11-04T08:00:00',
  demand_active_export_max: '0.0000',
  demand_active_export_max_at: '0000-00-00T00:00:00',
  x_demand_reactive_combined_1_max: '-0.5000',
  x_demand_reactive_combined_1_max_at: '2026-11-05T09:30:00',
  demand_active_import_max_l1: '2.5000',
  demand_active_import_max_l1_at: '2026-11-03T19:15:00',
  x_phase_angle_l1: '359.9',
  x_voltage_distortion_l1: '1.55',
  x_current_distortion_l2: '12.34',
  x_voltage_harmonic_l1_1: '99.99',
  x_voltage_harmonic_l1_21: '0.15',
  x_current_harmonic_l2_3: '8.70',
  x_power_active_minute: '-1.2345',
  x_demand_active_present: '3.0000',
  x_demand_reactive_present: '0.7000',
  x_demand_apparent_present: '3.1000',
  x_temperature: '-12.5',
  x_battery_voltage_clock: '3.62',
  x_battery_voltage_reading: '6.08',
  x_battery_minutes: '1234',
  x_demand_period: '15',
  x_asset_code: 'SIM1',
  x_rated_voltage: '220.0V',
  x_rated_current: '5.0A',
  x_largest_current: '60A',
  x_constant_active: '1200',
  x_model: 'DDZY-SIM',
  x_protocol_version: 'DL/T645-2007',
  x_status_word_1: '0x0010',
  x_status_word_2: '0x0001',
  x_status_word_3: '0x0050',
  x_status_word_4: '0x0140',
  x_status_word_5: '0x0000',
  x_status_word_6: '0x0000',
  x_status_word_7: '0x8020',
  x_combination_active: '0x05',
  x_settlement_day_1: '0100',
  x_settlement_day_2: '9999',
};

const settled = (month: string, kilowatthours: string) =>
  frozen(`2026-${month}-01T00:00:00`, {
    energy_active_import: kilowatthours,
    demand_active_import_max: '5.0000',
    demand_active_import_max_at: `2026-${month}-30T20:00:00`,
  });

const FREEZE: Digits = {
  energy_active_import: '1000.00',
  energy_active_import_t1: '200.00',
  demand_active_import_max: '7.8123',
  demand_active_import_max_at: '2026-11-03T19:15:00',
  power_active: '-1.2345',
  power_active_l1: '-1.2345',
};

const before = { energy_active_import: '99.50', current_l1: '5.000', voltage_l1: '230.1' };
const lost = [
  frozen('2026-11-02T03:04:05', { ...before, energy_active_import_l1: '9.00' }),
  frozen('2026-11-02T03:16:05', {
    energy_active_import: '100.75',
    energy_active_import_l1: '9.01',
  }),
] as const;
const cut = [frozen('2026-11-09T10:11:12', {}), frozen('2026-11-09T10:11:50', {})] as const;

const MEMORY: MemoryOf = {
  settlements: [settled('11', '900.00'), settled('10', '800.00')],
  timed: [frozen('2026-11-23T12:00:00', FREEZE)],
  events: {
    'voltage-loss': [lost],
    'power-off': [cut],
    programming: [cut],
    'cover-open': [lost],
    'relay-trip': [cut],
    'relay-close': [],
  },
};

const FF = (count: number) => Array.from({ length: count }, () => 'FF').join(' ');
const OO = (count: number) => Array.from({ length: count }, () => '00').join(' ');

/** Identifier, DI0 first -> the bytes behind it. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'energies of a phase, and of settled periods': {
    '00 00 15 00': '00 00 03 00',
    '00 00 3D 00': '00 00 04 00',
    '00 00 46 00': '34 12 00 00',
    '00 00 2B 00': '00 01 00 80',
    '01 00 01 00': '00 00 09 00',
    '02 00 01 00': '00 00 08 00',
    'FF 00 01 00': '00 00 10 00 00 00 09 00 00 00 08 00',
    '01 FF 01 00': '00 00 09 00',
  },
  'maximum demands with their times': {
    '00 00 01 01': '23 81 07 15 19 03 11 26',
    '00 01 01 01': '00 00 01 00 08 04 11 26',
    '00 FF 01 01': '23 81 07 15 19 03 11 26 00 00 01 00 08 04 11 26',
    '00 00 02 01': '00 00 00 00 00 00 00 00',
    '00 00 03 01': '00 50 80 30 09 05 11 26',
    '00 00 15 01': '00 50 02 15 19 03 11 26',
    '01 00 01 01': '00 00 05 00 20 30 11 26',
    'FF 00 01 01': `23 81 07 15 19 03 11 26 00 00 05 00 20 30 11 26 00 00 05 00 20 30 10 26`,
  },
  variables: {
    '00 01 07 02': '99 35',
    '00 FF 07 02': `99 35 ${FF(4)}`,
    '00 01 08 02': '55 01',
    '00 02 09 02': '34 12',
    '01 01 0A 02': '99 99',
    '15 01 0A 02': '15 00',
    'FF 01 0A 02': `99 99 ${FF(38)} 15 00`,
    '03 02 0B 02': '70 08',
    '03 00 80 02': '45 23 81',
    '04 00 80 02': '00 00 03',
    '05 00 80 02': '00 70 00',
    '06 00 80 02': '00 10 03',
    '07 00 80 02': '25 81',
    '08 00 80 02': '62 03',
    '09 00 80 02': '08 06',
    '0A 00 80 02': '34 12 00 00',
  },
  parameters: {
    // 2026-11-23 is a Monday, weekday 1.
    '01 01 00 04': '01 23 11 26',
    '02 01 00 04': '56 34 12',
    '0C 01 00 04': '56 34 12 01 23 11 26',
    '03 01 00 04': '15',
    '01 04 00 04': '12 90 78 56 34 12',
    '02 04 00 04': '12 90 78 56 34 12',
    '03 04 00 04': `${OO(28)} 31 4D 49 53`,
    '04 04 00 04': '56 30 2E 30 32 32',
    '05 04 00 04': '00 00 41 30 2E 35',
    '06 04 00 04': '00 00 00 41 30 36',
    '09 04 00 04': '00 12 00',
    '0B 04 00 04': '00 00 4D 49 53 2D 59 5A 44 44',
    '0D 04 00 04': '00 00 00 00 37 30 30 32 2D 35 34 36 54 2F 4C 44',
    '03 05 00 04': '50 00',
    '04 05 00 04': '40 01',
    'FF 05 00 04': '10 00 01 00 50 00 40 01 00 00 00 00 20 80',
    '01 06 00 04': '05',
    '01 0B 00 04': '00 01',
    '02 0B 00 04': '99 99',
  },
  freezes: {
    '01 00 00 05': '00 12 23 11 26',
    '01 01 00 05': '00 00 10 00 00 00 02 00',
    '01 09 00 05': '23 81 07 15 19 03 11 26',
    '01 10 00 05': `45 23 81 45 23 81 ${FF(18)}`,
    '01 FF 00 05': `00 12 23 11 26 00 00 10 00 00 00 02 00 23 81 07 15 19 03 11 26 45 23 81 45 23 81 ${FF(18)}`,
  },
  events: {
    '00 00 01 03': `01 00 00 07 00 00 ${FF(12)}`,
    '00 00 11 03': '01 00 00',
    '01 00 11 03': '12 11 10 09 11 26 50 11 10 09 11 26',
    '02 00 11 03': OO(12),
    '00 00 30 03': '01 00 00',
    '01 00 30 03': `12 11 10 09 11 26 01 00 00 00 01 01 00 04 ${FF(36)}`,
    '00 0D 30 03': '01 00 00',
    '01 0D 30 03': `05 04 03 02 11 26 05 16 03 02 11 26 50 99 00 00 ${FF(20)} 75 00 01 00 ${FF(20)}`,
    '01 00 00 1D': '01 00 00',
    '01 01 00 1D': '12 11 10 09 11 26',
    '01 00 00 1E': '00 00 00',
    '01 01 00 1E': OO(6),
    // 1.25 kWh in all, 0.01 of phase A; 5 A for 12 minutes are 1 Ah.
    '01 01 01 03': [
      '05 04 03 02 11 26 05 16 03 02 11 26',
      `25 01 00 00 ${FF(12)}`,
      `01 00 00 00 ${FF(12)} 01 23 00 50 00 ${FF(8)}`,
      FF(58),
      `00 01 00 00 00 01 00 00 ${FF(8)}`,
    ].join(' '),
    '0A 01 01 03': OO(131),
  },
};

/** Nothing under these. */
const ABSENT = [
  '03 00 01 00',
  '0D 00 01 00',
  'FF FF 01 00',
  '00 01 15 00',
  '00 00 14 00',
  '00 00 51 00',
  '00 00 00 01',
  '00 00 0B 01',
  '16 01 0A 02',
  '01 04 0A 02',
  '0B 00 80 02',
  '0E 04 00 04',
  '08 05 00 04',
  '01 0C 00 04',
  '02 00 00 05',
  '01 00 01 05',
  '01 00 07 05',
  '01 02 00 05',
  '01 02 01 03',
  '0B 00 11 03',
  '00 00 05 03',
  '00 03 06 06',
  '00 00 07 06',
];

describe('the simulated DL/T 645-2007 meter', () => {
  const rows = Object.entries(VALUES).flatMap(([family, values]) =>
    Object.entries(values).map(([identifier, bytes]) => [family, identifier, bytes] as const),
  );
  it.each(rows)('shows of %s %s as %s', (_, identifier, bytes) => {
    expect(createMeter(PRESENT, MEMORY).read(identifier)).toBe(bytes);
  });

  it.each(ABSENT)('refuses %s with "no data"', (identifier) => {
    expect(createMeter(PRESENT, MEMORY).ask('11', identifier)).toBe('D1: 02');
  });

  it('covers all rows of the tables above', () => {
    expect([rows.length, ABSENT.length]).toEqual([70, 23]);
  });

  it('tells what it showed, a source of its own where one item has several', () => {
    const told: unknown[] = [];
    const meter = createMeter(PRESENT, MEMORY, { onAnswer: (...entry) => told.push(entry) });
    for (const identifier of ['FF 00 01 00', '00 00 02 01', '01 01 00 04', '01 00 11 03']) {
      meter.read(identifier);
    }
    expect(told).toEqual([
      [
        '000100FF',
        {
          energy_active_import: '1000.00',
          energy_active_import_s1: '900.00',
          energy_active_import_s2: '800.00',
        },
      ],
      ['01020000', { demand_active_export_max: '0.0000', demand_active_export_max_at: null }],
      ['04000101', { x_clock_weekday: '1', x_clock_date: '2026-11-23' }],
      ['03110001', { began_at: '2026-11-09T10:11:12', ended_at: '2026-11-09T10:11:50' }],
    ]);
  });

  it('keeps no clock, no events and no settlements without a memory', () => {
    const { slave, ask } = createMeter(PRESENT, MEMORY, {
      display: { show: (register) => PRESENT[register] ?? null, showDailyFreeze: () => null },
    });
    const asked = ['01 01 00 04', '00 00 11 03', '01 00 01 00', '01 00 00 05', '02 00 00 06'];
    expect(asked.map((identifier) => ask('11', identifier))).toEqual(asked.map(() => 'D1: 02'));
    expect(slave.address).toBe('123456789012');
  });
});
