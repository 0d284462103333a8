/**
 * Frames that noise has made. The checksum is one byte: of all broken frames that keep their
 * length it lets one in 256 pass, and no master can tell those from sound ones.
 */

const START = 0x68;
const END = 0x16;

/** The payload without 33H in hex, where a frame begins at `start` that is whole by its checksum. */
function payloadAt(bytes: Uint8Array, start: number): string | null {
  if (bytes[start] !== START || bytes[start + 7] !== START) return null;
  const end = start + 10 + (bytes[start + 9] ?? bytes.length);
  if (bytes[end + 1] !== END) return null;
  let sum = 0;
  for (let at = start; at < end; at++) sum += bytes[at] ?? 0;
  if ((sum & 0xff) !== bytes[end]) return null;
  return Buffer.from(bytes.subarray(start + 10, end).map((byte) => byte - 0x33)).toString('hex');
}

const REMEMBERED = 32;

export interface ChanceFrames {
  /** Takes bytes in which something is broken, and the sound frames that they were made of. */
  note(bytes: Uint8Array, sound: readonly Uint8Array[]): void;
  /**
   * True where one of the latest frames closed by chance holds these bytes, given in hex; a single
   * byte must be all that it holds. `since` is a count of old: frames noted before do not matter.
   */
  hold(hex: string, since?: number): boolean;
  readonly count: number;
}

export function createChanceFrames(): ChanceFrames {
  const latest: { payload: string; number: number }[] = [];
  let count = 0;
  return {
    note(bytes, sound) {
      for (let start = bytes.indexOf(START); start >= 0; start = bytes.indexOf(START, start + 1)) {
        const payload = payloadAt(bytes, start);
        if (payload === null) continue;
        const rest = Buffer.from(bytes.buffer, bytes.byteOffset + start);
        if (sound.some((frame) => rest.indexOf(frame) === 0)) continue;
        count += 1;
        latest.push({ payload, number: count });
        if (latest.length > REMEMBERED) latest.shift();
      }
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
