/**
 * Finds RTU frames in bytes of which nothing is known: requests and answers of any unit. A frame
 * may begin with every byte and look like either of the two; its check decides. What begins first
 * is taken, so that a frame inside the content of another is none. Every byte begins two
 * candidates at most, each of which is checked over at most 256 bytes.
 */
import type { Framer } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { layoutsOf } from './functions.ts';
import { frameLength, isClosed, LONGEST_RTU, parseRtu, type RtuFrame } from './rtu.ts';

/** A frame and where it stands in the bytes given. */
export interface Found {
  readonly frame: RtuFrame;
  readonly start: number;
  /** First byte behind it. */
  readonly end: number;
}

/**
 * The length of the good frame that begins these bytes, 0 where none does, `null` while it may. Of
 * two the shorter: a frame with a zero byte behind it has a good check, too.
 */
function goodLength(bytes: Uint8Array): number | null {
  if (bytes.length < 2) return null;
  let good = 0;
  let isOpen = false;
  for (const layout of layoutsOf(bytes[1])) {
    const length = frameLength(bytes, layout);
    if (length === null) isOpen = true;
    else if (isClosed(bytes.subarray(0, length)) && (good === 0 || length < good)) good = length;
  }
  return good === 0 && isOpen ? null : good;
}

/**
 * Good frames in order. `rest` is where an unfinished one may begin, the end of the bytes where
 * `areAll` says that nothing will follow.
 */
export function sniff(bytes: Uint8Array, areAll: boolean): { found: Found[]; rest: number } {
  const found: Found[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = goodLength(bytes.subarray(at, at + LONGEST_RTU));
    if (length === null && !areAll) break;
    if (length !== null && length > 0) {
      const end = at + length;
      found.push({ frame: parseRtu(bytes.subarray(at, end)), start: at, end });
      at = end;
    } else at += 1;
  }
  return { found, rest: at };
}

/** Frames of requests and answers alike; those behind noise may come up to 256 bytes late. */
export function createSniffFramer(): Framer<RtuFrame> {
  let pending: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const { found, rest } = sniff(pending, false);
      pending = pending.slice(rest);
      return found.map(({ frame }) => frame);
    },
  };
}
