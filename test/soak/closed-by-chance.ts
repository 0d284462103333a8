/**
 * Frames that noise has made. The checksum is one byte: of all broken frames that keep their
 * length it lets one in 256 pass, and no master can tell those from sound ones.
 */
import { concatBytes } from '../../src/core/bytes.ts';

const START = 0x68;
const END = 0x16;
const LONGEST_FRAME = 267;

/** The end of a frame that begins at `start` and is whole by its checksum, -1 where none is. */
function endOfFrame(bytes: Uint8Array, start: number): number {
  if (bytes[start + 7] !== START) return -1;
  const sumAt = start + 10 + (bytes[start + 9] ?? bytes.length);
  if (bytes[sumAt + 1] !== END) return -1;
  let sum = 0;
  for (let at = start; at < sumAt; at++) sum += bytes[at] ?? 0;
  return (sum & 0xff) === bytes[sumAt] ? sumAt + 2 : -1;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const payloadOf = (frame: Uint8Array) => hexOf(frame.subarray(10, -2).map((byte) => byte - 0x33));

/** Frames that are remembered, sound ones and others. */
const REMEMBERED = 64;

export interface ChanceFrames {
  /** A sound frame that somebody sends. */
  sent(frame: Uint8Array): void;
  /** The next bytes on the line. */
  heard(bytes: Uint8Array): void;
  /**
   * True where one of the latest frames closed by chance holds these bytes, given in hex; a single
   * byte must be all that it holds. `since` is a count of old: frames made before do not matter.
   */
  hold(hex: string, since?: number): boolean;
  readonly count: number;
}

export function createChanceFrames(): ChanceFrames {
  const sound: string[] = [];
  const latest: { payload: string; number: number }[] = [];
  let tail: Uint8Array = new Uint8Array(0);
  let count = 0;

  function note(frame: Uint8Array): void {
    if (sound.includes(hexOf(frame))) return;
    count += 1;
    latest.push({ payload: payloadOf(frame), number: count });
    if (latest.length > REMEMBERED) latest.shift();
  }

  return {
    sent(frame) {
      sound.push(hexOf(frame));
      if (sound.length > REMEMBERED) sound.shift();
    },
    heard(bytes) {
      const stream = concatBytes(tail, bytes);
      for (let at = stream.indexOf(START); at >= 0; at = stream.indexOf(START, at + 1)) {
        const end = endOfFrame(stream, at);
        if (end > tail.length) note(stream.subarray(at, end));
      }
      tail = stream.slice(-LONGEST_FRAME);
    },
    hold: (hex, since = 0) =>
      latest.some(
        ({ payload, number }) =>
          number > since && (hex.length === 2 ? payload === hex : payload.includes(hex)),
      ),
    get count() {
      return count;
    },
  };
}
