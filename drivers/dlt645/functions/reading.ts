/**
 * The functions that read. DL/T 645-2007 clauses 7.1, 7.2 and 7.4; all payloads without 33H.
 *
 *   read request      11H := DI0..DI3 [N [mm hh DD MM YY]]
 *   read answer       91H := DI0..DI3 content           B1H where more frames follow
 *   follow-up request 12H := DI0..DI3 SEQ               SEQ 1..255, one more each time
 *   follow-up answer  92H := DI0..DI3 content SEQ       B2H where more frames follow
 *   address request   13H := nothing, sent to AA six times
 *   address answer    93H := A0..A5
 *
 * N, the number of load records wanted, and the time they begin at are for load records alone.
 */
import { byteAt, concatBytes } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { pack, type Shown, show, type TimeFormat } from '../format.ts';
import { digitBytes, digitsAt, wantAtLeast, wantLength } from './payload.ts';

const FROM: TimeFormat = { kind: 'time', layout: 'YYMMDDhhmm' };
/** BCD and binary agree up to here; which of the two N is, no source settles. */
const MOST_RECORDS = 9;
const LAST_SEQUENCE = 255;

/** Which load records are wanted; without it the plain form is sent. */
export interface ReadForm {
  /** 1 to 9; 1 where only `from` is given. */
  readonly count?: number;
  /** The meter's wall time of the first record, `YYYY-MM-DD HH:mm`. */
  readonly from?: string;
}

export interface ReadRequest {
  readonly di: string;
  /** The two digits of N as they stand, `null` in the plain form. */
  readonly count: string | null;
  /** `YYYY-MM-DD HH:mm`; `null` where absent or no time. */
  readonly from: string | null;
}

/** The time from which load records are wanted, or why it is none; `null` where absent. */
export const showFrom = (payload: Uint8Array): Shown | null =>
  payload.length === 10 ? show(payload.subarray(5), FROM) : null;

/** Throws DATA_INVALID for a count beyond 1 to 9, and for a time that is none. */
export function encodeReadRequest(di: string, { count, from }: ReadForm = {}): Uint8Array {
  const identifier = digitBytes(di, 4);
  if (count === undefined && from === undefined) return identifier;
  const number = count ?? 1;
  if (!Number.isInteger(number) || number < 1 || number > MOST_RECORDS) {
    throw new AmrError('DATA_INVALID', `1 to ${MOST_RECORDS} load records, not ${number}`);
  }
  const time = from === undefined ? new Uint8Array(0) : pack(from, FROM);
  if (from !== undefined && show(time, FROM).value === null) {
    throw new AmrError('DATA_INVALID', `"${from}" is no time`);
  }
  return concatBytes(identifier, Uint8Array.of(number), time);
}

export function parseReadRequest(payload: Uint8Array): ReadRequest {
  wantLength(payload, 4, 5, 10);
  const time = showFrom(payload)?.value;
  return {
    di: digitsAt(payload, 0, 4),
    count: payload.length === 4 ? null : digitsAt(payload, 4, 5),
    from: typeof time === 'string' ? time : null,
  };
}

export interface FollowUp {
  readonly di: string;
  readonly sequence: number;
}

export interface FollowUpAnswer extends FollowUp {
  readonly content: Uint8Array;
}

/** Throws DATA_INVALID for a sequence number beyond 1 to 255. */
export function encodeFollowUpRequest({ di, sequence }: FollowUp): Uint8Array {
  if (sequence < 1 || sequence > LAST_SEQUENCE) {
    throw new AmrError('DATA_INVALID', `no sequence number: ${sequence}`);
  }
  return concatBytes(digitBytes(di, 4), Uint8Array.of(sequence));
}

export function parseFollowUpRequest(payload: Uint8Array): FollowUp {
  wantLength(payload, 5);
  return { di: digitsAt(payload, 0, 4), sequence: byteAt(payload, 4) };
}

export function encodeFollowUpAnswer({ di, sequence, content }: FollowUpAnswer): Uint8Array {
  return concatBytes(digitBytes(di, 4), content, Uint8Array.of(sequence));
}

export function parseFollowUpAnswer(payload: Uint8Array): FollowUpAnswer {
  wantAtLeast(payload, 5);
  return {
    di: digitsAt(payload, 0, 4),
    content: payload.subarray(4, -1),
    sequence: byteAt(payload, payload.length - 1),
  };
}

/** The payload of 93H and of 15H: an address as printed, 12 hex digits. */
export function encodeAddress(address: string): Uint8Array {
  return digitBytes(address, 6);
}

export function parseAddress(payload: Uint8Array): string {
  wantLength(payload, 6);
  return digitsAt(payload, 0, 6);
}
