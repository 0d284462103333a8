/**
 * Finds the answer to one request in what comes over the line. Where it may end is known from the
 * request: unit, function and byte count must be right before anything is waited for, and the CRC
 * is taken over exactly the bytes so delimited.
 *
 * - Bytes that begin an answer keep what is inside them from being taken for one, until they have
 *   turned out to be none; then the search goes on with their second byte.
 * - The request itself, sent back by a two-wire adapter, is passed over. What is the beginning of
 *   it waits for its end: the echo may otherwise look like an answer, and an answer that equals
 *   the request byte by byte cannot be told from it.
 * - Whatever else is there is searched for frames of other exchanges, which the caller counts.
 */
import type { Framer } from '../../src/core/bus.ts';
import { concatBytes, equalBytes } from '../../src/core/bytes.ts';
import { answerLayout } from './functions.ts';
import { encodeRtu, frameLength, isClosed, parseRtu, type RtuFrame } from './rtu.ts';
import { createSniffFramer } from './sniffer.ts';

export interface Expected {
  readonly unit: number;
  /** The PDU of the request. */
  readonly request: Uint8Array;
}

/** As {@link frameLength}, of the echo or of a good answer. */
function createLook({ unit, request }: Expected) {
  const echo = encodeRtu(unit, request);
  const layout = answerLayout(request);
  return (bytes: Uint8Array): number | null => {
    if (bytes[0] !== unit) return 0;
    const same = Math.min(bytes.length, echo.length);
    if (equalBytes(bytes.subarray(0, same), echo.subarray(0, same))) {
      return same === echo.length ? same : null;
    }
    const length = frameLength(bytes, layout);
    return length === null || isClosed(bytes.subarray(0, length)) ? length : 0;
  };
}

/**
 * Frames of the unit and function asked, exceptions included, and whole frames of others that
 * stand outside of them; none with a wrong check.
 */
export function createRtuFramer(expected: Expected): Framer<RtuFrame> {
  const look = createLook(expected);
  const echo = encodeRtu(expected.unit, expected.request);
  let others = createSniffFramer();
  let pending: Uint8Array = new Uint8Array(0);

  return {
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const frames: RtuFrame[] = [];
      let searched = 0;
      let at = 0;
      while (at < pending.length) {
        const length = look(pending.subarray(at));
        if (length === null) break;
        if (length === 0) {
          at += 1;
          continue;
        }
        const frame = pending.subarray(at, at + length);
        frames.push(...others.push(pending.subarray(searched, at)));
        others = createSniffFramer();
        if (!equalBytes(frame, echo)) frames.push(parseRtu(frame));
        at += length;
        searched = at;
      }
      frames.push(...others.push(pending.subarray(searched, at)));
      pending = pending.slice(at);
      return frames;
    },
  };
}
