import {
  type Cell,
  digitsCell,
  type Format,
  packedCell,
  pairsCell,
  plain,
  signed,
  textCell,
  timeCell,
  wordCell,
} from './sim-cells.ts';

/** How a value of the meter stands in its bytes. */
export interface Form {
  readonly width: number;
  cell(name: string, shown: string | null): Cell;
}

/** A name with the form of what is shown under it. */
export type Named = readonly [name: string, form: Form];

const figures = (format: Format): Form => ({
  width: format.bytes,
  cell: (name, shown) => digitsCell(name, shown, format),
});

export const number = (width: number, decimals = 0) => figures(plain(width, decimals));
const signedNumber = (width: number, decimals: number) => figures(signed(width, decimals));

export const text = (width: number): Form => ({
  width,
  cell: (name, shown) => textCell(name, shown, width),
});

/** Bits, shown as `0x0050`. */
export const word = (width: number): Form => ({
  width,
  cell: (name, shown) => wordCell(name, shown, width),
});

/** An identifier, shown as people write it: `04000101`. */
export const IDENTIFIER: Form = {
  width: 4,
  cell: (name, shown) => packedCell(name, shown, 4),
};

/** YYMMDDhhmm in 5 bytes, with seconds in 6. */
export const time = (width: 5 | 6): Form => ({
  width,
  cell: (name, shown) => timeCell(name, shown, width),
});

/** The last pairs of a date or time: MMDD, hhmm, DDhh, YYMMDD, MMDDhhmm. */
export const pairs = (width: number): Form => ({
  width,
  cell: (name, shown) => pairsCell(name, shown, width),
});

export const COUNT = number(3);
export const ENERGY = number(4, 2);
export const SIGNED_ENERGY = signedNumber(4, 2);
export const VOLTAGE = number(2, 1);
export const CURRENT = signedNumber(3, 3);
export const POWER = signedNumber(3, 4);
export const FACTOR = signedNumber(2, 3);
export const DEMAND = number(3, 4);
export const PRICE = number(4, 4);
/** What a rate of 100 % needs. */
export const RATE = number(3, 2);
export const NN = number(1);
