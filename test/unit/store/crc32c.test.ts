import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/store/crc32c.ts';

describe('crc32c', () => {
  it.each([
    ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
    ['32 bytes of zeros (RFC 3720 B.4)', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones (RFC 3720 B.4)', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ])('knows the check value of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});
