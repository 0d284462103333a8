/** Any bytes to what `amr decode` prints: good frames with their values, broken ones with the reason. */
import { formatDecimal } from '../../src/core/decimal.ts';
import type { DecodedFrame, DecodedValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import {
  type Dlt645Frame,
  functionOf,
  hasMore,
  hexReversed,
  isAbnormal,
  isResponse,
  WAKE_UP,
} from './frame.ts';
import { type Found, scan } from './framer.ts';
import { ITEMS } from './items.ts';
import { decodeItem, type FieldValue } from './values.ts';

export const PROTOCOL = 'dlt645-2007';
export const READ = 0x11;
const READ_FOLLOW_UP = 0x12;
const WRITE = 0x14;
const SECURITY = 0x03;

/** Functions whose payload begins with an identifier. */
const WITH_IDENTIFIER: readonly number[] = [READ, READ_FOLLOW_UP, WRITE];

/** Function codes, DL/T 645-2007 clause 7; 03H and 1CH are later additions. */
const FUNCTION_NAMES: Readonly<Record<number, string>> = {
  [SECURITY]: 'security',
  8: 'broadcast-time',
  [READ]: 'read',
  [READ_FOLLOW_UP]: 'read-follow-up',
  19: 'read-address',
  [WRITE]: 'write',
  21: 'write-address',
  22: 'freeze',
  23: 'change-baud',
  24: 'change-password',
  25: 'clear-demand',
  26: 'clear-meter',
  27: 'clear-events',
  28: 'relay-control',
  29: 'output-port',
};

/** Bits of the error byte, lowest first, DL/T 645-2007 annex C. */
const ERROR_BITS = [
  'other error',
  'no data',
  'password wrong or not authorised',
  'baud rate cannot change',
  'too many year zones',
  'too many day periods',
  'too many tariffs',
  'reserved bit 7',
] as const;

/** Bits of the two-byte error word of function 03H, as meters have them; in no clause. */
const SECURITY_ERROR_BITS = [
  'other error',
  'recharged twice',
  'security module check failed',
  'identity authentication failed',
  'customer number does not match',
  'recharge count wrong',
  'bought too much',
  'reserved bit 7',
  'remote security locked',
] as const;

/** The meter's error byte in words: `0x06` is "no data, password wrong or not authorised". */
export function errorMeaning(err: number, bits: readonly string[] = ERROR_BITS): string {
  const names = bits.filter((_, bit) => (err & (1 << bit)) !== 0);
  return names.length === 0 ? 'no error bit set' : names.join(', ');
}

export const hexByte = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();

/** The identifier in the payload of a reading or writing function, `null` where there is none. */
export function identifierOf(frame: Dlt645Frame): string | null {
  if (!WITH_IDENTIFIER.includes(functionOf(frame)) || isAbnormal(frame)) return null;
  if (frame.payload.length < 4) return null;
  return hexReversed(frame.payload.subarray(0, 4));
}

function toDecodedValue({ field, value }: FieldValue): DecodedValue {
  const { register, name, unit } = field;
  const text = typeof value === 'string' || value === null ? value : formatDecimal(value);
  return { obis: register?.obis ?? null, name, value: text, unit };
}

function valuesOf(frame: Dlt645Frame, di: string | null): DecodedValue[] {
  const item = di === null ? undefined : ITEMS.get(di);
  const isAnswer = isResponse(frame) && functionOf(frame) === READ && !hasMore(frame);
  if (item === undefined || !isAnswer) return [];
  return decodeItem(item, frame.payload.subarray(4)).map(toDecodedValue);
}

function exceptionOf(frame: Dlt645Frame): DecodedFrame['error'] {
  if (!isAbnormal(frame)) return null;
  const isSecurity = functionOf(frame) === SECURITY;
  const word = hexReversed(frame.payload.subarray(0, isSecurity ? 2 : 1));
  if (word === '') return { code: 'METER_EXCEPTION', meaning: 'no error byte' };
  const bits = isSecurity ? SECURITY_ERROR_BITS : ERROR_BITS;
  const meaning = errorMeaning(Number.parseInt(word, 16), bits);
  return { code: 'METER_EXCEPTION', err: `0x${word}`, meaning };
}

function describe(frame: Dlt645Frame, preamble: number): DecodedFrame {
  const di = identifierOf(frame);
  const head = {
    protocol: PROTOCOL,
    ok: true,
    direction: isResponse(frame) ? ('response' as const) : ('request' as const),
    preamble,
    address: frame.address,
    control: hexByte(frame.control),
    function: FUNCTION_NAMES[functionOf(frame)] ?? 'unknown',
    di,
    more: hasMore(frame),
  };
  try {
    return { ...head, error: exceptionOf(frame), values: valuesOf(frame, di) };
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    return { ...head, error: { code: thrown.code, meaning: thrown.message }, values: [] };
  }
}

function broken(error: { code: string; message: string }, preamble: number): DecodedFrame {
  return {
    protocol: PROTOCOL,
    ok: false,
    preamble,
    error: { code: error.code, meaning: error.message },
    values: [],
  };
}

function wakeUpsBefore(bytes: Uint8Array, start: number): number {
  let count = 0;
  while (bytes[start - count - 1] === WAKE_UP) count += 1;
  return count;
}

/**
 * Frames in order. A broken one is told of unless its bytes hold a good frame: then what looked
 * like its start was noise. Bytes that begin a frame and end too early are one broken frame more.
 */
export function decode(bytes: Uint8Array): DecodedFrame[] {
  const { found, rest } = scan(bytes);
  const good = found.filter(({ frame }) => frame !== null);
  const isNoise = ({ start, end }: Found) => good.some((one) => one.start < end && one.end > start);
  const frames: DecodedFrame[] = [];
  let told = 0;
  for (const place of found) {
    const preamble = wakeUpsBefore(bytes, place.start);
    if (place.frame !== null) frames.push(describe(place.frame, preamble));
    else if (place.error !== null && place.start >= told && !isNoise(place)) {
      frames.push(broken(place.error, preamble));
    } else continue;
    told = place.end;
  }
  if (rest < bytes.length && rest >= told) {
    const message = `the bytes end before the frame does: ${bytes.length - rest} there`;
    frames.push(broken({ code: 'FRAME_LENGTH', message }, wakeUpsBefore(bytes, rest)));
  }
  if (frames.length > 0 || bytes.length === 0) return frames;
  return [broken({ code: 'FRAME_MALFORMED', message: 'no frame begins in these bytes' }, 0)];
}
