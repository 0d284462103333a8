/** The error byte of an abnormal answer, DL/T 645-1997. Its bits 4 to 6 are as in 2007. */

/** Names of the bits, lowest first. */
const ERROR_BITS_1997 = [
  'illegal data',
  'no such identifier',
  'password wrong',
  'reserved bit 3',
  'too many year zones',
  'too many day periods',
  'too many tariffs',
  'reserved bit 7',
] as const;

/** Bits 0 and 1: meters say either of an identifier that they do not have. */
const UNSUPPORTED_BITS = 0x03;

/** The error byte in words: `0x06` is "no such identifier, password wrong". */
export function errorMeaning1997(err: number): string {
  const names = ERROR_BITS_1997.filter((_, bit) => (err & (1 << bit)) !== 0);
  return names.length === 0 ? 'no error bit set' : names.join(', ');
}

/** True where the byte says that the meter lacks the identifier, and nothing else. */
export function isUnsupported1997(err: number): boolean {
  return (err & UNSUPPORTED_BITS) !== 0 && (err & ~UNSUPPORTED_BITS) === 0;
}
