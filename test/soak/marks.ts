/**
 * Values that tell where they belong. Eight digits, of which the meter's answer bears every one:
 *
 *   value := meter item place slot
 *
 * one digit each for the meter, the identifier and the place of the value within the answer, and
 * the last five of the number of the slot. A refusal has one byte: two bits of the meter, six of
 * the slot.
 */
import type { Decimal } from '../../src/core/decimal.ts';
import { lowFirst } from '../unit/dlt645/wire.ts';

/** Apart by one digit at either end. */
export const METERS = ['000000000001', '000000000002', '000000000003', '100000000001'] as const;

/** Energies: a block answers up to nine values, in several frames where there are more than two. */
export const ITEMS = [
  { di: '00010000', isBlock: false },
  { di: '00010100', isBlock: false },
  { di: '00020000', isBlock: false },
  { di: '0001FF00', isBlock: true },
  { di: '0002FF00', isBlock: true },
] as const;

/** As it stands in the payload, in hex. */
export const itemHex = (item: number) =>
  Buffer.from(lowFirst(ITEMS[item]?.di ?? '')).toString('hex');

/** No meter here has it; what answers something else than a read bears it. */
export const NO_ITEM = 9;
const SLOTS = 100_000;

export interface Mark {
  readonly meter: number;
  readonly item: number;
  readonly place: number;
  readonly slot: number;
}

function digitsOf({ meter, item, place, slot }: Mark): string {
  return `${meter}${item}${place}${(slot % SLOTS).toString().padStart(5, '0')}`;
}

/** As it stands in the payload. */
export const markBytes = (mark: Mark) => lowFirst(digitsOf(mark));

/** As it stands in the payload, in hex. */
export const markHex = (mark: Mark) => Buffer.from(markBytes(mark)).toString('hex');

export function markOf({ coefficient }: Decimal): Mark {
  const number = Number(coefficient);
  const digit = (unit: number) => Math.trunc(number / unit) % 10;
  return {
    meter: digit(10_000_000),
    item: digit(1_000_000),
    place: digit(SLOTS),
    slot: number % SLOTS,
  };
}

export const isSameSlot = (mark: Mark, slot: number) => mark.slot === slot % SLOTS;

export const refusalMark = (meter: number, slot: number) => (meter << 6) | (slot & 0x3f);
