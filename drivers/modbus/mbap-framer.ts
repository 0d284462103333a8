/**
 * Cuts a Modbus TCP connection into frames. Nothing in the stream marks the beginning of a frame,
 * so behind a wrong header (an HTTP answer, a serial server that passes RTU on) every byte is in
 * doubt: the framer says so once, as a frame, and takes nothing after it. Whoever waits for an
 * answer fails with what it says; the connection must be made anew, with a new framer.
 */
import type { Framer } from '../../src/core/bus.ts';
import { byteAt, concatBytes, toHex } from '../../src/core/bytes.ts';
import { AmrError, type ErrorCode } from '../../src/core/errors.ts';
import {
  LONGEST_LENGTH,
  MBAP_OVERHEAD,
  type MbapFrame,
  SHORTEST_LENGTH,
  UNCOUNTED,
} from './mbap.ts';
import { wordAt } from './pdu.ts';

/** The end of the stream: no frame follows. */
export interface MbapBroken {
  /** FRAME_MALFORMED: another protocol; FRAME_LENGTH: a length that no frame has. */
  readonly broken: AmrError;
}

export type MbapArrival = MbapFrame | MbapBroken;

const EMPTY = new Uint8Array(0);

/** What is wrong with the header, as far as it is there. */
function faultOf(bytes: Uint8Array): AmrError | null {
  const fault = (code: ErrorCode, message: string) =>
    new AmrError(code, message, { context: { bytes: toHex(bytes.subarray(0, MBAP_OVERHEAD)) } });
  if (bytes.length >= 4 && wordAt(bytes, 2) !== 0) {
    return fault('FRAME_MALFORMED', 'the bytes are no Modbus TCP');
  }
  if (bytes.length < UNCOUNTED) return null;
  const length = wordAt(bytes, 4);
  if (length >= SHORTEST_LENGTH && length <= LONGEST_LENGTH) return null;
  return fault('FRAME_LENGTH', `no Modbus TCP frame has a length of ${length}`);
}

/** What begins these bytes, `null` while it is not all there. */
function firstIn(bytes: Uint8Array): MbapArrival | null {
  const fault = faultOf(bytes);
  if (fault !== null) return { broken: fault };
  if (bytes.length < UNCOUNTED) return null;
  const end = UNCOUNTED + wordAt(bytes, 4);
  if (bytes.length < end) return null;
  return {
    transaction: wordAt(bytes, 0),
    unit: byteAt(bytes, UNCOUNTED),
    pdu: bytes.slice(MBAP_OVERHEAD, end),
  };
}

/** One serves a connection, whatever was asked over it. */
export function createMbapFramer(): Framer<MbapArrival> {
  let pending: Uint8Array = EMPTY;
  let isBroken = false;
  return {
    push(bytes) {
      const arrivals: MbapArrival[] = [];
      if (isBroken) return arrivals;
      let rest = concatBytes(pending, bytes);
      for (let next = firstIn(rest); next !== null; next = firstIn(rest)) {
        arrivals.push(next);
        isBroken = 'broken' in next;
        if ('broken' in next) break;
        rest = rest.subarray(MBAP_OVERHEAD + next.pdu.length);
      }
      pending = isBroken ? EMPTY : rest.slice();
      return arrivals;
    },
  };
}
