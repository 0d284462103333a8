/** Formats as annex A writes them. */
import type { Format, TimeFormat, TimeLayout } from '../format.ts';

type Sign = 'signed' | 'unsigned';

/** `XXXXXX.XX` and the like: two digits a byte. */
export function number(digits: string, sign: Sign = 'unsigned'): Format {
  const [whole = '', fraction = ''] = digits.split('.');
  return {
    kind: 'number',
    bytes: (whole.length + fraction.length) / 2,
    decimals: fraction.length,
    signed: sign === 'signed',
  };
}

export const time = (layout: TimeLayout): TimeFormat => ({ kind: 'time', layout });
export const digits = (bytes: number): Format => ({ kind: 'digits', bytes });
export const text = (bytes: number): Format => ({ kind: 'text', bytes });
export const bits = (bytes: number): Format => ({ kind: 'bits', bytes });

export const ENERGY = number('XXXXXX.XX');
export const SIGNED_ENERGY = number('XXXXXX.XX', 'signed');
export const DEMAND = number('XX.XXXX');
export const SIGNED_DEMAND = number('XX.XXXX', 'signed');
export const VOLTAGE = number('XXX.X');
export const CURRENT = number('XXX.XXX', 'signed');
export const POWER = number('XX.XXXX', 'signed');
export const FACTOR = number('X.XXX', 'signed');
export const PERCENT = number('XX.XX');
export const COUNT = number('XXXXXX');
export const MINUTE = time('YYMMDDhhmm');
export const SECOND = time('YYMMDDhhmmss');
