/** A made-up protocol whose answers carry the number of their request, for connections. */
import type { Exchange, Framer } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';

/** A request is AA number; an answer AA number value. Anything else at its place breaks the stream. */
const MARK = 0xaa;

export interface NumberedFrame {
  readonly number: number;
  readonly value: number;
}

export const requestOf = (number: number) => Uint8Array.of(MARK, number);
export const answerOf = (number: number, value = 0) => Uint8Array.of(MARK, number, value);

export function createNumberedFramer(): Framer<NumberedFrame> & { readonly isBroken: boolean } {
  let pending: Uint8Array = new Uint8Array(0);
  let isBroken = false;
  return {
    get isBroken() {
      return isBroken;
    },
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const frames: NumberedFrame[] = [];
      while (!isBroken && pending.length > 0) {
        const [mark, number, value] = pending;
        isBroken = mark !== MARK;
        if (isBroken || number === undefined || value === undefined) break;
        frames.push({ number, value });
        pending = pending.slice(3);
      }
      return frames;
    },
  };
}

export const numberedExchange = (number: number): Exchange<NumberedFrame> => ({
  request: requestOf(number),
  framer: createNumberedFramer(),
  match: (frame) => frame.number === number,
  firstByteMs: 500,
  idleMs: 0,
  quietMs: 0,
  priority: 'curve',
  signal: new AbortController().signal,
});
