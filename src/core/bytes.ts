import { AmrError } from './errors.ts';

/** Upper-case hex with a space between bytes, the form of logs and traces. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
}

/**
 * Bytes from hex text; spaces, commas, colons, line ends and `0x` before a byte are allowed.
 * Throws FRAME_MALFORMED for anything else, naming the first offending place.
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/0x/gi, '').replace(/[\s,:;-]+/g, '');
  const bad = digits.search(/[^0-9a-f]/i);
  if (bad >= 0) {
    throw new AmrError('FRAME_MALFORMED', `not hex: "${digits.slice(bad, bad + 8)}"`);
  }
  if (digits.length % 2 !== 0) {
    throw new AmrError('FRAME_MALFORMED', `odd number of hex digits: ${digits.length}`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** The byte at `index`; throws FRAME_LENGTH beyond the end, so that no codec reads `undefined`. */
export function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) {
    throw new AmrError('FRAME_LENGTH', `byte ${index} wanted, ${bytes.length} bytes there`);
  }
  return byte;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
