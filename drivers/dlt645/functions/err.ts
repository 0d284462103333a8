/**
 * The meter's own word for why it refuses.
 *
 *   refusal  := control D6 set, payload ERR            2007 annex C; 1997 has other low bits
 *   security := control C3H, payload SERR low, high    as meters have it; in no clause
 */
import { type Dlt645Frame, functionOf, hexReversed } from '../frame.ts';
import { errorMeaning1997 } from '../v1997/errors.ts';
import { type Edition, SECURITY } from './codes.ts';

const BITS_2007 = [
  'other error',
  'no data',
  'password wrong or not authorised',
  'baud rate cannot change',
  'too many year zones',
  'too many day periods',
  'too many tariffs',
  'reserved bit 7',
] as const;

const SECURITY_BITS = [
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

function meaningOf(word: number, bits: readonly string[]): string {
  const names = bits.filter((_, bit) => (word & (1 << bit)) !== 0);
  return names.length === 0 ? 'no error bit set' : names.join(', ');
}

/** The error byte in words: `0x06` of 2007 is "no data, password wrong or not authorised". */
export function errorMeaning(err: number, edition: Edition = 'dlt645-2007'): string {
  return edition === 'dlt645-2007' ? meaningOf(err, BITS_2007) : errorMeaning1997(err);
}

/** What a refusal says; `err` is missing where the payload is no error word. */
export interface Refusal {
  readonly err?: string;
  readonly meaning: string;
}

export function refusalOf(frame: Dlt645Frame, edition: Edition): Refusal {
  const isSecurity = edition === 'dlt645-2007' && functionOf(frame) === SECURITY;
  const digits = hexReversed(frame.payload);
  if (digits === '') return { meaning: 'no error byte' };
  if (frame.payload.length !== (isSecurity ? 2 : 1)) {
    return { meaning: `no error word of the standard: 0x${digits}` };
  }
  const word = Number.parseInt(digits, 16);
  const meaning = isSecurity ? meaningOf(word, SECURITY_BITS) : errorMeaning(word, edition);
  return { err: `0x${digits}`, meaning };
}
