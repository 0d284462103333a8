import { describe, expect, it } from 'vitest';
import { parseIdentifier, showRegisters } from '../../../drivers/modbus/raw.ts';
import { createSession } from '../../../drivers/modbus/session.ts';
import type { Bus } from '../../../src/core/bus.ts';
import type { DecodedValue } from '../../../src/core/driver.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { contentPdu, rtuWire } from './codec-wire.ts';
import { at, createFakeBus, f32, modelOf, options } from './fake-meter.ts';

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const byName = (values: readonly DecodedValue[]) =>
  Object.fromEntries(values.map(({ name, value }) => [name, value]));

const readItem = (bus: Bus, identifier: string, settings = {}) =>
  createSession(bus, { address: '1', model: modelOf({}, settings) }, sessionDeps()).readItem?.(
    identifier,
    options,
  );

describe('an identifier of registers', () => {
  it.each([
    ['holding:0x4000:4', { table: 'holding', address: 0x4000, quantity: 4 }],
    ['HOLDING:0X4000:4', { table: 'holding', address: 0x4000, quantity: 4 }],
    ['input:30', { table: 'input', address: 30, quantity: 1 }],
    ['coil:0:2000', { table: 'coil', address: 0, quantity: 2000 }],
    ['discrete:65535:1', { table: 'discrete', address: 65535, quantity: 1 }],
  ])('%s', (identifier, request) => {
    expect(parseIdentifier(identifier)).toEqual(request);
  });

  it.each([
    'holding',
    'holding:',
    'holding:0x10000',
    'holding:0:126',
    'holding:0:0',
    'holding:65535:2',
    'coil:0:2001',
    'constructor:0:1',
    '00010000',
    'holding:-1:1',
  ])('is none: %s', (identifier) => {
    expect(parseIdentifier(identifier)).toBeNull();
  });
});

describe('registers of no known meaning', () => {
  it('are shown in every usual way', () => {
    const shown = byName(showRegisters(0x4000, bytesOf('4366333400120034')));
    expect(shown).toMatchObject({
      '0x4000 hex': '0x4366',
      '0x4001 u16': '13108',
      '0x4000 bcd16': '4366',
      '0x4000 u32 ABCD': '1130771252',
      '0x4000 f32 ABCD': '230.200012',
      '0x4000 f32 CDAB': '0.000000',
      '0x4002 u32 CDAB': '3407890',
      '0x4002 u32 BADC': '302003200',
      '0x4002 i32 DCBA': '872419840',
      '0x4002 bcd32 ABCD': '120034',
      '0x4000 u64 ABCD': '4856625546598154292',
      '0x4000 u64 CDAB': '14636776957428582',
    });
    // Hex, u16, i16 and bcd16 of four; u32, i32 and f32 in 4 orders and bcd32 of two; 64 bits.
    expect(Object.keys(shown)).toHaveLength(4 * 4 + 2 * 13 + 12);
  });

  it('are no value in the ways that they cannot be taken', () => {
    const values = showRegisters(0, bytesOf('7f8000ab'));
    const of = (name: string) => values.find((one) => one.name === name);
    expect(of('0x0000 f32 ABCD')).toMatchObject({ value: null, raw: '7f8000ab' });
    expect(of('0x0001 bcd16')).toMatchObject({ value: null, raw: '00ab' });
    expect(of('0x0000 i16')).toMatchObject({ value: '32640' });
    const [first] = showRegisters(0, bytesOf('7f7f0000')).filter(({ name }) =>
      / f32 AB/.test(name),
    );
    expect(first?.value).toBeNull();
  });

  it('are a text too where they are one', () => {
    expect(byName(showRegisters(16, bytesOf('53444d363330')))).toMatchObject({
      '0x0010 text': 'SDM630',
    });
    expect(byName(showRegisters(16, bytesOf('53440000')))).toMatchObject({ '0x0010 text': 'SD' });
    expect(byName(showRegisters(16, bytesOf('53440100')))).not.toHaveProperty('0x0010 text');
    expect(byName(showRegisters(16, bytesOf('0000')))).not.toHaveProperty('0x0010 text');
  });
});

describe('reading them', () => {
  it('takes as many requests as the meter needs', async () => {
    const bus = createFakeBus({ 1: { input: at(0, ...f32(230.25), 7, 8, 9) } });
    const item = await readItem(bus, 'input:0:5', { maxRegisters: 2 });
    expect(item?.address).toBe('1');
    expect(byName(item?.values ?? [])).toMatchObject({
      '0x0000 f32 ABCD': '230.250000',
      '0x0002 u32 ABCD': '458760',
      '0x0004 u16': '9',
    });
    expect(bus.asked).toEqual([
      ['input', 0, 2],
      ['input', 2, 2],
      ['input', 4, 1],
    ]);
  });

  it('gives bits one by one, the first the lowest of its byte', async () => {
    const bus: Bus = {
      name: 'bits',
      kind: 'line',
      exchange({ request, framer, match }) {
        expect([...request.subarray(0, 6)]).toEqual([1, 1, 0, 19, 0, 10]);
        const [frame] = framer.push(rtuWire(1, contentPdu(1, [0xcd, 0x02]))).filter(match);
        return frame === undefined ? Promise.reject(new Error('none')) : Promise.resolve(frame);
      },
    };
    const item = await readItem(bus, 'coil:19:10');
    expect(item?.values.map(({ value }) => value).join('')).toBe('1011001101');
    expect(item?.values[9]?.name).toBe('0x001C coil');
  });

  it('fails for what the meter lacks, and for what is no identifier', async () => {
    const bus = createFakeBus({ 1: { input: {} } });
    await expect(readItem(bus, 'input:0:5')).rejects.toMatchObject({ code: 'METER_UNSUPPORTED' });
    await expect(readItem(bus, 'nonsense')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(bus.asked).toHaveLength(1);
  });
});
