/**
 * The RTU frame, on a serial line or through a serial server.
 *
 *   frame := unit PDU crc
 *   unit  := 1 byte: 1..247, 0 to all
 *   PDU   := 1..253 bytes, see pdu.ts
 *   crc   := CRC-16/MODBUS over unit and PDU, low byte first
 *
 * Silence of 3.5 characters parts the frames on the line, but adapters and serial servers do not
 * pass it on. Modbus over Serial Line V1.02 clause 2.5.1.
 */
import { byteAt } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';
import { crc16 } from './crc16.ts';
import type { Layout } from './functions.ts';
import { LONGEST_PDU } from './pdu.ts';

/** Bytes of a frame without its PDU. */
export const RTU_OVERHEAD = 3;
export const LONGEST_RTU = LONGEST_PDU + RTU_OVERHEAD;

export interface RtuFrame {
  readonly unit: number;
  readonly pdu: Uint8Array;
}

/** The bytes of a frame, its CRC included. */
export function encodeRtu(unit: number, pdu: Uint8Array): Uint8Array {
  const frame = new Uint8Array(pdu.length + RTU_OVERHEAD);
  frame[0] = unit;
  frame.set(pdu, 1);
  const crc = crc16(frame.subarray(0, -2));
  frame[frame.length - 2] = crc & 0xff;
  frame[frame.length - 1] = crc >> 8;
  return frame;
}

/** True for the bytes of a frame by its check alone, which does not see zero bytes behind it. */
export const isClosed = (bytes: Uint8Array) =>
  bytes.length > RTU_OVERHEAD && bytes.length <= LONGEST_RTU && crc16(bytes) === 0;

/** Parses exactly one frame. Throws FRAME_LENGTH or FRAME_CHECKSUM. */
export function parseRtu(bytes: Uint8Array): RtuFrame {
  if (bytes.length <= RTU_OVERHEAD || bytes.length > LONGEST_RTU) {
    throw new AmrError('FRAME_LENGTH', `no frame has ${bytes.length} bytes`);
  }
  if (!isClosed(bytes)) {
    throw new AmrError('FRAME_CHECKSUM', 'the CRC does not match the bytes');
  }
  return { unit: byteAt(bytes, 0), pdu: bytes.slice(1, -2) };
}

/** The length of the frame that begins these bytes, 0 where none does, `null` while it may. */
export function frameLength(bytes: Uint8Array, layout: Layout): number | null {
  let length = layout(bytes.subarray(1, 2));
  while (length > 0 && length <= LONGEST_PDU) {
    if (length + RTU_OVERHEAD > bytes.length) return null;
    const known = layout(bytes.subarray(1, 1 + length));
    if (known === length) return length + RTU_OVERHEAD;
    length = known;
  }
  return 0;
}
