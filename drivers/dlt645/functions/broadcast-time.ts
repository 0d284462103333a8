/**
 * Setting the clocks of all meters of a line at once; nobody answers. DL/T 645-2007 clause 7.6,
 * the same in 1997.
 *
 *   request 08H := ss mm hh DD MM YY, sent to 99 six times
 */
import { AmrError } from '../../../src/core/errors.ts';
import { pack, type Shown, show, type TimeFormat } from '../format.ts';
import { wantLength } from './payload.ts';

const TIME: TimeFormat = { kind: 'time', layout: 'YYMMDDhhmmss' };

/** `time` is the wall time `YYYY-MM-DD HH:mm:ss` of 2000 to 2099. Throws DATA_INVALID. */
export function encodeBroadcastTime(time: string): Uint8Array {
  const payload = pack(time, TIME);
  if (show(payload, TIME).value === null) {
    throw new AmrError('DATA_INVALID', `"${time}" is no time`);
  }
  return payload;
}

/** `YYYY-MM-DD HH:mm:ss`; where the digits are no time, the flag and the bytes that say so. */
export function showBroadcastTime(payload: Uint8Array): Shown {
  wantLength(payload, 6);
  return show(payload, TIME);
}

/** `YYYY-MM-DD HH:mm:ss`, `null` where the digits are no time. */
export function parseBroadcastTime(payload: Uint8Array): string | null {
  const { value } = showBroadcastTime(payload);
  return typeof value === 'string' ? value : null;
}
