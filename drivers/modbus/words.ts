/**
 * One register or several as one number, exactly.
 *
 *   word    := 2 bytes, high byte first: one register
 *   u16 i16 := word                       u32 i32 := word{2}         u64 i64 := word{4}
 *   f32     := word{2}, f64 := word{4}    IEEE 754 binary32 and binary64
 *   bcd16   := word, bcd32 := word{2}     packed decimal, one digit a nibble
 *   order   := ABCD  words and bytes as Modbus sends them, most significant first
 *            | CDAB  words reversed       | BADC  bytes of each word swapped
 *            | DCBA  both: least significant byte first
 *
 * Modbus Application Protocol V1.1b3 clause 4.2 knows the word alone; all else is the meters'.
 */
import { FLAG_ABSENT, FLAG_INVALID } from '../../src/core/driver.ts';

export const WORD_TYPES = {
  u16: { registers: 1, form: 'unsigned' },
  i16: { registers: 1, form: 'signed' },
  u32: { registers: 2, form: 'unsigned' },
  i32: { registers: 2, form: 'signed' },
  u64: { registers: 4, form: 'unsigned' },
  i64: { registers: 4, form: 'signed' },
  f32: { registers: 2, form: 'float' },
  f64: { registers: 4, form: 'float' },
  bcd16: { registers: 1, form: 'decimal' },
  bcd32: { registers: 2, form: 'decimal' },
} as const;
export type WordType = keyof typeof WORD_TYPES;
export const TYPE_NAMES = Object.keys(WORD_TYPES) as WordType[];

export const ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type Order = (typeof ORDERS)[number];

/** An integer; `mantissa` x 2^`exponent`; or none, and the flag that says why. */
export type WordValue =
  | { readonly kind: 'integer'; readonly integer: bigint }
  | { readonly kind: 'float'; readonly mantissa: bigint; readonly exponent: number }
  | { readonly kind: 'none'; readonly flag: string };

interface FloatForm {
  readonly fractionBits: number;
  readonly exponentBits: number;
}

const BINARY32: FloatForm = { fractionBits: 23, exponentBits: 8 };
const BINARY64: FloatForm = { fractionBits: 52, exponentBits: 11 };

/** The bytes of whole registers with the most significant first. */
export function inOrder(bytes: Uint8Array, order: Order): Uint8Array {
  const isSwapped = order === 'BADC' || order === 'DCBA';
  const isReversed = order === 'CDAB' || order === 'DCBA';
  return bytes.map((_, at) => {
    const word = isReversed ? bytes.length - 2 - (at & ~1) : at & ~1;
    return bytes[word + ((at & 1) ^ (isSwapped ? 1 : 0))] ?? 0;
  });
}

/** The bytes as one unsigned integer, the most significant first. */
export function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/**
 * NaN means that there is no value; an infinity is an error of the meter. A subnormal is no
 * measurement, but what a number with few digits looks like in another order: 230.0 is 43660000H,
 * and 00004366H is 0.0000... IEEE 754 clause 3.4.
 */
function floatOf(bits: bigint, { fractionBits, exponentBits }: FloatForm): WordValue {
  const implicit = 1n << BigInt(fractionBits);
  const top = (1 << exponentBits) - 1;
  const fraction = bits & (implicit - 1n);
  const biased = Number((bits >> BigInt(fractionBits)) & BigInt(top));
  if (biased === top) {
    return { kind: 'none', flag: fraction === 0n ? FLAG_INVALID : FLAG_ABSENT };
  }
  if (biased === 0 && fraction !== 0n) return { kind: 'none', flag: FLAG_INVALID };
  const isNegative = bits >> BigInt(fractionBits + exponentBits) === 1n;
  const magnitude = biased === 0 ? 0n : fraction | implicit;
  const exponent = biased - (top >> 1) - fractionBits;
  return { kind: 'float', mantissa: isNegative ? -magnitude : magnitude, exponent };
}

function decimalDigits(bits: bigint): WordValue {
  const digits = bits.toString(16);
  return /^\d+$/.test(digits)
    ? { kind: 'integer', integer: BigInt(digits) }
    : { kind: 'none', flag: FLAG_INVALID };
}

/** The number in as many bits as the type has. */
export function wordValue(bits: bigint, type: WordType): WordValue {
  const { registers, form } = WORD_TYPES[type];
  switch (form) {
    case 'unsigned':
      return { kind: 'integer', integer: bits };
    case 'signed':
      return { kind: 'integer', integer: BigInt.asIntN(registers * 16, bits) };
    case 'decimal':
      return decimalDigits(bits);
    case 'float':
      return floatOf(bits, registers === 2 ? BINARY32 : BINARY64);
  }
}

/** To the nearest integer, a half to the even one; the denominator is positive. */
function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const floor =
    (numerator - (((numerator % denominator) + denominator) % denominator)) / denominator;
  const twice = 2n * (numerator - floor * denominator);
  const isUp = twice > denominator || (twice === denominator && floor % 2n !== 0n);
  return isUp ? floor + 1n : floor;
}

const power = (base: bigint, exponent: number) => base ** BigInt(Math.max(exponent, 0));

/** `mantissa` x 2^`exponent` x 10^`tens`, rounded once, half to even of the exact value. */
export function roundFloat(
  { mantissa, exponent }: { readonly mantissa: bigint; readonly exponent: number },
  tens: number,
): bigint {
  const numerator = mantissa * power(2n, exponent) * power(10n, tens);
  return roundHalfEven(numerator, power(2n, -exponent) * power(10n, -tens));
}
