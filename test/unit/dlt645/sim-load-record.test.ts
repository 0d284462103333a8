import { describe, expect, it } from 'vitest';
import { createDisplay } from '../../../src/sim/load.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createMeter, type Digits, frozen } from './sim-rig.ts';

const FIRST_GROUP: Digits = {
  voltage_l1: '220.5',
  voltage_l2: '221.0',
  voltage_l3: '219.8',
  current_l1: '5.000',
  current_l2: '5.250',
  current_l3: '4.750',
  frequency: '50.01',
};
const ALL_GROUPS: Digits = {
  ...FIRST_GROUP,
  power_active: '-1.2345',
  power_factor_l2: '0.987',
  energy_active_import: '123456.78',
  x_energy_reactive_combined_2: '-1.00',
  energy_reactive_q4: '0.09',
  x_demand_reactive_present: '0.5000',
};
const at = (digits: Digits) => frozen('2024-08-15T00:30:00', digits);
const FF = (count: number) => Array.from({ length: count }, () => 'FF').join(' ');

/** Time, then 220.5 221.0 219.8 V, 5.000 5.250 4.750 A, 50.01 Hz. */
const TIME = '30 00 15 08 24';
const GROUP_1 = '05 22 10 22 98 21 00 50 00 50 52 00 50 47 00 01 50 AA';
const WHOLE = [
  TIME,
  GROUP_1,
  `45 23 81 ${FF(21)} AA`,
  `FF FF FF FF 87 09 FF FF AA`,
  `78 56 34 12 ${FF(8)} 00 01 00 80 AA`,
  `${FF(12)} 09 00 00 00 AA`,
  `${FF(3)} 00 50 00 AA`,
].join(' ');

describe('the load records of the simulated meter', () => {
  it('of one class have the other groups empty', () => {
    const meter = createMeter({}, { records: [at(ALL_GROUPS)] });
    // 1CH = 28: time 5, group 17, six AA. The sum of all before it is B5H.
    expect(meter.read('02 00 01 06 01')).toBe(`A0 A0 1C ${TIME} ${GROUP_1} AA AA AA AA AA B5 E5`);
  });

  it('of all classes are 98 bytes and 5 around them', () => {
    const bytes = createMeter({}, { records: [at(ALL_GROUPS)] })
      .read('00 00 00 06')
      .split(' ');
    expect(bytes).toHaveLength(98 + 5);
    expect(bytes.slice(0, 3)).toEqual(['A0', 'A0', '62']);
    expect(bytes.slice(3, -2).join(' ')).toBe(WHOLE);
    const sum = bytes.slice(0, -2).reduce((total, byte) => total + Number.parseInt(byte, 16), 0);
    expect(bytes.slice(-2)).toEqual([(sum % 256).toString(16).toUpperCase(), 'E5']);
  });

  it('leave out a group that the meter lacks', () => {
    expect(createMeter({}, { records: [at(FIRST_GROUP)] }).read('00 00 00 06')).toBe(
      `A0 A0 1C ${TIME} ${GROUP_1} AA AA AA AA AA B5 E5`,
    );
  });

  it('are marked with E0 under the fault', () => {
    const meter = createMeter({}, { records: [at(FIRST_GROUP)] });
    meter.slave.setFault('bad-record');
    // Twice 40H more: B5H becomes 35H.
    expect(meter.read('02 00 01 06')).toBe(`E0 E0 1C ${TIME} ${GROUP_1} AA AA AA AA AA 35 E5`);
  });

  it.each([
    ['the earliest, one', '00 00 00 06', 'records earliest 1'],
    ['the earliest, five', '00 00 01 06 05', 'records earliest 5'],
    ['the newest, sixteen', '02 00 00 06 10', 'records newest 16'],
    ['from a time', '01 00 00 06 01 15 00 15 08 24', 'records 2024-08-15T00:15:00 1'],
  ])('are asked for as %s', (_, request, told) => {
    const meter = createMeter({}, { records: [at(FIRST_GROUP)] });
    meter.ask('11', request);
    expect(meter.told).toEqual([told]);
  });

  it('that are not there are answered with the identifier alone', () => {
    expect(createMeter({}).ask('11', '01 00 01 06 01 15 00 15 08 24')).toBe('91: 01 00 01 06');
  });

  it.each([
    ['a time without a number of records', '01 00 00 06', 'D1: 02'],
    ['no time', '01 00 00 06 01 15 00 15 1F 24', 'D1: 02'],
    ['another record', '03 00 00 06', 'D1: 02'],
    ['half a time', '01 00 00 06 01 15 00', null],
    ['a number behind another item', '00 00 01 00 01', 'D1: 02'],
  ])('are not given for %s', (_, request, answer) => {
    const meter = createMeter({ energy_active_import: '1.00' }, { records: [at(FIRST_GROUP)] });
    expect(meter.ask('11', request)).toBe(answer);
  });

  it('tell their values under the time of each', () => {
    const told: unknown[] = [];
    const records = [at({ frequency: '50.00' }), frozen('2024-08-15T00:45:00', {})];
    const meter = createMeter({}, { records }, { onAnswer: (...entry) => told.push(entry) });
    meter.ask('11', '00 00 01 06 02');
    expect(told).toMatchObject([
      [
        '06010000',
        { '2024-08-15T00:30:00 frequency': '50.00', '2024-08-15T00:30:00 voltage_l1': null },
      ],
    ]);
  });

  it.each([
    ['three', 103],
    // Without the 16 bytes of the quadrants, which a single-phase meter lacks.
    ['single', 87],
  ] as const)('of a %s-phase display join from many frames', (kind, length) => {
    const display = createDisplay({
      clock: createVirtualClock(),
      kind,
      seed: 1,
      zone: 'Asia/Shanghai',
    });
    const meter = createMeter({}, {}, { display });
    let answer = meter.ask('11', '02 00 00 06 60');
    const joined = (answer ?? '').split(' ').slice(5);
    for (let number = 1; answer?.startsWith('B'); number++) {
      const sequence = number.toString(16).padStart(2, '0');
      answer = meter.ask('12', `02 00 00 06 ${sequence}`);
      joined.push(...(answer ?? '').split(' ').slice(5, -1));
    }
    expect(joined).toHaveLength(96 * length);
    const times = Array.from({ length: 96 }, (_, index) =>
      joined.slice(index * length + 3, index * length + 8).join(' '),
    );
    expect([times[0], times[1], times[95]]).toEqual([
      '15 08 22 11 26',
      '30 08 22 11 26',
      '00 08 23 11 26',
    ]);
  });
});
