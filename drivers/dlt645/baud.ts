/**
 * The baud-rate characteristic word Z of function 17H and of 04 00 07 01 to 05: one bit set says
 * the speed. DL/T 645-2007 annex C. The word of 1997 is another: see `v1997/baud.ts`.
 */

/** A speed for each bit, lowest first; `null` where the bit is reserved. */
export type BaudTable = readonly (number | null)[];

export const BAUD_RATES: BaudTable = [null, 600, 1200, 2400, 4800, 9600, 19_200, null];

/** The speed that the word says, `null` where it says none or more than one. */
export function baudRateOf(word: number, table: BaudTable): number | null {
  const bit = table.findIndex((_, index) => word === 1 << index);
  return table[bit] ?? null;
}

/** The word for a speed, `null` where the table lacks it. */
export function baudWordOf(rate: number, table: BaudTable): number | null {
  const bit = table.indexOf(rate);
  return bit < 0 ? null : 1 << bit;
}
