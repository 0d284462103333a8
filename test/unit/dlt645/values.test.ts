import { describe, expect, it } from 'vitest';
import { findItem, type Item } from '../../../drivers/dlt645/items.ts';
import {
  decodeItem,
  encodeItem,
  rawValues,
  toDecodedValues,
  toRegisterValue,
} from '../../../drivers/dlt645/values.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../../src/core/driver.ts';
import { lowFirst, shownNumber } from './wire.ts';

function item(di: string): Item {
  const found = findItem(di);
  if (found === undefined) throw new Error(`no ${di}`);
  return found;
}

const printed = (di: string, content: Uint8Array) =>
  decodeItem(item(di), content)
    .flatMap(toDecodedValues)
    .map(({ value }) => value);
const flagsOf = (di: string, content: Uint8Array) =>
  decodeItem(item(di), content).map(({ flags }) => flags);

describe('a maximum demand', () => {
  // 7.8123 kW on 2023-01-01 at 12:00, as a simulator sent it.
  const content = fromHex('23 81 07 00 12 01 01 23');

  it('is one value of its register, with its moment', () => {
    const [value, ...more] = decodeItem(item('01010000'), content);
    expect(more).toEqual([]);
    expect(value && toRegisterValue(value)).toMatchObject({
      register: { obis: '1-0:1.6.0' },
      value: { coefficient: 78123n, decimals: 4 },
      flags: [],
      at: '2023-01-01T12:00:00',
    });
  });

  it('is printed as the value and then the moment', () => {
    expect(decodeItem(item('01010000'), content).flatMap(toDecodedValues)).toEqual([
      { obis: '1-0:1.6.0', name: 'demand_active_import_max', value: '7.8123', unit: 'kW' },
      { obis: null, name: 'x_demand_active_import_max_at', value: '2023-01-01 12:00', unit: '' },
    ]);
  });

  it.each([
    ['never was', '0000000000 000000', ['0.0000', null], []],
    ['is not kept', 'FFFFFFFFFF FFFFFF', [null, null], [FLAG_ABSENT]],
    ['is no number', '2301011200 0A8123', [null, '2023-01-01 12:00'], [FLAG_INVALID]],
    ['has a moment that is no time', '2313011200 078123', ['7.8123', null], [FLAG_INVALID]],
    ['has no moment', 'FFFFFFFFFF 078123', ['7.8123', null], [FLAG_ABSENT]],
    ['uses the top bit', '2301011200 978123', ['97.8123', '2023-01-01 12:00'], []],
  ])('that %s', (_, digits, values, flags) => {
    const bytes = lowFirst(digits.replace(' ', ''));
    expect(printed('01010000', bytes)).toEqual(values);
    expect(flagsOf('01010000', bytes)).toEqual([flags]);
  });

  it('is negative where it is of a combined reactive energy', () => {
    expect(printed('01030000', lowFirst('2301011200978123'))[0]).toBe('-17.8123');
  });
});

describe('a block', () => {
  it.each([
    ['whole', '2205', '2210', '2198', ''],
    ['with AA behind it', '2205', '2210', '2198', 'AA'],
    ['with DD behind it', '2205', '2210', '2198', 'DD'],
  ])('%s gives every value', (_, a, b, c, tail) => {
    const content = concatBytes(...[a, b, c, tail].map(lowFirst));
    expect(printed('0201FF00', content)).toEqual(['220.5', '221.0', '219.8']);
  });

  it('of fewer tariffs than asked gives those', () => {
    const content = concatBytes(shownNumber('1234.56', 4), shownNumber('100.00', 4));
    expect(printed('0001FF00', content)).toEqual(['1234.56', '100.00']);
    const separated = concatBytes(content, Uint8Array.of(0xaa));
    expect(printed('0001FF00', separated)).toEqual(['1234.56', '100.00']);
  });

  it('that ends inside a value gives the whole ones', () => {
    expect(printed('0201FF00', lowFirst('2122102205'))).toEqual(['220.5', '221.0']);
  });

  it.each([
    ['nothing', '0201FF00', ''],
    ['less than a value', '0201FF00', '05'],
    ['more than it may hold', '0201FF00', '0122102210221022'],
    ['two separators', '0201FF00', 'AAAA221022102210'],
    ['a single value cut short', '00010000', '123456'],
    ['a single value too long', '00010000', 'AA12345678'],
  ])('of %s is refused', (_, di, digits) => {
    const refused = expect.objectContaining({ code: 'FRAME_LENGTH' });
    expect(() => decodeItem(item(di), lowFirst(digits))).toThrow(refused);
  });

  it('of settlements names all but the running one as no registers', () => {
    const fields = item('000100FF').fields.map(({ name, register }) => [name, register?.id]);
    expect(fields.slice(0, 2)).toEqual([
      ['energy_active_import', '1-0:1.8.0'],
      ['x_energy_active_import_s1', undefined],
    ]);
    expect(fields).toHaveLength(13);
  });
});

describe('contents told by their length', () => {
  it('of event counts are counts alone in nine bytes', () => {
    const names = (bytes: number) =>
      decodeItem(item('03010000'), new Uint8Array(bytes)).map(({ field }) => field.name);
    expect(names(9)).toEqual([1, 2, 3].map((phase) => `x_voltage_loss_count_l${phase}`));
    expect(names(18)).toEqual(
      [1, 2, 3].flatMap((phase) => [
        `x_voltage_loss_count_l${phase}`,
        `x_voltage_loss_minutes_l${phase}`,
      ]),
    );
  });

  it('of a loss of voltage lack the ampere hours in 115 bytes', () => {
    const last = (bytes: number) =>
      decodeItem(item('03010101'), new Uint8Array(bytes).fill(0)).at(-1)?.field.name;
    expect(last(131)).toBe('x_voltage_loss_l1_ampere_hours_l3');
    expect(last(115)).toBe('x_voltage_loss_l1_power_factor_l3');
  });

  it('of the battery time are three bytes or four', () => {
    expect(printed('0280000A', lowFirst('123456'))).toEqual(['123456']);
    expect(printed('0280000A', lowFirst('12345678'))).toEqual(['12345678']);
  });
});

describe('a freeze block', () => {
  const time = lowFirst('2408150000');
  const [one, two] = [shownNumber('1234.56', 4), shownNumber('0.01', 4)];
  const separator = Uint8Array.of(0xaa);

  it('without separators is read where only one length is possible', () => {
    expect(printed('0504FF01', concatBytes(time, one, two))).toEqual([
      '2024-08-15 00:00',
      '1234.56',
      '0.01',
    ]);
  });

  it('with separators is read group by group, empty groups included', () => {
    const content = concatBytes(time, separator, one, two, separator);
    const rest = new Uint8Array(10).fill(0xaa);
    expect(printed('0506FF01', concatBytes(content, rest))).toEqual([
      '2024-08-15 00:00',
      '1234.56',
      '0.01',
    ]);
    const names = decodeItem(item('0506FF01'), concatBytes(content, rest));
    expect(names.at(-1)?.field.name).toBe('energy_active_import_t1');
  });

  it('with the separators of an hourly one', () => {
    const content = concatBytes(time, separator, one, separator, two, separator);
    expect(printed('0504FF01', content)).toHaveLength(3);
    expect(printed('0504FF01', content.subarray(0, -1))).toHaveLength(3);
  });

  it('that nothing tells apart is shown as its bytes', () => {
    expect(printed('0506FF01', concatBytes(time, one))).toEqual(['0000150824' + '56341200']);
  });
});

describe('what is no number', () => {
  it.each([
    ['text, last character first', '04000405', '00 00 41 30 2E 35', '5.0A'],
    ['text that fills its place', '04000404', '56 30 2E 30 32 32', '220.0V'],
    ['an address', '04000401', '12 90 78 56 34 12', '123456789012'],
    ['a status word', '04000503', '50 00', '0x0050'],
    ['a status word with every bit set', '04000503', 'FF FF', '0xFFFF'],
    ['a day that is not set', '04000B02', '99 99', null],
    ['a settlement day', '04000B01', '00 01', '01 00'],
    ['a load record', '06010002', 'A0 A0 1C', 'a0a01c'],
  ])('%s', (_, di, hex, value) => {
    expect(printed(di, fromHex(hex))).toEqual([value]);
  });

  it('is absent, not wrong, where a settlement day is not set', () => {
    expect(flagsOf('04000B02', fromHex('99 99'))).toEqual([[FLAG_ABSENT]]);
    expect(flagsOf('04000B02', fromHex('99 31'))).toEqual([[FLAG_INVALID]]);
  });

  it('is never a password', () => {
    for (let level = 1; level <= 10; level++) {
      const di = `04000C0${level.toString(16).toUpperCase()}`;
      expect(decodeItem(item(di), fromHex('00 11 22 33'))).toEqual([]);
    }
  });

  it('is raw where nobody knows it, in the order of the wire', () => {
    const [value, ...more] = rawValues(fromHex('00 FF 1A')).flatMap(toDecodedValues);
    expect(value).toEqual({ obis: null, name: 'x_raw', value: '00ff1a', unit: '' });
    expect(more).toEqual([]);
    expect(rawValues(new Uint8Array(0))).toEqual([]);
  });

  it('is no value of a register', () => {
    const [time] = decodeItem(item('05060001'), lowFirst('2408150000'));
    expect(time && toRegisterValue(time)).toBeNull();
  });
});

describe('encoding', () => {
  it('writes a demand that never was as zeros, and one that is not kept as FF', () => {
    const value = { coefficient: 0n, decimals: 4 };
    expect(toHex(encodeItem(item('01010000'), [{ value, at: null }]))).toBe(
      '00 00 00 00 00 00 00 00',
    );
    expect(toHex(encodeItem(item('01010000'), [{ value: null, at: null }]))).toBe(
      'FF FF FF FF FF FF FF FF',
    );
  });

  it('refuses more values than the item holds', () => {
    const values = Array.from({ length: 4 }, () => ({ value: null }));
    const refused = expect.objectContaining({ code: 'DATA_INVALID' });
    expect(() => encodeItem(item('0201FF00'), values)).toThrow(refused);
  });
});
