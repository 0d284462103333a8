/** The bytes on one pair of wires, each in its own span of time; no clock of its own. */
export interface WireByte {
  readonly start: number;
  readonly end: number;
  /** True where the masters hear it: from a meter, or an echo. */
  readonly isHeard: boolean;
  readonly value: number;
}

export interface Burst {
  /** When its first bit goes out. */
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly isHeard: boolean;
}

/** When to look again; `isExact` at the end of what the masters hear. */
export interface Wake {
  readonly at: number;
  readonly isExact: boolean;
}

export interface Wire {
  /** Puts a burst on the wires, returns when its last bit is out. */
  put(burst: Burst): number;
  /** Removes and returns what is complete at `now`, in order. */
  take(now: number): WireByte[];
  /** `null` while nothing is on the wires or about to be. */
  nextWake(now: number): Wake | null;
}

/** Bytes that are due wait for others at most this long, so that a fast line wakes seldom. */
const PIECE_MS = 4;
/** Two computed moments this near are one. */
const SAME_MS = 1e-6;

function overlaps(a: { start: number; end: number }, b: WireByte): boolean {
  return a.start < b.end - SAME_MS && b.start < a.end - SAME_MS;
}

/**
 * `byteMs` is what a byte takes. Two bytes that overlap melt: their bits are ANDed, as a driven 0
 * wins over an idle 1, and one byte remains.
 */
export function createWire(byteMs: number): Wire {
  let pending: WireByte[] = [];

  const put = ({ start, bytes, isHeard }: Burst): number => {
    const fresh: WireByte[] = [];
    for (const [index, value] of bytes.entries()) {
      const byte = { start: start + index * byteMs, end: start + (index + 1) * byteMs };
      let isAlone = true;
      pending = pending.map((other) => {
        if (!overlaps(byte, other)) return other;
        isAlone = false;
        return { ...other, value: other.value & value, isHeard: other.isHeard || isHeard };
      });
      if (isAlone) fresh.push({ ...byte, value, isHeard });
    }
    pending = [...pending, ...fresh].sort((a, b) => a.end - b.end);
    return start + bytes.length * byteMs;
  };

  const take = (now: number): WireByte[] => {
    const complete = pending.filter((byte) => byte.end <= now + SAME_MS);
    pending = pending.slice(complete.length);
    return complete;
  };

  const nextWake = (now: number): Wake | null => {
    const [first] = pending;
    if (first === undefined) return null;
    let last = first;
    for (const byte of pending) {
      if (byte.start > last.end + SAME_MS) break;
      last = byte;
    }
    const soon = Math.max(first.end, now + PIECE_MS);
    return soon < last.end ? { at: soon, isExact: false } : { at: last.end, isExact: last.isHeard };
  };

  return { put, take, nextWake };
}
