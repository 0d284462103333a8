/**
 * Finds frames in a byte stream, driven by the length byte alone: FEH, 68H and 16H may all occur
 * inside a payload. What fails is given up one byte at a time, so that a frame right behind
 * noise, or inside what looked like a longer frame, is still found.
 */
import type { Framer } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import {
  type Dlt645Frame,
  FRAME_OVERHEAD,
  isClosed,
  LENGTH_AT,
  parseFrame,
  START,
} from './frame.ts';

interface Span {
  /** Of the first 68H. */
  readonly start: number;
  /** First byte behind it. */
  readonly end: number;
}

/** A frame and where it stands in the bytes given. */
export interface Found extends Span {
  readonly frame: Dlt645Frame;
}

export interface Scanned {
  readonly found: readonly Found[];
  /**
   * Start and end, in turn, of bytes that begin like a frame and are none. Plain numbers: noise
   * can begin one with every byte.
   */
  readonly broken: readonly number[];
  /** Where an unfinished frame may begin; behind the last byte where none does. */
  readonly rest: number;
}

/** The end of what begins like a frame at `start`, -1 where nothing does, `null` while it may. */
function endOfFrame(bytes: Uint8Array, start: number): number | null {
  if (bytes[start] !== START) return -1;
  const second = bytes[start + 7];
  if (second !== undefined && second !== START) return -1;
  const length = bytes[start + LENGTH_AT];
  if (length === undefined) return null;
  const end = start + FRAME_OVERHEAD + length;
  return bytes.length < end ? null : end;
}

/** The end of the frame at `start`, `null` where there is none or not yet. */
function closedAt(bytes: Uint8Array, start: number): number | null {
  const end = endOfFrame(bytes, start);
  return end !== null && end > 0 && isClosed(bytes.subarray(start, end)) ? end : null;
}

/**
 * The frame that is whole first. Noise may close by chance around good frames; and bytes that come
 * one by one must give the same frames as all at once.
 */
function firstClosed(bytes: Uint8Array, outer: Span): Span {
  let first = outer;
  for (let start = outer.start + 1; start + FRAME_OVERHEAD < first.end; start++) {
    const end = closedAt(bytes, start);
    if (end !== null && end < first.end) first = { start, end };
  }
  return first;
}

/** Frames and broken frames in order. */
export function scan(bytes: Uint8Array): Scanned {
  const found: Found[] = [];
  const broken: number[] = [];
  let rest: number | null = null;
  let start = 0;
  while (start < bytes.length) {
    const end = endOfFrame(bytes, start);
    if (end !== null && end > 0 && isClosed(bytes.subarray(start, end))) {
      const span = firstClosed(bytes, { start, end });
      found.push({ frame: parseFrame(bytes.subarray(span.start, span.end)), ...span });
      rest = null;
      start = span.end;
    } else {
      if (end === null) rest ??= start;
      else if (end > 0) broken.push(start, end);
      start += 1;
    }
  }
  return { found, broken, rest: rest ?? bytes.length };
}

/** Whole frames only; what is broken is passed over. */
export function createFramer(): Framer<Dlt645Frame> {
  let pending: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const { found, rest } = scan(pending);
      pending = pending.slice(rest);
      return found.map(({ frame }) => frame);
    },
  };
}
