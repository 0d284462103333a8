/** What no meter shows. Bytes in another order than the model says look like such values. */

import type { RegisterKind } from '../../src/core/catalogue/row.ts';
import type { Decimal } from '../../src/core/decimal.ts';
import { roundFloat, type WordValue } from './words.ts';

/**
 * The largest magnitude, in the unit of the catalogue: beyond what any feeder has, whatever its
 * transformers. Factors that tell the quadrant go up to 2.
 */
const LARGEST: Readonly<Record<RegisterKind, bigint>> = {
  energy: 10n ** 12n,
  power: 10n ** 9n,
  demand: 10n ** 9n,
  voltage: 10n ** 7n,
  current: 10n ** 7n,
  factor: 2n,
  frequency: 1000n,
  angle: 1000n,
  distortion: 10n ** 5n,
  temperature: 1000n,
  duration: 10n ** 9n,
  price: 10n ** 6n,
  money: 10n ** 12n,
};

/** A value in the unit of the catalogue; true for magnitudes up to the largest of its kind. */
export function isPlausible({ coefficient, decimals }: Decimal, kind: RegisterKind): boolean {
  const magnitude = coefficient < 0n ? -coefficient : coefficient;
  return magnitude <= LARGEST[kind] * 10n ** BigInt(decimals);
}

/** A binary32 has 7 digits: what lies this many below the step is none of them. */
const DIGITS_BELOW = 6;

/**
 * True for a float that is not zero and yet below half a millionth of 10^`step`, the step that
 * it is rounded to; both after multiplication by 10^`exponent`.
 */
export function isResidue(word: WordValue, { exponent, step }: { exponent: number; step: number }) {
  if (word.kind !== 'float' || word.mantissa === 0n) return false;
  return roundFloat(word, exponent - step + DIGITS_BELOW) === 0n;
}
