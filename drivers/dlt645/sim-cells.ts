/** How the meter puts what it shows into bytes: packed BCD, text, times and words. */
export interface Shown {
  /** The bytes after the identifier, before the offset. */
  readonly payload: readonly number[];
  /** Register name -> digits, `null` where the meter filled in FF or zeros. */
  readonly values: Record<string, string | null>;
}

/** One value in its bytes. */
export interface Cell {
  readonly name: string;
  readonly digits: string | null;
  readonly bytes: readonly number[];
}

export interface Format {
  readonly bytes: number;
  readonly decimals: number;
  readonly signed: boolean;
}

/** What a display shows under a name, `null` where there is nothing. */
export type Show = (register: string) => string | null;

const FILL = 0xff;

export function plain(bytes: number, decimals = 0): Format {
  return { bytes, decimals, signed: false };
}

export function signed(bytes: number, decimals: number): Format {
  return { bytes, decimals, signed: true };
}

/** Pairs of decimal digits, the last pair first, as all items travel (clause 5.3.2). */
export function packPairs(figures: string): number[] {
  const packed: number[] = [];
  for (let at = figures.length - 2; at >= 0; at -= 2) {
    packed.push(Number(figures[at]) * 16 + Number(figures[at + 1]));
  }
  return packed;
}

/**
 * The digits as packed BCD, low byte first; the top bit of the last byte is the sign where the
 * item has one (note A.3-2). `null` where they do not fit the item.
 */
function packDigits(digits: string, format: Format): number[] | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(digits);
  if (match === null) return null;
  const [, minus = '', whole = '', fraction = ''] = match;
  const places = fraction.padEnd(format.decimals, '0').slice(0, format.decimals);
  const figures = (whole + places).replace(/^0+/, '').padStart(format.bytes * 2, '0');
  if (figures.length > format.bytes * 2) return null;
  const packed = packPairs(figures);
  const top = packed.pop() ?? 0;
  if (!format.signed) return minus === '' ? [...packed, top] : null;
  if (top >= 0x80) return null;
  return [...packed, minus === '' ? top : top + 0x80];
}

function cellOf(name: string, digits: string | null, width: number, bytes: number[] | null): Cell {
  if (digits === null || bytes === null) {
    return { name, digits: null, bytes: new Array<number>(width).fill(FILL) };
  }
  return { name, digits, bytes };
}

/** Digits; FF where the meter lacks them or they do not fit. */
export function digitsCell(name: string, digits: string | null, format: Format): Cell {
  return cellOf(name, digits, format.bytes, digits === null ? null : packDigits(digits, format));
}

/** Text of ASCII, the last character first, NUL behind its end: `5.0A` in 6 is 00 00 41 30 2E 35. */
export function textCell(name: string, text: string | null, width: number): Cell {
  const codes = [...(text ?? '')].slice(0, width).map((character) => character.charCodeAt(0));
  const fill = new Array<number>(width - codes.length).fill(0);
  return cellOf(name, text, width, [...fill, ...codes.reverse()]);
}

/** Hex digits, the last pair first. */
export function packedCell(name: string, hex: string | null, width: number): Cell {
  const pairs = hex?.padStart(width * 2, '0').match(/../g) ?? [];
  const bytes = pairs.reverse().map((pair) => Number.parseInt(pair, 16));
  return cellOf(name, hex, width, bytes);
}

/** A binary word shown as `0x0050`, low byte first. */
export function wordCell(name: string, word: string | null, width: number): Cell {
  const { bytes } = packedCell(name, word?.replace(/^0x/, '') ?? null, width);
  return { name, digits: word, bytes };
}

/** A day of zeros stands for what never happened. */
const NEVER = /^0000-/;

/** A wall time: YYMMDDhhmm in 5 bytes, with seconds in 6, the smallest unit first. */
export function timeCell(name: string, wall: string | null, width: 5 | 6): Cell {
  if (wall !== null && NEVER.test(wall)) return zeroCell(name, width);
  const figures = (wall ?? '').replace(/\D/g, '').slice(2, 2 + width * 2);
  return cellOf(name, wall, width, packPairs(figures));
}

/** The last pairs of a date or time, such as hhmm of `07:30`, the smallest unit first. */
export function pairsCell(name: string, shown: string | null, width: number): Cell {
  if (shown !== null && NEVER.test(shown)) return zeroCell(name, width);
  return cellOf(name, shown, width, packPairs((shown ?? '').replace(/\D/g, '').slice(-width * 2)));
}

/** A time or value of what never happened: zeros. */
export function zeroCell(name: string, width: number): Cell {
  return { name, digits: null, bytes: new Array<number>(width).fill(0) };
}

/** A word of FF is a value; zeros stand for what never happened. */
const isFilled = ({ digits, bytes }: Cell) =>
  digits === null && bytes.every((byte) => byte === FILL);

/** One after another; `null`, for "no data", where the meter has none of them. */
export function joinCells(cells: readonly Cell[]): Shown | null {
  if (cells.every(isFilled)) return null;
  return {
    payload: cells.flatMap(({ bytes }) => bytes),
    values: Object.fromEntries(cells.map(({ name, digits }) => [name, digits])),
  };
}
