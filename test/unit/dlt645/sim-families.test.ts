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
  x_energy_active_related: '10.00',
  x_energy_active_import_harmonic_l2: '0.12',
  x_energy_iron_loss_l3: '3.45',
  x_energy_active_period: '321.00',
  x_energy_remaining: '55.50',
  x_amount_overdraft: '1.01',
  x_price: '0.9000',
  x_power_reactive_minute: '-0.5000',
  x_load_record_start: '01-02 03:45',
  x_daily_freeze_time: '00:00',
  x_loss_factor_12: '0.350',
  x_power_limit_2: '20.0000',
  x_voltage_limit_1: '235.4',
  x_amount_limit_5: '5.00',
  x_report_status: '0x010000000000000000000002',
  x_software_version: 'V1',
  x_zone_1_1_table: '01',
  x_zone_1_1_start: '07-15',
  x_period_2_8_14_tariff: '04',
  x_period_2_8_14_start: '23:30',
  x_holiday_1_table: '03',
  x_holiday_1_date: '2026-10-01',
  x_holiday_2_table: '00',
  x_holiday_2_date: '0000-00-00',
  x_auto_screen_1: '00010200',
  x_tariff_price_2_4: '0.3000',
  x_step_limit_2_1: '100000.00',
  x_step_price_1_1: '0.0500',
  x_threshold_7_2: '0.0500',
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

const cut = [frozen('2026-11-09T10:11:12', {}), frozen('2026-11-09T10:11:50', {})] as const;

const MEMORY: MemoryOf = {
  settlements: [settled('11', '900.00'), settled('10', '800.00')],
  timed: [frozen('2026-11-23T12:00:00', FREEZE)],
  events: { 'power-off': [cut] },
  further: {
    hourly: [
      frozen('2026-11-23T12:00:00', { energy_active_import: '8.00', energy_active_export: '1.00' }),
    ],
    'zone-switch': [frozen('2026-07-01T00:00:00', FREEZE)],
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
  'parts of energies, and what is paid ahead': {
    '00 00 80 00': '00 10 00 00',
    '00 00 AB 00': '12 00 00 00',
    '00 00 C2 00': '45 03 00 00',
    '00 00 0B 00': '00 21 03 00',
    '00 01 90 00': '50 55 00 00',
    '01 02 90 00': '01 01 00 00',
  },
  variables: {
    '20 00 80 02': '00 90 00 00',
    '25 00 80 02': '00 50 80',
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
    '01 0A 00 04': '45 03 02 01',
    '06 01 00 04': '00 00 01 07 26',
    '0C 0D 00 04': '50 03',
    '02 0E 00 04': '00 00 20',
    '03 0E 00 04': '54 23',
    '05 10 00 04': '00 05 00 00',
    '03 12 00 04': '00 00',
    '01 15 00 04': `02 ${OO(10)} 01`,
    '01 00 80 04': `${OO(30)} 31 56`,
  },
  'schedules, prices and thresholds': {
    // The number is ahead of the date or time, as the last pair of the item travels first.
    '00 00 01 04': `01 15 07 ${FF(39)}`,
    '08 00 02 04': `${FF(39)} 04 30 23`,
    '01 00 03 04': '03 01 10 26',
    '02 00 03 04': OO(4),
    '01 01 04 04': '00 02 01 00',
    '04 02 05 04': '00 30 00 00',
    '01 02 06 04': '00 00 00 10',
    '01 01 06 04': '00 05 00 00',
    '02 07 09 04': '00 05 00',
  },
  freezes: {
    '01 00 00 05': '00 12 23 11 26',
    '01 01 00 05': '00 00 10 00 00 00 02 00',
    '01 09 00 05': '23 81 07 15 19 03 11 26',
    '01 10 00 05': `45 23 81 45 23 81 ${FF(18)}`,
    '01 FF 00 05': `00 12 23 11 26 00 00 10 00 00 00 02 00 23 81 07 15 19 03 11 26 45 23 81 45 23 81 ${FF(18)}`,
  },
  'freezes of hours and switches': {
    '01 00 04 05': '00 12 23 11 26',
    '01 01 04 05': '00 08 00 00',
    '01 FF 04 05': '00 12 23 11 26 00 08 00 00 00 01 00 00',
    '01 00 02 05': '00 00 01 07 26',
    '01 01 02 05': '00 00 10 00 00 00 02 00',
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
  '00 01 80 00',
  '01 03 04 05',
  '03 06 09 04',
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
    expect([rows.length, ABSENT.length]).toEqual([87, 23]);
  });

  it('puts AA between the groups of a freeze where it is told to, and for those it lacks', () => {
    const [plain, separated] = [false, true].map((freezeSeparators) =>
      createMeter(PRESENT, MEMORY, { freezeSeparators }),
    );
    const time = '00 12 23 11 26';
    const energies = '00 00 10 00 00 00 02 00';
    const demand = '23 81 07 15 19 03 11 26';
    const powers = `45 23 81 45 23 81 ${FF(18)}`;
    expect(plain?.read('01 FF 00 05')).toBe([time, energies, demand, powers].join(' '));
    const absent = (count: number) => new Array<string>(count).fill('AA').join(' ');
    expect(separated?.read('01 FF 00 05')).toBe(
      [time, 'AA', energies, absent(8), demand, absent(2), powers].join(' '),
    );
    expect(separated?.read('01 01 00 05')).toBe(energies);
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
