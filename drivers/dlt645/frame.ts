/**
 * The DL/T 645 frame, one codec for both directions.
 *
 *   frame   := 68H address 68H control length payload checksum 16H
 *   address := 6 bytes, low byte first; packed BCD, or AAH as a wildcard byte
 *   control := 1 byte: D7 from the slave, D6 abnormal, D5 more follows, D4-D0 function
 *   length  := 1 byte: bytes of payload
 *   payload := length bytes, each sent with 33H added (modulo 256)
 *   checksum:= sum modulo 256 from the first 68H up to the byte before it, as sent
 *
 * FEH bytes may precede a frame; they belong neither to it nor to its checksum.
 * DL/T 645-2007 clause 5.2, 5.3.1; wire bytes are never changed in place.
 */
import { byteAt } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';

export const START = 0x68;
export const END = 0x16;
export const WAKE_UP = 0xfe;
const OFFSET = 0x33;

/** Bytes of a frame without its payload. */
export const FRAME_OVERHEAD = 12;
/** Index of the length byte. */
export const LENGTH_AT = 9;
/** Four wake-up bytes before a request, as DL/T 645-2007 clause 5.3.1 recommends. */
export const REQUEST_PREAMBLE = 4;

const FROM_SLAVE = 0x80;
const ABNORMAL = 0x40;
const MORE_FOLLOWS = 0x20;
const FUNCTION_MASK = 0x1f;

export interface Dlt645Frame {
  /** As printed, high digit first, 12 hex digits. */
  readonly address: string;
  readonly control: number;
  /** The payload with 33H taken off again. */
  readonly payload: Uint8Array;
}

export const isResponse = ({ control }: Dlt645Frame) => (control & FROM_SLAVE) !== 0;
export const isAbnormal = ({ control }: Dlt645Frame) => (control & ABNORMAL) !== 0;
export const hasMore = ({ control }: Dlt645Frame) => (control & MORE_FOLLOWS) !== 0;
export const functionOf = ({ control }: Dlt645Frame) => control & FUNCTION_MASK;

/** A plain loop: it runs over every byte of noise many times. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += bytes[at] ?? 0;
  return sum & 0xff;
}

/** True for the bytes of a frame by their end and checksum; the cheap way to pass over noise. */
export function isClosed(bytes: Uint8Array): boolean {
  return bytes.at(-1) === END && bytes.at(-2) === checksum(bytes.subarray(0, -2));
}

/** `"123456789012"` to the six wire bytes 12 90 78 56 34 12, and back by {@link addressText}. */
function addressBytes(address: string): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, index) =>
    Number.parseInt(address.slice(10 - index * 2, 12 - index * 2), 16),
  );
}

function addressText(wire: Uint8Array): string {
  return hexReversed(wire);
}

const HEX = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0').toUpperCase(),
);

/** Bytes low byte first as hex, high byte first: how identifiers, addresses and BCD read. */
export function hexReversed(bytes: Uint8Array): string {
  let text = '';
  for (let at = bytes.length - 1; at >= 0; at--) text += HEX[bytes[at] ?? 0];
  return text;
}

/** The frame alone; the caller decides about wake-up bytes. */
export function encodeFrame({ address, control, payload }: Dlt645Frame): Uint8Array {
  const frame = new Uint8Array(FRAME_OVERHEAD + payload.length);
  frame[0] = START;
  frame.set(addressBytes(address), 1);
  frame[7] = START;
  frame[8] = control;
  frame[LENGTH_AT] = payload.length;
  frame.set(
    payload.map((byte) => byte + OFFSET),
    10,
  );
  frame[frame.length - 2] = checksum(frame.subarray(0, -2));
  frame[frame.length - 1] = END;
  return frame;
}

/**
 * Parses exactly one frame without wake-up bytes. Throws FRAME_MALFORMED (no 68H where it must
 * stand, no 16H at the end), FRAME_LENGTH or FRAME_CHECKSUM.
 */
export function parseFrame(bytes: Uint8Array): Dlt645Frame {
  if (byteAt(bytes, 0) !== START || byteAt(bytes, 7) !== START) {
    throw new AmrError('FRAME_MALFORMED', 'no 68H at the start or after the address');
  }
  const end = FRAME_OVERHEAD + byteAt(bytes, LENGTH_AT);
  if (bytes.length !== end) {
    throw new AmrError('FRAME_LENGTH', `frame of ${end} bytes announced, ${bytes.length} there`);
  }
  const wanted = checksum(bytes.subarray(0, end - 2));
  if (byteAt(bytes, end - 2) !== wanted) {
    throw new AmrError('FRAME_CHECKSUM', 'the checksum does not match the bytes');
  }
  if (byteAt(bytes, end - 1) !== END) {
    throw new AmrError('FRAME_MALFORMED', 'no 16H at the end');
  }
  return {
    address: addressText(bytes.subarray(1, 7)),
    control: byteAt(bytes, 8),
    payload: bytes.slice(10, end - 2).map((byte) => byte - OFFSET),
  };
}
