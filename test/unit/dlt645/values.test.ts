import { describe, expect, it } from 'vitest';
import { findItem, type Item } from '../../../drivers/dlt645/items.ts';
import {
  decodeItem,
  encodeItem,
  fieldWidth,
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
/** Bytes of all fields. */
const widthOf = (di: string) => item(di).fields.reduce((sum, field) => sum + fieldWidth(field), 0);
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

describe('a record of what never happened', () => {
  const flags = (di: string, content: Uint8Array) =>
    decodeItem(item(di), content).map((one) => [one.value, ...one.flags]);
  const start = lowFirst('260101123456');

  it.each([
    ['03010101', 131],
    ['03040101', 115],
    ['03050001', 15],
    ['03090001', 78],
    ['030E0101', 76],
    ['03110001', 12],
    ['03120101', 20],
    ['03300001', 50],
    ['03300101', 106],
    ['03300201', 202],
    ['03300401', 16],
    ['0330050A', 682],
    ['03300D01', 60],
    ['1001FF01', 4 + 246],
    ['1D00FF01', 34],
  ])('%s has no value in any field', (di, bytes) => {
    const size = di.startsWith('10') ? widthOf(di) : bytes;
    for (const content of [new Uint8Array(size), new Uint8Array(size).fill(0xff)]) {
      const shown = flags(di, content);
      expect(shown.length).toBeGreaterThan(1);
      expect(shown).toEqual(shown.map(() => [null, FLAG_ABSENT]));
    }
  });

  it('is told by its moment, whatever else is in it', () => {
    const clockSet = concatBytes(lowFirst('12345678'), new Uint8Array(12));
    expect(flags('03300401', clockSet)).toEqual([1, 2, 3].map(() => [null, FLAG_ABSENT]));
    const energies = concatBytes(new Uint8Array(12), new Uint8Array(64).fill(1));
    expect(flags('030E0101', energies).every(([value]) => value === null)).toBe(true);
  });

  it('is none where it has begun: what is not over yet has its zeros', () => {
    expect(printed('03110001', concatBytes(start, new Uint8Array(6)))).toEqual([
      '2026-01-01 12:34:56',
      null,
    ]);
    expect(printed('030E0101', concatBytes(start, start, new Uint8Array(64)))[2]).toBe('0.00');
  });

  it('is neither counted nor of a month', () => {
    expect(printed('03110000', new Uint8Array(3))).toEqual(['0']);
    expect(printed('03100000', new Uint8Array(27)).slice(0, 2)).toEqual(['0', '0.00']);
    expect(printed('1D000001', new Uint8Array(3))).toEqual(['0']);
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

  const tailed = (...parts: Uint8Array[]) => parts.flatMap((part) => [part, separator]);
  const joined = (...parts: Uint8Array[]) => concatBytes(...tailed(...parts));
  const firstTariff = (content: Uint8Array) =>
    decodeItem(item('0506FF01'), content).map(({ field }) => field.name);

  it.each([
    ['AA', 0xaa],
    ['DD', 0xdd],
  ])('drops one %s behind it', (_, tail) => {
    const behind = Uint8Array.of(tail);
    expect(printed('0504FF01', concatBytes(time, one, two, behind))).toHaveLength(3);
    expect(printed('0504FF01', concatBytes(joined(time, one, two), behind))).toHaveLength(3);
    const groups = [time, concatBytes(one, two), ...new Array(10).fill(new Uint8Array(0))];
    expect(printed('0506FF01', concatBytes(joined(...groups), behind))).toHaveLength(3);
  });

  it('may lack the separator behind its last group, which is empty', () => {
    const groups = [time, concatBytes(one, two), ...new Array(10).fill(new Uint8Array(0))];
    expect(printed('0506FF01', joined(...groups).subarray(0, -1))).toHaveLength(3);
  });

  /** Energies, demands and powers of total and one tariff; every demand never was. */
  const energies = concatBytes(one, two);
  const demands = new Uint8Array(16);
  const powers = new Uint8Array(24);
  const all = [time, ...new Array(8).fill(energies), demands, demands, powers];

  it.each([1, 2, 5, 63])(
    'of all groups and nothing between them has %i tariffs by its length',
    (tariffs) => {
      const content = concatBytes(
        time,
        ...new Array(8 * (tariffs + 1)).fill(one),
        new Uint8Array(2 * 8 * (tariffs + 1)),
        powers,
      );
      expect(content).toHaveLength(29 + 48 * (tariffs + 1));
      const names = firstTariff(content);
      expect(names).toHaveLength(1 + 10 * (tariffs + 1) + 8);
      expect(names[tariffs + 1]).toBe(`energy_active_import_t${tariffs}`);
      expect(names.at(-1)).toBe('x_power_reactive_l3');
    },
  );

  it('of that length is shown as its bytes where a moment would be none', () => {
    const content = concatBytes(
      time,
      ...new Array(8).fill(one),
      fromHex('00 00 00 01 02 45 13 26'),
      new Uint8Array(32),
    );
    expect(content).toHaveLength(29 + 48);
    expect(firstTariff(content)).toEqual(['x_raw']);
  });

  it('of enabled groups alone is read where their lengths fit one way', () => {
    const names = firstTariff(joined(...all.toSpliced(9, 2)));
    expect(names).toHaveLength(1 + 16 + 8);
    expect(names.slice(1, 3)).toEqual(['energy_active_import', 'energy_active_import_t1']);
    expect(names.at(-1)).toBe('x_power_reactive_l3');
  });

  it('of enabled groups alone is shown as its bytes where they fit in two ways', () => {
    expect(firstTariff(joined(time, energies, energies))).toEqual(['x_raw']);
    expect(firstTariff(joined(...all.toSpliced(9, 1)))).toEqual(['x_raw']);
    expect(printed('0504FF01', joined(time, one))).toHaveLength(1);
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
