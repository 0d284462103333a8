import { describe, expect, it } from 'vitest';
import type { EventKind } from '../../../src/core/slave.ts';
import { createMeter, type Digits, frozen, type MemoryOf } from './sim-rig.ts';

/*
 * Events, 03 of table A.4 and 10 to 1F, with every byte by hand.
 */
const PRESENT: Digits = {
  x_voltage_quality_minutes: '1500',
  x_voltage_quality_within: '99.50',
  x_voltage_quality_outside: '0.50',
  x_voltage_quality_above: '5',
  x_voltage_quality_below: '2',
  x_voltage_quality_highest: '238.1',
  x_voltage_quality_highest_at: '11-03 04:05',
  x_voltage_quality_lowest: '197.0',
  x_voltage_quality_lowest_at: '0000-00-00 00:00',
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

const DEMAND = {
  demand_active_import_max: '7.8123',
  demand_active_import_max_at: '2026-11-03T19:15:00',
};
const settings = { x_week_rest_table: '02', x_combination_active: '0x05', ...DEMAND };
const set = [
  frozen('2026-11-20T08:00:00', { ...settings, energy_active_import: '9.00' }),
  frozen('2026-11-20T08:01:30', {
    ...DEMAND,
    x_purchase_amount_count: '12',
    x_purchase_amount_bought: '100.00',
    x_purchase_amount_total: '9000.00',
  }),
] as const;
const unbalanced = [
  frozen('2026-11-21T01:02:03', { voltage_l1: '220.0', voltage_l2: '198.0', voltage_l3: '210.0' }),
  frozen('2026-11-21T01:03:03', {}),
] as const;

const MEMORY: MemoryOf = {
  events: {
    'voltage-loss': [lost],
    'power-off': [cut],
    programming: [cut],
    'cover-open': [lost],
    'relay-trip': [cut],
    'relay-close': [],
    undervoltage: [lost],
    'all-phase-loss': [lost],
    'auxiliary-loss': [cut],
    'voltage-sequence': [lost],
    'voltage-unbalance': [unbalanced],
    'demand-over-import': [set],
    'meter-clear': [set],
    'demand-clear': [set],
    'event-clear': [cut],
    'clock-set': [set],
    'week-rest-set': [set],
    'combination-active-set': [set],
    'purchase-amount': [set],
    'power-factor-low': [cut],
  },
};

const FF = (count: number) => Array.from({ length: count }, () => 'FF').join(' ');
const OO = (count: number) => Array.from({ length: count }, () => '00').join(' ');

/** Identifier, DI0 first -> the bytes behind it. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'events of the meter': {
    '00 00 05 03': '01 00 00 07 00 00',
    '01 00 05 03': '05 04 03 02 11 26 00 50 00 05 16 03 02 11 26',
    '00 00 06 03': '01 00 00 07 00 00',
    '01 00 06 03': '12 11 10 09 11 26 50 11 10 09 11 26',
    '01 00 07 03': `05 04 03 02 11 26 05 16 03 02 11 26 25 01 00 00 ${FF(12)} 01 00 00 00 ${FF(44)}`,
    // 22 V of 220 are 10 %.
    '01 00 09 03': `03 02 01 21 11 26 03 03 01 21 11 26 00 10 ${FF(64)}`,
    '00 00 12 03': `01 00 00 ${FF(15)}`,
    '01 01 12 03': '00 00 08 20 11 26 30 01 08 20 11 26 23 81 07 15 19 03 11 26',
    '00 00 10 03':
      '00 15 00 50 99 00 50 00 00 05 00 00 02 00 00 81 23 05 04 03 11 70 19 00 00 00 00',
    '01 06 33 03': '00 00 90 00',
    '01 02 33 03': '12 00',
    '01 03 33 03': '00 00 01 00',
    '01 01 33 03': '01 08 20 11 26',
  },
  'programming and clearing': {
    '00 01 30 03': '01 00 00',
    '01 01 30 03': `00 00 08 20 11 26 01 00 00 00 00 09 00 00 ${FF(92)}`,
    '01 03 30 03': '12 11 10 09 11 26 01 00 00 00 FF 00 01 03',
    '01 04 30 03': '01 00 00 00 00 00 08 20 11 26 30 01 08 20 11 26',
    '01 07 30 03': '00 00 08 20 11 26 01 00 00 00 02',
    '01 09 30 03': '00 00 08 20 11 26 01 00 00 00 05',
  },
  'events field by field': {
    '01 00 01 10': '01 00 00',
    '02 00 01 11': '07 00 00',
    '01 01 01 10': '05 04 03 02 11 26',
    '01 02 01 10': '50 99 00 00',
    '01 0A 01 10': '01 23',
    // Start, 4 energies, 3 phases of 4 and 5, 4 charges: the end is the 37th.
    '01 25 01 10': '05 16 03 02 11 26',
    '01 26 01 10': '75 00 01 00',
    'FF 25 01 10': `05 16 03 02 11 26 ${OO(54)}`,
    '01 12 00 16': '00 10 00',
    '01 02 00 1D': '01 00 00 00',
    '01 06 00 1F': '50 11 10 09 11 26',
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

/** What the count under an identifier counts, and a record there tells of. */
const KINDS: Readonly<Record<string, EventKind>> = {
  '00 00 01 03': 'voltage-loss',
  '00 00 02 03': 'undervoltage',
  '00 00 03 03': 'overvoltage',
  '00 00 04 03': 'phase-cut',
  '00 00 05 03': 'all-phase-loss',
  '00 00 06 03': 'auxiliary-loss',
  '00 00 07 03': 'voltage-sequence',
  '00 00 08 03': 'current-sequence',
  '00 00 09 03': 'voltage-unbalance',
  '00 00 0A 03': 'current-unbalance',
  '00 00 0B 03': 'current-loss',
  '00 00 0C 03': 'overcurrent',
  '00 00 0D 03': 'current-cut',
  '00 00 0E 03': 'power-reversal',
  '00 00 0F 03': 'overload',
  '00 00 11 03': 'power-off',
  '00 00 12 03': 'demand-over-import',
  '00 00 30 03': 'programming',
  '00 01 30 03': 'meter-clear',
  '00 02 30 03': 'demand-clear',
  '00 03 30 03': 'event-clear',
  '00 04 30 03': 'clock-set',
  '00 05 30 03': 'day-table-set',
  '00 06 30 03': 'zone-table-set',
  '00 07 30 03': 'week-rest-set',
  '00 08 30 03': 'holiday-set',
  '00 09 30 03': 'combination-active-set',
  '00 0A 30 03': 'combination-reactive-1-set',
  '00 0B 30 03': 'combination-reactive-2-set',
  '00 0C 30 03': 'settlement-day-set',
  '00 0D 30 03': 'cover-open',
  '00 0E 30 03': 'terminal-cover-open',
  '01 00 01 10': 'voltage-loss',
  '01 00 01 11': 'undervoltage',
  '01 00 01 12': 'overvoltage',
  '01 00 01 13': 'phase-cut',
  '01 00 00 14': 'voltage-sequence',
  '01 00 00 15': 'current-sequence',
  '01 00 00 16': 'voltage-unbalance',
  '01 00 00 17': 'current-unbalance',
  '01 00 01 18': 'current-loss',
  '01 00 01 19': 'overcurrent',
  '01 00 01 1A': 'current-cut',
  '01 00 01 1B': 'power-reversal',
  '01 00 00 1D': 'relay-trip',
  '01 00 00 1E': 'relay-close',
  '01 00 00 1F': 'power-factor-low',
};

/** Nothing under these: the phase is not there, or no such event, record or field. */
const ABSENT = [
  '01 02 01 03',
  '0B 00 11 03',
  '00 00 08 03',
  '01 FF 33 03',
  '01 36 01 10',
  'FF FF 01 10',
  '03 00 00 14',
  '01 04 10 03',
  '0D 00 10 03',
];

describe('the events of the simulated DL/T 645-2007 meter', () => {
  const rows = Object.entries(VALUES).flatMap(([family, values]) =>
    Object.entries(values).map(([identifier, bytes]) => [family, identifier, bytes] as const),
  );
  it.each(rows)('show of %s %s as %s', (_, identifier, bytes) => {
    expect(createMeter(PRESENT, MEMORY).read(identifier)).toBe(bytes);
  });

  it.each(Object.entries(KINDS))('count under %s those of kind %s alone', (identifier, kind) => {
    const counted = createMeter({}, { events: { [kind]: [cut, cut] } });
    expect(counted.read(identifier).slice(0, 8)).toBe('02 00 00');
    const others = Object.values(KINDS).filter((other) => other !== kind);
    const events = Object.fromEntries(others.map((other) => [other, [cut]]));
    expect(createMeter({}, { events }).read(identifier)).not.toMatch(/^0[12] 00 00/);
  });

  it.each(ABSENT)('are refused under %s with "no data"', (identifier) => {
    expect(createMeter(PRESENT, MEMORY).ask('11', identifier)).toBe('D1: 02');
  });

  it('cover all rows of the tables above', () => {
    expect([rows.length, Object.keys(KINDS).length, ABSENT.length]).toEqual([44, 47, 9]);
  });
});
