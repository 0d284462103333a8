import { concatBytes } from '../../src/core/bytes.ts';

/**
 * The meter's end of the link layer. Written from the standard alone; it shares no code with the
 * master's side.
 *
 *   [FE]*  68  A0..A5  68  C  L  D0..D(L-1)  CS  16        clause 5.2
 */
const START = 0x68;
const END = 0x16;
const PREAMBLE = 0xfe;
const OFFSET = 0x33;
/** 68, six address bytes, 68, C, L, CS, 16. */
const SHORTEST = 12;

export interface Request {
  readonly address: readonly number[];
  readonly control: number;
  /** The offset already taken off. */
  readonly payload: readonly number[];
}

const sumOf = (bytes: readonly number[]) => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** A frame can still begin with these bytes. */
function mayBeFrame(heard: readonly number[]): boolean {
  return heard[0] === START && (heard.length < 8 || heard[7] === START);
}

/**
 * Takes one byte after another, gives a request when one is complete. What turns out to be no
 * frame is searched again from its second byte on.
 */
export function createRecogniser() {
  let heard: number[] = [];

  const complete = (): Request | null => {
    const length = SHORTEST + (heard[9] ?? 0);
    const frame = heard.slice(0, length);
    if (frame.at(-1) !== END || sumOf(frame.slice(0, -2)) !== frame.at(-2)) return null;
    heard = heard.slice(length);
    return {
      address: frame.slice(1, 7),
      control: frame[8] ?? 0,
      payload: frame.slice(10, -2).map((byte) => (byte - OFFSET) & 0xff),
    };
  };

  const search = (): Request | null => {
    while (heard.length > 0) {
      if (mayBeFrame(heard)) {
        if (heard.length < 10 || heard.length < SHORTEST + (heard[9] ?? 0)) return null;
        const request = complete();
        if (request !== null) return request;
      }
      heard.shift();
    }
    return null;
  };

  return {
    push(byte: number): Request | null {
      heard.push(byte);
      return search();
    },
    drop() {
      heard = [];
    },
  };
}

/** Address bytes, low byte first: 123456789012 is 12 90 78 56 34 12. */
export function addressBytes(address: string): number[] {
  const digits = address.padStart(12, '0');
  return [10, 8, 6, 4, 2, 0].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}

/** What goes out: the offset is put on, `preamble` FE come first. */
export function frameOf(
  address: string,
  { control, payload }: { readonly control: number; readonly payload: readonly number[] },
  preamble: number,
): Uint8Array {
  const body = [
    START,
    ...addressBytes(address),
    START,
    control,
    payload.length,
    ...payload.map((byte) => (byte + OFFSET) & 0xff),
  ];
  return concatBytes(
    new Uint8Array(preamble).fill(PREAMBLE),
    Uint8Array.from([...body, sumOf(body), END]),
  );
}
