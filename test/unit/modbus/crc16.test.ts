import { describe, expect, it } from 'vitest';
import { crc16 } from '../../../drivers/modbus/crc16.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { RTU } from './codec-vectors.ts';

describe('the CRC', () => {
  it('is that of the check string of the catalogues of CRCs', () => {
    expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x4b37);
  });

  it('is the preset over nothing', () => {
    expect(crc16(new Uint8Array(0))).toBe(0xffff);
  });

  it('closes every frame of the fixtures, low byte first', () => {
    const checks = RTU.map(({ frame }) => {
      const bytes = fromHex(frame);
      const crc = crc16(bytes.subarray(0, -2));
      return [bytes.at(-2), bytes.at(-1), crc16(bytes)].join() === [crc & 0xff, crc >> 8, 0].join();
    });
    expect(checks).toEqual(RTU.map(() => true));
    expect(checks).toHaveLength(37);
  });
});
