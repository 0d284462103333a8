/** Two-wire adapters may hear themselves: the request then comes back before the answer. */
import { concatBytes } from '../core/bytes.ts';

export interface EchoStripper {
  /** The bytes that are no echo. What could still become one is held back. */
  strip(bytes: Uint8Array): Uint8Array;
  readonly isComplete: boolean;
}

/** Strips one exact copy of the request from the beginning of what comes. */
export function createEchoStripper(request: Uint8Array): EchoStripper {
  let held: Uint8Array = new Uint8Array(0);
  let state: 'comparing' | 'complete' | 'none' = 'comparing';
  return {
    strip(bytes) {
      if (state !== 'comparing') return bytes;
      held = concatBytes(held, bytes);
      const compared = Math.min(held.length, request.length);
      const isSame = held.subarray(0, compared).every((byte, index) => byte === request[index]);
      if (isSame && held.length < request.length) return new Uint8Array(0);
      state = isSame ? 'complete' : 'none';
      return isSame ? held.slice(request.length) : held;
    },
    get isComplete() {
      return state === 'complete';
    },
  };
}
