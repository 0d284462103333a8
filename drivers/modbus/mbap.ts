/**
 * The frame of Modbus TCP: the MBAP header and the PDU.
 *
 *   frame       := transaction protocol length unit PDU
 *   transaction := 2 bytes, high byte first: the answer repeats that of its request
 *   protocol    := 0000H
 *   length      := 2 bytes, high byte first: bytes behind it, 2..254
 *   unit        := 1 byte: 0..255; the meter behind a gateway
 *   PDU         := 1..253 bytes, see pdu.ts
 *
 * Modbus Messaging on TCP/IP Implementation Guide V1.0b clause 3.1.3.
 */
import { LONGEST_PDU } from './pdu.ts';

export interface MbapFrame {
  /** 0..65535. */
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
}

/** Bytes of a frame without its PDU. */
export const MBAP_OVERHEAD = 7;
/** Bytes of the header that `length` does not count. */
export const UNCOUNTED = 6;
export const SHORTEST_LENGTH = 2;
export const LONGEST_LENGTH = LONGEST_PDU + 1;

/** The bytes of a frame. */
export function encodeMbap({ transaction, unit, pdu }: MbapFrame): Uint8Array {
  const frame = new Uint8Array(MBAP_OVERHEAD + pdu.length);
  const length = pdu.length + 1;
  frame.set([transaction >> 8, transaction & 0xff, 0, 0, length >> 8, length & 0xff, unit]);
  frame.set(pdu, MBAP_OVERHEAD);
  return frame;
}
