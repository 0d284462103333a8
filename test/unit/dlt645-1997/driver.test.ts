import { describe, expect, it } from 'vitest';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { loadDriver } from '../../../src/field.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { registersNamed } from '../dlt645/fake-bus.ts';
import { lowFirst } from '../dlt645/wire.ts';
import { answer97, METER, model97, options, scripted } from './wire.ts';

describe('the driver of 1997', () => {
  it('stands in the table under its protocol', async () => {
    expect(await loadDriver('dlt645-1997')).toBe(dlt645v1997);
    expect(dlt645v1997.protocol).toBe('dlt645-1997');
  });

  it.each([
    ['17', '000000000017'],
    [' 3a2107000481 ', '3A2107000481'],
    ['AAAAAAAAAAAA', 'AAAAAAAAAAAA'],
    ['999999999999', '999999999999'],
  ])('takes the address "%s" as %s', (text, address) => {
    expect(dlt645v1997.parseAddress(text)).toBe(address);
  });

  it.each(['1234567890123', '12-34', 'meter', ''.padEnd(13, 'A')])(
    'refuses the address "%s"',
    (text) => {
      expect(() => dlt645v1997.parseAddress(text)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    },
  );

  it('asks the meter that it was opened for', async () => {
    const bus = scripted(() => answer97('B611', lowFirst('0226')));
    const session = dlt645v1997.open(bus, { address: METER, model: model97() }, sessionDeps());
    await session.read(registersNamed('voltage_l1'), options);
    expect(bus.asked).toEqual([`${METER} 01 B611`]);
  });

  it('knows no settings', () => {
    const model = { ...model97(), settings: { minutesFirst: true } };
    expect(dlt645v1997.checkModel(model)).toEqual(['settings: Unrecognized key: "minutesFirst"']);
  });

  it('finds nothing wrong with a sound model', () => {
    const registers = { voltage_l1: 'B611', demand_active_import_max_t1: 'A011' };
    expect(dlt645v1997.checkModel(model97(['901F', 'B63F'], registers))).toEqual([]);
  });

  it.each([
    ['the identifier of another register', { voltage_l1: 'B612' }],
    ['the identifier of a month that is over', { energy_active_import: '9410' }],
    ['a block', { energy_active_import: '901F' }],
    ['an unknown identifier', { voltage_l1: 'B661' }],
    ['an identifier of 2007', { voltage_l1: '02010100' }],
    ['no text', { voltage_l1: 0xb611 as unknown as string }],
  ])('finds %s wrong', (_, registers) => {
    expect(dlt645v1997.checkModel(model97([], registers))).toHaveLength(1);
  });

  it.each([
    ['9010', 'is no block'],
    ['941F', 'is no block'],
    ['E01F', 'is no block'],
    ['90FF', 'is a block of blocks'],
    ['9FFF', 'is a block of blocks'],
  ])('never asks for %s, which %s', (block, complaint) => {
    expect(dlt645v1997.checkModel(model97([block]))).toEqual([`${block} ${complaint}`]);
  });

  it.each([
    ['b61f', ['voltage_l1', 'voltage_l2', 'voltage_l3']],
    ['9410', []],
    ['C032', []],
    ['voltage', []],
  ])('knows the registers of %s', (identifier, names) => {
    expect(dlt645v1997.registersAt(identifier).map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['voltage_l1', 'B611', '1'],
    ['current_l1', 'B621', '0.01'],
    ['power_active', 'B630', '0.0001'],
    ['voltage_l2', undefined, null],
  ])('knows the step of %s', (name, di, step) => {
    const model = model97([], di === undefined ? {} : { [name]: di });
    const [register] = registersNamed(name);
    if (register === undefined) throw new Error(name);
    expect(dlt645v1997.resolution(model, register)).toBe(step);
  });

  it('finds the meters of its own edition alone', async () => {
    const bus = scripted((question) =>
      question.startsWith('01')
        ? answer97(question.slice(3), lowFirst('00000000'))
        : answer97('', lowFirst('')),
    );
    await dlt645v1997.discover?.(bus, options, { clock: createVirtualClock() });
    expect(bus.asked.length).toBeGreaterThan(0);
    expect(bus.asked.filter((asked) => asked.split(' ')[1] !== '01')).toEqual([]);
  });
});
