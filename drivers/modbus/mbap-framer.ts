/**
 * Cuts a Modbus TCP connection into frames. Nothing in the stream marks the beginning of a frame,
 * so behind a wrong header (an HTTP answer, a serial server that passes RTU on) every byte is in
 * doubt: the framer keeps what was wrong and takes nothing after it. Whoever waits for an answer
 * fails; the connection must be made anew, with a new framer.
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

export interface MbapFramer extends Framer<MbapFrame> {
  readonly isBroken: boolean;
  /**
   * What ended the stream, `null` while it goes on. FRAME_MALFORMED: another protocol;
   * FRAME_LENGTH: a length that no frame has.
   */
  readonly fault: AmrError | null;
}

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
function firstIn(bytes: Uint8Array): MbapFrame | null {
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
export function createMbapFramer(): MbapFramer {
  let pending: Uint8Array = EMPTY;

  /** The next whole frame of `pending`, taken off. */
  function next(): MbapFrame | null {
    framer.fault = faultOf(pending);
    framer.isBroken = framer.fault !== null;
    const frame = framer.isBroken ? null : firstIn(pending);
    if (frame === null) return null;
    const length = MBAP_OVERHEAD + frame.pdu.length;
    pending = pending.length === length ? EMPTY : pending.subarray(length);
    return frame;
  }

  // Plain fields: one is made for every request, and accessors are dear to make.
  const framer: { -readonly [Key in keyof MbapFramer]: MbapFramer[Key] } = {
    fault: null,
    isBroken: false,
    push(bytes) {
      const frames: MbapFrame[] = [];
      if (framer.isBroken) return frames;
      pending = pending.length === 0 ? bytes : concatBytes(pending, bytes);
      for (let frame = next(); frame !== null; frame = next()) frames.push(frame);
      pending = framer.isBroken || pending.length === 0 ? EMPTY : pending.slice();
      return frames;
    },
  };
  return framer;
}
