/**
 * Exact decimals. A register value is the meter's own digits: an integer coefficient and the
 * number of decimals the register shows. No float ever touches it, and trailing zeros are kept.
 */
export interface Decimal {
  readonly coefficient: bigint;
  /** Digits after the decimal point, 0 to 20. */
  readonly decimals: number;
}

export function decimal(coefficient: bigint | number, decimals: number): Decimal {
  return { coefficient: BigInt(coefficient), decimals };
}

/** `{ 123456n, 2 }` becomes `"1234.56"`; all decimals are printed. */
export function formatDecimal({ coefficient, decimals }: Decimal): string {
  const sign = coefficient < 0n ? '-' : '';
  const digits = (coefficient < 0n ? -coefficient : coefficient)
    .toString()
    .padStart(decimals + 1, '0');
  if (decimals === 0) return sign + digits;
  const point = digits.length - decimals;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const DECIMAL_TEXT = /^(-?)(\d{1,40})(?:\.(\d{1,20}))?$/;

/** The inverse of {@link formatDecimal}; `null` where the text is no plain decimal. */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  const magnitude = BigInt(whole + fraction);
  return decimal(sign === '-' ? -magnitude : magnitude, fraction.length);
}
