import type { FieldValue } from '../../../drivers/dlt645/values.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';

/*
 * Load records written by hand from DL/T 645-2007 annex B, so that the codec is not tested by
 * itself. Behind each value its bytes, low byte first.
 */

/** All six groups recorded at 2024-08-15 00:15: 98 bytes between n and cs, 103 in all. */
export const FULL = fromHex(
  [
    'A0 A0 62', // marks, n = 98
    '15 00 15 08 24', // mm hh DD MM YY
    '05 22 10 22 98 21', // 220.5 221.0 219.8 V
    '00 50 00 50 52 80 04 10 00', // 5.000 -5.250 1.004 A
    '01 50', // 50.01 Hz
    'AA',
    '45 23 01 00 40 80 00 80 00 45 83 00', // 1.2345 -0.4000 0.8000 0.8345 kW
    '00 10 80 00 00 00 00 10 80 FF FF FF', // -0.1000 0.0000 -0.1000 none kvar
    'AA',
    '50 09 00 89 00 10 99 09', // 0.950 -0.900 1.000 0.999
    'AA',
    '01 00 00 90 00 00 00 00', // 900000.01 0.00 kWh
    '34 12 00 80 00 20 00 00', // -12.34 20.00 kvarh
    'AA',
    '00 01 00 00 00 02 00 00 00 03 00 00 00 04 00 00', // 1.00 2.00 3.00 4.00 kvarh
    'AA',
    '11 11 01 22 22 80', // 1.1111 kW -0.2222 kvar
    'AA',
    '67 E5', // cs, end
  ].join(' '),
);

export const FULL_VALUES: Readonly<Record<string, string | null>> = {
  voltage_l1: '220.5',
  voltage_l2: '221.0',
  voltage_l3: '219.8',
  current_l1: '5.000',
  current_l2: '-5.250',
  current_l3: '1.004',
  frequency: '50.01',
  power_active: '1.2345',
  power_active_l1: '-0.4000',
  power_active_l2: '0.8000',
  power_active_l3: '0.8345',
  x_power_reactive: '-0.1000',
  x_power_reactive_l1: '0.0000',
  x_power_reactive_l2: '-0.1000',
  x_power_reactive_l3: null,
  power_factor: '0.950',
  power_factor_l1: '-0.900',
  power_factor_l2: '1.000',
  power_factor_l3: '0.999',
  energy_active_import: '900000.01',
  energy_active_export: '0.00',
  x_energy_reactive_combined_1: '-12.34',
  x_energy_reactive_combined_2: '20.00',
  energy_reactive_q1: '1.00',
  energy_reactive_q2: '2.00',
  energy_reactive_q3: '3.00',
  energy_reactive_q4: '4.00',
  x_demand_active_present: '1.1111',
  x_demand_reactive_present: '-0.2222',
};

/** Group 1 alone at 2024-08-15 00:30; the other five are their bare AA. */
export const FIRST_GROUP = fromHex(
  'A0 A0 1C 30 00 15 08 24 05 22 10 22 98 21 00 50 00 50 52 00 50 47 00 01 50 AA AA AA AA AA AA B5 E5',
);

/** The same record as the meter sends it when it holds the record to be incorrect. */
export const MARKED = fromHex(
  'E0 E0 1C 30 00 15 08 24 05 22 10 22 98 21 00 50 00 50 52 00 50 47 00 01 50 AA AA AA AA AA AA 35 E5',
);

/** A record of these groups as bytes, its time five bytes as they shall stand. */
export function recordOf(time: Uint8Array, groups: readonly Uint8Array[], mark = 0xa0): Uint8Array {
  const body = concatBytes(time, ...groups.flatMap((group) => [group, Uint8Array.of(0xaa)]));
  const record = concatBytes(Uint8Array.of(mark, mark, body.length), body);
  const sum = record.reduce((total, byte) => total + byte, 0);
  return concatBytes(record, Uint8Array.of(sum, 0xe5));
}

export const textsOf = (values: readonly FieldValue[]) =>
  Object.fromEntries(
    values.map(({ field, value }) => [
      field.name,
      value === null || typeof value === 'string' ? value : formatDecimal(value),
    ]),
  );
