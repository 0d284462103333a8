import { describe, expect, it } from 'vitest';
import { BAUD_RATES, baudRateOf, baudWordOf } from '../../../drivers/dlt645/baud.ts';
import { BAUD_RATES_1997 } from '../../../drivers/dlt645/v1997/baud.ts';
import { find1997Item, ITEMS_1997 } from '../../../drivers/dlt645/v1997/items.ts';
import { ROWS_1997 } from '../../../drivers/dlt645/v1997/rows.ts';
import { decodeItem, fieldWidth } from '../../../drivers/dlt645/values.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { lowFirst } from '../dlt645/wire.ts';
import { OTHERS_97, WORDINGS_97 } from './digest.ts';

const itemOf = (di: string) => {
  const item = find1997Item(di);
  if (item === undefined) throw new Error(`no item ${di}`);
  return item;
};
const shownIn = (di: string, content: Uint8Array) =>
  decodeItem(itemOf(di), content).map(({ field, value }) => [
    field.name,
    value === null || typeof value === 'string' ? value : formatDecimal(value),
  ]);

/** Year zones, eight day tables of ten periods, holidays, weekly rest and the codes above. */
const CODES = 14 + 8 * 10 + 13 + 12;
/** All directions of one DI1, of each class and month, and all energies. */
const BLOCKS_OF_BLOCKS = 3 * 2 * 3 + 1;
const PASSWORD = 1;

describe('the identifiers of 1997', () => {
  it('are those of the digest, and no other', () => {
    const joint = [...ITEMS_1997.keys()].filter((di) => /^([9AB].FF|9FFF)$/.test(di));
    expect(joint).toHaveLength(BLOCKS_OF_BLOCKS);
    expect(WORDINGS_97.size).toBe(3 * 3 * 8 * 16 + 16 + 4 * 5 + 2 * 4 + 3 * 5 + 25);
    expect(ITEMS_1997.size).toBe(WORDINGS_97.size + CODES + BLOCKS_OF_BLOCKS + PASSWORD);
  });

  it.each([...WORDINGS_97])('%s has the bytes, decimals, unit and names', (di, wording) => {
    const { fields } = itemOf(di);
    expect(fields.map(({ name }) => name)).toEqual(wording.names);
    for (const field of fields) {
      const { format, unit, name, register } = field;
      expect([fieldWidth(field), unit]).toEqual([wording.bytes, wording.unit]);
      expect(format.kind === 'number' ? format.decimals : null).toBe(wording.decimals);
      expect(format.kind === 'number' && format.signed).toBe(false);
      expect(register).toBe(findRegister(name) ?? null);
      expect(register !== null || name.startsWith('x_')).toBe(true);
      // The catalogue's unit is that of the meter.
      if (register !== null) expect(register.unit).toBe(unit);
    }
  });

  it.each(OTHERS_97)('%s %s shows %s', (di, content, shown) => {
    expect(shownIn(di, lowFirst(content))).toEqual([[itemOf(di).fields[0]?.name, shown]]);
  });

  it('leave out what makers disagree about', () => {
    expect(['B660', 'B670', 'B680', 'B691', 'D110'].map(find1997Item)).toEqual(
      new Array(5).fill(undefined),
    );
  });

  it('never show the password', () => {
    expect(shownIn('C212', lowFirst('12345602'))).toEqual([]);
  });

  it('are found in either case', () => {
    expect(find1997Item('901f')).toBe(find1997Item('901F'));
  });

  it('of months that are over are marked as past', () => {
    const past = [...ITEMS_1997.values()].filter(({ isPast }) => isPast);
    expect(past.every(({ di }) => /^[9AB][4589]/.test(di))).toBe(true);
    expect(past).toHaveLength(2 * (3 * 8 * 16 + 6));
  });

  it('are told in both languages', () => {
    for (const { label, source, fields } of ROWS_1997) {
      expect(label.en).toMatch(/^[a-zA-Z]/);
      expect(label.zh).toMatch(/[\u4e00-\u9fff]/);
      expect(source).not.toBe('');
      expect(fields.every((field) => field.label.en === label.en)).toBe(true);
    }
    expect(ROWS_1997).toHaveLength(3 * 8 + 2 + 16 + 39 + PASSWORD);
  });
});

describe('a block of blocks', () => {
  const block = (...numbers: number[]) =>
    concatBytes(...numbers.map((count) => lowFirst(String(count).padStart(8, '0'))));
  const separator = Uint8Array.of(0xaa);

  it('is parted by AA alone', () => {
    const content = concatBytes(block(123, 100), separator, block(7, 6), separator);
    expect(shownIn('90FF', content)).toEqual([
      ['energy_active_import', '1.23'],
      ['energy_active_import_t1', '1.00'],
      ['energy_active_export', '0.07'],
      ['energy_active_export_t1', '0.06'],
    ]);
  });

  it.each([
    ['no separator', block(123, 100, 7, 6)],
    ['fewer blocks than there are directions', concatBytes(block(123, 100), separator)],
    ['more', concatBytes(block(1), separator, block(2), separator, block(3))],
  ])('with %s is not guessed at', (_, content) => {
    expect(shownIn('90FF', content).map(([name]) => name)).toEqual(['x_raw']);
  });

  it('of all months names those that are over', () => {
    const names = itemOf('9FFF').fields.map(({ name, register }) => [name, register === null]);
    expect(names).toHaveLength(3 * 8 * 15);
    expect([names[0], names[8 * 15], names[16 * 15 + 1]]).toEqual([
      ['energy_active_import', false],
      ['x_energy_active_import_s1', true],
      ['x_energy_active_import_t1_s2', true],
    ]);
  });
});

describe('the block of powers', () => {
  const powers = ['000001', '000002', '000003', '000004'].map(lowFirst);
  const limits = [lowFirst('5000'), lowFirst('4000')];

  it('may have the limits behind it', () => {
    const alone = shownIn('B63F', concatBytes(...powers));
    expect(alone.map(([, value]) => value)).toEqual(['0.0001', '0.0002', '0.0003', '0.0004']);
    expect(shownIn('B63F', concatBytes(...powers, ...limits))).toEqual([
      ...alone,
      ['x_power_limit_import', '50.00'],
      ['x_power_limit_export', '40.00'],
    ]);
  });
});

describe('the baud-rate word', () => {
  it.each([
    [0x02, 600, 300],
    [0x04, 1200, 600],
    [0x08, 2400, 1200],
    [0x10, 4800, 2400],
    [0x20, 9600, 4800],
    [0x40, 19_200, 9600],
    [0x01, null, null],
    [0x80, null, null],
    [0x00, null, null],
    [0x0c, null, null],
  ])('%i is %s in 2007 and %s in 1997', (word, later, earlier) => {
    expect(baudRateOf(word, BAUD_RATES)).toBe(later);
    expect(baudRateOf(word, BAUD_RATES_1997)).toBe(earlier);
    if (later !== null) expect(baudWordOf(later, BAUD_RATES)).toBe(word);
    if (earlier !== null) expect(baudWordOf(earlier, BAUD_RATES_1997)).toBe(word);
  });

  it('has no bit for a speed that the table lacks', () => {
    expect([baudWordOf(300, BAUD_RATES), baudWordOf(19_200, BAUD_RATES_1997)]).toEqual([
      null,
      null,
    ]);
  });
});
