/**
 * Finds frames in a byte stream, driven by the length byte alone: FEH, 68H and 16H may all occur
 * inside a payload. What fails is given up one byte at a time, so that a frame right behind
 * noise, or inside what looked like a longer frame, is still found.
 */
import type { Framer } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';
import { type Dlt645Frame, FRAME_OVERHEAD, LENGTH_AT, parseFrame, START } from './frame.ts';

/** A place in the stream: a frame, or bytes that begin like one and are none. */
export interface Found {
  readonly frame: Dlt645Frame | null;
  /** Why there is no frame. */
  readonly error: AmrError | null;
  /** Where the first 68H stands in the bytes given. */
  readonly start: number;
  /** First byte behind it. */
  readonly end: number;
}

/** What may stand at `start`: a frame, nothing, or `null` while more bytes could make it one. */
function frameAt(bytes: Uint8Array, start: number): Found | 'none' | null {
  const second = bytes[start + 7];
  if (second !== undefined && second !== START) return 'none';
  const length = bytes[start + LENGTH_AT];
  if (length === undefined) return null;
  const end = start + FRAME_OVERHEAD + length;
  if (bytes.length < end) return null;
  try {
    return { frame: parseFrame(bytes.subarray(start, end)), error: null, start, end };
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    return { frame: null, error: thrown, start, end };
  }
}

/** Frames and broken frames from `from` on; `rest` is where an unfinished frame may begin. */
export function scan(bytes: Uint8Array, from = 0): { found: Found[]; rest: number } {
  const found: Found[] = [];
  let at = from;
  let rest: number | null = null;
  while (at < bytes.length) {
    const place = bytes[at] === START ? frameAt(bytes, at) : 'none';
    if (place === null) rest ??= at;
    if (place !== null && place !== 'none') found.push(place);
    if (place !== null && place !== 'none' && place.frame !== null) {
      at = place.end;
      rest = null;
    } else {
      at += 1;
    }
  }
  return { found, rest: rest ?? bytes.length };
}

/** Whole frames only; what is broken is passed over. */
export function createFramer(): Framer<Dlt645Frame> {
  let pending: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const { found, rest } = scan(pending);
      pending = pending.slice(rest);
      return found.flatMap(({ frame }) => (frame === null ? [] : [frame]));
    },
  };
}
