/**
 * Packed BCD, low byte first. DL/T 645-2007 clause 5.3.2; sign rule of annex A: where an item is
 * signed, the top bit of its most significant byte is the sign and the rest the magnitude.
 */
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../src/core/driver.ts';
import { hexReversed } from './frame.ts';

export interface NumberFormat {
  readonly bytes: number;
  readonly decimals: number;
  readonly signed: boolean;
}

export interface ShownNumber {
  /** `null` where the digits are no number. */
  readonly value: Decimal | null;
  readonly flags: readonly string[];
}

const SIGN = 0x80;

/** The number in exactly `format.bytes` bytes. All FFH means that the meter has no value. */
export function decodeNumber(bytes: Uint8Array, format: NumberFormat): ShownNumber {
  if (bytes.every((byte) => byte === 0xff)) return { value: null, flags: [FLAG_ABSENT] };
  const magnitude = bytes.slice();
  const top = magnitude[magnitude.length - 1] ?? 0;
  const isNegative = format.signed && (top & SIGN) !== 0;
  if (isNegative) magnitude[magnitude.length - 1] = top & ~SIGN;
  const digits = hexReversed(magnitude);
  if (!/^\d+$/.test(digits)) return { value: null, flags: [FLAG_INVALID] };
  const coefficient = BigInt(digits);
  return { value: decimal(isNegative ? -coefficient : coefficient, format.decimals), flags: [] };
}

/** YYMMDDhhmm in five bytes as `YYYY-MM-DDTHH:mm:ss`; `null` for no date at all. */
export function decodeTime(bytes: Uint8Array): string | null {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(hexReversed(bytes));
  if (match === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = ''] = match;
  const text = `20${year}-${month}-${day}T${hour}:${minute}:00`;
  const parsed = new Date(`${text}Z`);
  const isReal = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
  return isReal ? text : null;
}
