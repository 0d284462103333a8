import { describe, expect, it } from 'vitest';
import { byteAt, concatBytes, equalBytes, fromHex, toHex } from '../../../src/core/bytes.ts';

const BYTES = Uint8Array.of(0x00, 0x68, 0xfe, 0x0a);

describe('hex', () => {
  it('is written in pairs with a space between', () => {
    expect(toHex(BYTES)).toBe('00 68 FE 0A');
    expect(toHex(new Uint8Array(0))).toBe('');
  });

  it.each([
    '00 68 FE 0A',
    '0068fe0a',
    '00:68:fe:0a',
    '00,68, FE,0A',
    '0x00 0x68 0xFE 0x0A',
    '  00 68\r\nFE\t0A\n',
  ])('is read from %j', (text) => {
    expect(fromHex(text)).toEqual(BYTES);
  });

  it.each([
    ['68 1', 'odd number of hex digits: 3'],
    ['68 G1', 'not hex: "G1"'],
    ['68 6é', 'not hex: "é"'],
  ])('is refused from %j, and the place is named', (text, message) => {
    const refused = expect.objectContaining({ code: 'FRAME_MALFORMED', message });
    expect(() => fromHex(text)).toThrow(refused);
  });
});

describe('bytes', () => {
  it('are never read beyond their end', () => {
    expect(byteAt(BYTES, 3)).toBe(0x0a);
    const refused = expect.objectContaining({ code: 'FRAME_LENGTH' });
    expect(() => byteAt(BYTES, 4)).toThrow(refused);
    expect(() => byteAt(BYTES, -1)).toThrow(refused);
  });

  it('are put together in order, into a copy', () => {
    const whole = concatBytes(BYTES.subarray(0, 1), new Uint8Array(0), BYTES.subarray(1));
    expect(whole).toEqual(BYTES);
    whole[0] = 9;
    expect(BYTES[0]).toBe(0);
  });

  it('are equal in length and in every byte', () => {
    expect(equalBytes(BYTES, BYTES.slice())).toBe(true);
    expect(equalBytes(BYTES, BYTES.subarray(0, 3))).toBe(false);
    expect(equalBytes(BYTES, BYTES.with(3, 0x0b))).toBe(false);
  });
});
