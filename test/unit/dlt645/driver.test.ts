import { describe, expect, it } from 'vitest';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createFakeBus, modelWith, options, registersNamed } from './fake-bus.ts';
import { readAnswer, shownNumber } from './wire.ts';

describe('an address', () => {
  it.each([
    ['123456789012', '123456789012'],
    ['17', '000000000017'],
    [' 000012345678 ', '000012345678'],
    ['3a2107000481', '3A2107000481'],
    ['AAAAAAAAAAAA', 'AAAAAAAAAAAA'],
  ])('"%s" is %s on the line', (text, address) => {
    expect(dlt645.parseAddress(text)).toBe(address);
  });

  it.each(['1234567890123', '12-34', 'meter', '999999999999', '0x12', '12.5'])(
    '"%s" is refused',
    (text) => {
      const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
      expect(() => dlt645.parseAddress(text)).toThrow(refused);
    },
  );

  it('goes to the meter in full', async () => {
    const bus = createFakeBus((di, address) => readAnswer(address, di, shownNumber('220.5', 2)));
    const session = dlt645.open(bus, { address: '17', model: modelWith([]) }, sessionDeps());
    const result = await session.read(registersNamed('voltage_l1'), options);
    expect(result.address).toBe('000000000017');
  });
});

describe('a model', () => {
  it('is sound where every register stands at its own identifier', () => {
    const registers = { voltage_l1: '02010100', energy_active_import_t2: '00010200' };
    expect(dlt645.checkModel(modelWith(['0001FF00', '0201FF00'], registers))).toEqual([]);
  });

  it.each([
    ['the identifier of another register', { voltage_l1: '02010200' }],
    ['a block', { energy_active_import: '0001FF00' }],
    ['a settlement', { energy_active_import: '00010001' }],
    ['a freeze', { energy_active_import: '05040101' }],
    ['an unknown identifier', { voltage_l1: '0201EE00' }],
    ['no text', { voltage_l1: 0x02010100 }],
  ])('is not with %s', (_, registers) => {
    const model = { ...modelWith([]), registers };
    expect(dlt645.checkModel(model)).toHaveLength(1);
  });

  it.each(['02010100', '0201EE00', '05060001', '05060101'])(
    'is not with %s as a block',
    (block) => {
      expect(dlt645.checkModel(modelWith([block]))).toEqual([`${block} is no block`]);
    },
  );
});

describe('an identifier', () => {
  it.each([
    ['00010000', ['energy_active_import']],
    ['0201ff00', ['voltage_l1', 'voltage_l2', 'voltage_l3']],
    ['05060001', []],
    ['05060101', []],
    ['00010001', []],
    ['voltage', []],
  ])('%s holds %j', (identifier, names) => {
    expect(dlt645.registersAt(identifier).map(({ name }) => name)).toEqual(names);
  });
});

describe('the resolution', () => {
  it.each([
    ['energy_active_import', '00010000', '0.01'],
    ['voltage_l1', '02010100', '0.1'],
    ['power_active', '02030000', '0.0001'],
    ['voltage_l2', undefined, null],
  ])('of %s at %s is %s', (name, di, step) => {
    const [register] = registersNamed(name);
    if (register === undefined) throw new Error(name);
    const model = modelWith([], di === undefined ? {} : { [name]: di });
    expect(dlt645.resolution(model, register)).toBe(step);
  });
});
