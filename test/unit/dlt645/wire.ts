import { concatBytes } from '../../../src/core/bytes.ts';

/*
 * Frames written from the standard alone, so that the driver's codec is not tested by itself.
 * DL/T 645-2007: 68, six address bytes low first, 68, C, L, payload + 33H, sum, 16.
 */

export const NO_VALUE = 'no value';

/** Pairs of hex digits as bytes, the last pair first: `"1234"` gives 34 12. */
export function lowFirst(digits: string): Uint8Array {
  const pairs = digits.match(/../g) ?? [];
  return Uint8Array.from(pairs.toReversed(), (pair) => Number.parseInt(pair, 16));
}

export interface WireFrame {
  readonly address: string;
  readonly control: number;
  readonly payload?: Uint8Array;
}

export function wireFrame({ address, control, payload = new Uint8Array(0) }: WireFrame) {
  const body = concatBytes(
    Uint8Array.of(0x68),
    lowFirst(address),
    Uint8Array.of(0x68, control, payload.length),
    payload.map((byte) => byte + 0x33),
  );
  const sum = body.reduce((total, byte) => total + byte, 0);
  return concatBytes(body, Uint8Array.of(sum, 0x16));
}

/** An answer to a read: control 91H, the identifier, then the content as the meter keeps it. */
export function readAnswer(address: string, di: string, ...content: readonly Uint8Array[]) {
  return wireFrame({ address, control: 0x91, payload: concatBytes(lowFirst(di), ...content) });
}

/** A refused read: control D1H and the error byte. */
export function refusal(address: string, err: number) {
  return wireFrame({ address, control: 0xd1, payload: Uint8Array.of(err) });
}

/** `"-1.2345"` in so many bytes of BCD, low byte first; the sign is the top bit of the last. */
export function shownNumber(text: string, bytes: number): Uint8Array {
  if (text === NO_VALUE) return new Uint8Array(bytes).fill(0xff);
  const wire = lowFirst(text.replace(/\D/g, '').padStart(bytes * 2, '0'));
  if (text.startsWith('-')) wire[bytes - 1] = (wire[bytes - 1] ?? 0) | 0x80;
  return wire;
}

/** `"2026-11-23T00:00"` as mm hh DD MM YY. */
export const shownTime = (text: string) => lowFirst(text.replace(/\D/g, '').slice(2, 12));
