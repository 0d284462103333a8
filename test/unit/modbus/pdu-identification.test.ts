import { describe, expect, it } from 'vitest';
import {
  encodeIdentificationRequest,
  parseIdentification,
} from '../../../drivers/modbus/identification.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';

/** An answer to basic access from object 0 on; `more next count objects`. */
const answer = (rest: string) => fromHex(`2B 0E 01 83 ${rest}`);
const throwing = (code: string) => expect.objectContaining({ code });

describe('the request for the identification', () => {
  it.each([
    [{ access: 'basic', object: 0 }, '2B 0E 01 00'],
    [{ access: 'regular', object: 3 }, '2B 0E 02 03'],
    [{ access: 'extended', object: 0x80 }, '2B 0E 03 80'],
    [{ access: 'individual', object: 6 }, '2B 0E 04 06'],
  ] as const)('%o is written as the standard says', (request, hex) => {
    expect(toHex(encodeIdentificationRequest(request))).toBe(hex);
  });
});

describe('the identification', () => {
  it('is a text for each object', () => {
    // The example of the standard: three objects, all of them here.
    const objects = '00 04 41 63 6D 65 01 04 45 4D 2D 33 02 05 56 31 2E 30 37';
    expect(parseIdentification(answer(`00 00 03 ${objects}`))).toEqual({
      kind: 'objects',
      objects: new Map([
        [0, 'Acme'],
        [1, 'EM-3'],
        [2, 'V1.07'],
      ]),
      next: null,
    });
  });

  it.each([
    ['is gone on with where the meter says', 'FF 01 01 00 01 41', 1],
    ['may go on without having given anything', 'FF 02 00', 2],
    ['has an end where the meter says so', '00 01 01 00 01 41', null],
    ['has an end where the meter would begin anew', 'FF 00 01 00 01 41', null],
    ['has an end where the meter would repeat itself', 'FF 01 02 00 01 41 01 01 42', null],
  ])('%s', (_, rest, next) => {
    expect(parseIdentification(answer(rest))).toMatchObject({ kind: 'objects', next });
  });

  it('is freed of what fills the texts up', () => {
    const parsed = parseIdentification(answer('00 00 02 00 06 41 20 42 20 00 00 01 00'));
    expect(parsed).toMatchObject({
      objects: new Map([
        [0, 'A B'],
        [1, ''],
      ]),
    });
  });

  it('may be refused', () => {
    expect(parseIdentification(fromHex('AB 01'))).toEqual({ kind: 'exception', code: 1 });
  });

  it.each([
    ['a text that is cut', '2B 0E 01 83 00 00 01 00 04 41 63 6D', 'FRAME_LENGTH'],
    ['an object less than it says', '2B 0E 01 83 00 00 02 00 01 41', 'FRAME_LENGTH'],
    ['bytes behind the last object', '2B 0E 01 83 00 00 01 00 01 41 00', 'FRAME_LENGTH'],
    ['no objects at all', '2B 0E 01 83', 'FRAME_LENGTH'],
    ['another function', '03 02 00 00', 'FRAME_MALFORMED'],
    ['another encapsulated message', '2B 0D 01 83 00 00 00', 'FRAME_MALFORMED'],
  ])('is refused with %s', (_, hex, code) => {
    expect(() => parseIdentification(fromHex(hex))).toThrow(throwing(code));
  });
});
