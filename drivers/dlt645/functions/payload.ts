/** What the payloads of all functions are cut with. */
import { AmrError } from '../../../src/core/errors.ts';
import { pack } from '../format.ts';
import { hexReversed } from '../frame.ts';

/** Throws FRAME_LENGTH unless the payload has one of these lengths. */
export function wantLength(payload: Uint8Array, ...lengths: readonly number[]): void {
  if (lengths.includes(payload.length)) return;
  throw new AmrError(
    'FRAME_LENGTH',
    `a payload of ${lengths.join(' or ')} bytes wanted, ${payload.length} there`,
  );
}

/** Throws FRAME_LENGTH where the payload is shorter. */
export function wantAtLeast(payload: Uint8Array, length: number): void {
  if (payload.length >= length) return;
  throw new AmrError(
    'FRAME_LENGTH',
    `a payload of at least ${length} bytes wanted, ${payload.length} there`,
  );
}

/** Bytes `from` to `to` as digits, high byte first. */
export const digitsAt = (payload: Uint8Array, from: number, to: number) =>
  hexReversed(payload.subarray(from, to));

/** The inverse: digits as so many bytes, low byte first. Throws DATA_INVALID. */
export function digitBytes(digits: string, bytes: number): Uint8Array {
  if (!/^[0-9A-F]+$/i.test(digits)) {
    throw new AmrError('DATA_INVALID', `"${digits}" is made of no hex digits`);
  }
  return pack(digits, { kind: 'digits', bytes });
}

/** Lower-case hex in the order on the wire: what nobody can read further. */
export const rawHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** `0x`-less upper-case hex of one byte. */
export const hexByte = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();
