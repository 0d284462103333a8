/**
 * How one value stands in the bytes of an answer, low byte first, 33H taken off. DL/T 645-2007
 * clause 5.3.2 and annex A; the 1997 edition packs its values the same way.
 *
 *   number := packed BCD; where signed, the top bit of the last byte is the sign
 *   time   := packed BCD pairs in the order of the layout, read from the last byte on
 *   digits := packed BCD or hex that is a name, not a number: addresses, identifiers, codes
 *   text   := ASCII, last character first, filled up with 00H
 *   bits   := binary, shown as 0x...
 *   raw    := bytes of no known form, shown in the order in which they came
 */
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { hexReversed } from './frame.ts';

export interface NumberFormat {
  readonly kind: 'number';
  readonly bytes: number;
  readonly decimals: number;
  readonly signed: boolean;
}

/** What the pairs of a time mean, highest first. WW is a weekday, 0 for Sunday. */
export type TimeLayout =
  | 'YYMMDDhhmmss'
  | 'YYMMDDhhmm'
  | 'YYMMDDWWhhmmss'
  | 'YYMMDDWW'
  | 'YYMMDD'
  | 'MMDDhhmm'
  | 'MMDD'
  | 'DDhh'
  | 'hhmmss'
  | 'hhmm';

export interface TimeFormat {
  readonly kind: 'time';
  readonly layout: TimeLayout;
}

export interface PlainFormat {
  readonly kind: 'digits' | 'text' | 'bits' | 'raw';
  readonly bytes: number;
}

export type Format = NumberFormat | TimeFormat | PlainFormat;

/** A value as the meter shows it. */
export interface Shown {
  /** `null` where the bytes hold no such value. */
  readonly value: Decimal | string | null;
  readonly flags: readonly string[];
  /** The bytes where they are no such value, lower-case hex in the order in which they came. */
  readonly raw?: string;
}

const SIGN = 0x80;
const ABSENT: Shown = { value: null, flags: [FLAG_ABSENT] };

const hexOf = (bytes: Uint8Array) => toHex(bytes).replaceAll(' ', '').toLowerCase();
const invalid = (bytes: Uint8Array): Shown => ({
  value: null,
  flags: [FLAG_INVALID],
  raw: hexOf(bytes),
});

export function widthOf(format: Format): number {
  return format.kind === 'time' ? format.layout.length / 2 : format.bytes;
}

function showNumber(bytes: Uint8Array, { decimals, signed }: NumberFormat): Shown {
  const magnitude = bytes.slice();
  const top = magnitude[magnitude.length - 1] ?? 0;
  const isNegative = signed && (top & SIGN) !== 0;
  if (isNegative) magnitude[magnitude.length - 1] = top & ~SIGN;
  const digits = hexReversed(magnitude);
  if (!/^\d+$/.test(digits)) return invalid(bytes);
  const coefficient = BigInt(digits);
  return { value: decimal(isNegative ? -coefficient : coefficient, decimals), flags: [] };
}

/** The pairs of the layout by their letters, such as `{ YY: '26', MM: '11', … }`. */
function pairsOf(digits: string, layout: TimeLayout): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (let at = 0; at < layout.length; at += 2) {
    pairs[layout.slice(at, at + 2)] = digits.slice(at, at + 2);
  }
  return pairs;
}

/** Days that no month has are no date; where the year is not shown, 29 February passes. */
function isDate({ YY, MM, DD }: Record<string, string>): boolean {
  if (MM === undefined || DD === undefined) return DD === undefined || (DD >= '01' && DD <= '31');
  const text = `${YY === undefined ? '2000' : `20${YY}`}-${MM}-${DD}`;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isClockTime({ hh = '00', mm = '00', ss = '00' }: Record<string, string>): boolean {
  return hh <= '23' && mm <= '59' && ss <= '59';
}

/**
 * `YYYY-MM-DD HH:mm:ss`, less what the layout lacks. A day of zeros means that it never happened,
 * one of nines that it is not set.
 */
function showTime(bytes: Uint8Array, { layout }: TimeFormat): Shown {
  const digits = hexReversed(bytes);
  if (!/^\d+$/.test(digits)) return invalid(bytes);
  if (layout.includes('DD') && /^(0+|9+)$/.test(digits)) return ABSENT;
  const pairs = pairsOf(digits, layout);
  if (!isDate(pairs) || !isClockTime(pairs)) return invalid(bytes);
  const { YY, MM, DD, WW, hh, mm, ss } = pairs;
  const date = [YY === undefined ? undefined : `20${YY}`, MM, DD].filter(
    (one) => one !== undefined,
  );
  const clock = [hh, mm, ss].filter((one) => one !== undefined);
  const weekday = WW === undefined ? [] : [`weekday ${Number(WW)}`];
  const text = [date.join('-'), ...weekday, clock.join(':')].filter((one) => one !== '').join(' ');
  return { value: text, flags: [] };
}

function showText(bytes: Uint8Array): Shown {
  const characters = bytes.toReversed().filter((byte) => byte !== 0);
  if (characters.some((byte) => byte < 0x20 || byte > 0x7e)) return invalid(bytes);
  return { value: String.fromCharCode(...characters).trim(), flags: [] };
}

/** The value in exactly the bytes of the format. All FFH means that the meter has none. */
export function show(bytes: Uint8Array, format: Format): Shown {
  const isBinary = format.kind === 'bits' || format.kind === 'raw';
  if (!isBinary && bytes.every((byte) => byte === 0xff)) return ABSENT;
  switch (format.kind) {
    case 'number':
      return showNumber(bytes, format);
    case 'time':
      return showTime(bytes, format);
    case 'text':
      return showText(bytes);
    case 'digits':
      return { value: hexReversed(bytes), flags: [] };
    case 'bits':
      return { value: `0x${hexReversed(bytes)}`, flags: [] };
    case 'raw':
      return { value: hexOf(bytes), flags: [] };
  }
}

function packHex(digits: string, bytes: number): Uint8Array {
  const full = digits.padStart(bytes * 2, '0');
  if (full.length !== bytes * 2) {
    throw new AmrError('DATA_INVALID', `"${digits}" does not fit ${bytes} bytes`);
  }
  return Uint8Array.from({ length: bytes }, (_, index) =>
    Number.parseInt(full.slice(full.length - 2 - index * 2, full.length - index * 2), 16),
  );
}

function packNumber({ coefficient, decimals }: Decimal, format: NumberFormat): Uint8Array {
  const isNegative = coefficient < 0n;
  if (decimals !== format.decimals || (isNegative && !format.signed)) {
    throw new AmrError('DATA_INVALID', 'the number does not have the form of the item');
  }
  const bytes = packHex(String(isNegative ? -coefficient : coefficient), format.bytes);
  const top = bytes.length - 1;
  if (format.signed && ((bytes[top] ?? 0) & SIGN) !== 0) {
    throw new AmrError('DATA_INVALID', 'the number is too large for a signed item');
  }
  if (isNegative) bytes[top] = (bytes[top] ?? 0) | SIGN;
  return bytes;
}

function packTime(text: string, { layout }: TimeFormat): Uint8Array {
  const digits = text.replace(/^20(?=\d\d-)/, '').replace(/\D/g, '');
  // A weekday is shown with one digit and sent with two.
  const spread = layout.includes('WW') ? `${digits.slice(0, 6)}0${digits.slice(6)}` : digits;
  return packHex(spread, layout.length / 2);
}

function packText(text: string, bytes: number): Uint8Array {
  const packed = new Uint8Array(bytes);
  packed.set(Uint8Array.from(text, (character) => character.charCodeAt(0)).toReversed());
  return packed;
}

/**
 * The inverse of {@link show}; `null` is sent as all FFH. Throws DATA_INVALID for what does not
 * fit the format.
 */
export function pack(value: Decimal | string | null, format: Format): Uint8Array {
  if (value === null) return new Uint8Array(widthOf(format)).fill(0xff);
  if (typeof value !== 'string') {
    if (format.kind === 'number') return packNumber(value, format);
    throw new AmrError('DATA_INVALID', 'a number where the item is none');
  }
  switch (format.kind) {
    case 'time':
      return packTime(value, format);
    case 'text':
      return packText(value, format.bytes);
    case 'digits':
      return packHex(value, format.bytes);
    case 'bits':
      return packHex(value.replace(/^0x/, ''), format.bytes);
    case 'raw':
      return fromHex(value);
    case 'number':
      throw new AmrError('DATA_INVALID', 'text where the item is a number');
  }
}
