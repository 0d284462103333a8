import { describe, expect, it } from 'vitest';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { findItem } from '../../../drivers/dlt645/items.ts';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { decodeItem, toDecodedValues, toRegisterValue } from '../../../drivers/dlt645/values.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../../src/core/driver.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { answer97, METER, model97, options as options97, scripted } from '../dlt645-1997/wire.ts';
import { createFakeBus, modelWith, options, silence } from './fake-bus.ts';
import { lowFirst, readAnswer } from './wire.ts';

const ADDRESS = '123456789012';

/** What the driver reads where the meter answers with this content, and what it asked. */
async function readFrom(identifier: string, digits: string) {
  const bus = createFakeBus((di, address) => readAnswer(address, di, lowFirst(digits)));
  const session = dlt645.open(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
  const reading = await session.readItem?.(identifier, options);
  const pairs = reading?.values.map(({ name, value }) => [name, value]);
  return { address: reading?.address, pairs, asked: bus.asked };
}

describe('an identifier that holds no register', () => {
  it.each([
    ['04000401', '000012345678', '000012345678'],
    ['03110000', '000007', '7'],
    ['00010001', '00123456', '1234.56'],
  ])('%s is read with one exchange', async (di, digits, value) => {
    const read = await readFrom(di, digits);
    expect(read).toMatchObject({ address: ADDRESS, asked: [di] });
    expect(read.pairs?.map(([, shown]) => shown)).toEqual([value]);
  });

  it('tells the set bits of a word, those with states by their state', async () => {
    expect((await readFrom('04000503', '0052')).pairs).toEqual([
      ['x_status_word_3', '0x0052'],
      ['x_status_word_3_bit_1', 'supply: auxiliary'],
      ['x_status_word_3_bit_4', 'relay: open'],
      ['x_status_word_3_bit_6', 'relay command: open'],
    ]);
    expect((await readFrom('04000601', '05')).pairs?.slice(1)).toEqual([
      ['x_combination_active_bit_0', 'plus import'],
      ['x_combination_active_bit_2', 'plus export'],
    ]);
  });

  it('is read from a meter of 1997 too', async () => {
    const bus = scripted(() => answer97('C032', lowFirst('000012345678')));
    const session = dlt645v1997.open(bus, { address: METER, model: model97([]) }, sessionDeps());
    const reading = await session.readItem?.('c032', options97);
    expect(reading).toMatchObject({ address: METER, values: [{ value: '000012345678' }] });
    expect(bus.asked).toEqual([`${METER} 01 C032`]);
  });

  it('fails as the exchange does', async () => {
    const session = dlt645.open(
      createFakeBus(() => silence),
      { address: ADDRESS, model: modelWith([]) },
      sessionDeps(),
    );
    const read = session.readItem?.('04000503', options);
    await expect(read).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
  });

  it.each(['04000C01', '04000C0A', '0201EE00', 'voltage'])('%s is not asked', async (di) => {
    expect(dlt645.knows(di)).toBe(false);
    await expect(readFrom(di, '00')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each(['04000503', '05060101', '0000ff00', '00010000', '03110000'])('%s is known', (di) => {
    expect([dlt645.knows(di), dlt645v1997.knows(di)]).toEqual([true, false]);
  });

  it.each([
    ['c032', true],
    ['C212', false],
    ['B660', false],
  ])('%s is known of 1997: %s', (di, isKnown) => {
    expect([dlt645.knows(di), dlt645v1997.knows(di)]).toEqual([false, isKnown]);
  });
});

describe('bytes that are no value', () => {
  const decoded = (di: string, hex: string) => {
    const item = findItem(di);
    return item === undefined ? [] : decodeItem(item, fromHex(hex));
  };

  it.each([
    [
      'no number',
      '00010000',
      '80 00 12 3A',
      [{ value: null, flags: [FLAG_INVALID], raw: '8000123a' }],
    ],
    ['no text', '04000403', `01${' 41'.repeat(31)}`, [{ value: null, flags: [FLAG_INVALID] }]],
    ['no time', '04000102', '00 00 25', [{ value: null, flags: [FLAG_INVALID], raw: '000025' }]],
    ['none at all', '00010000', 'FF FF FF FF', [{ value: null, flags: [FLAG_ABSENT] }]],
  ])('are kept where they are %s', (_, di, hex, shown) => {
    const values = decoded(di, hex).flatMap(toDecodedValues);
    expect(values).toMatchObject(shown);
    expect(values.filter((one) => 'raw' in one)).toHaveLength(hex.startsWith('FF') ? 0 : 1);
  });

  it('go with the moment of a demand where the demand is good', () => {
    const [value] = decoded('01010000', '23 81 07 00 12 01 13 23');
    expect(value && toDecodedValues(value)).toEqual([
      { obis: '1-0:1.6.0', name: 'demand_active_import_max', value: '7.8123', unit: 'kW' },
      {
        obis: null,
        name: 'x_demand_active_import_max_at',
        value: null,
        unit: '',
        flags: [FLAG_INVALID],
        raw: '0012011323',
      },
    ]);
    expect(value && toRegisterValue(value)).toMatchObject({ raw: '0012011323', at: null });
  });

  it('are none in a good value', () => {
    const [value] = decoded('00010000', '56 34 12 00');
    expect(value && toRegisterValue(value)).not.toHaveProperty('raw');
    expect(value && toDecodedValues(value)).toEqual([
      { obis: '1-0:1.8.0', name: 'energy_active_import', value: '1234.56', unit: 'kWh' },
    ]);
  });
});
