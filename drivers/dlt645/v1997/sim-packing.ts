/** How a meter of 1997 packs what it shows: digits two by two, the last pair first. */
export interface Kept {
  /** The bytes behind the identifier, before the offset. */
  readonly bytes: readonly number[];
  /** Name -> digits as this meter shows them, `null` where it filled in FF, or zeros for never. */
  readonly values: Record<string, string | null>;
}

/** How the meter shows a quantity: digits in all, and how many of them are decimals. */
export interface Face {
  readonly digits: number;
  readonly decimals: number;
}

/** What is shown at one moment, be it the present or the end of a month. */
export type Show = (name: string) => string | null;

const FILL = 0xff;
/** Of what never happened. */
const NEVER = /^0+$/;

/** The figures two by two, the last pair first. */
export function pairs(figures: string): number[] {
  return [...figures.matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16)).reverse();
}

/** Cut to the meter's own decimals; there is no sign in this edition, so it is lost. */
function figuresOf(shown: string, { digits, decimals }: Face): string | null {
  const [, whole, fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(shown) ?? [];
  if (whole === undefined) return null;
  const figures = whole + fraction.padEnd(decimals, '0').slice(0, decimals);
  const significant = figures.replace(/^0+/, '');
  return significant.length > digits ? null : significant.padStart(digits, '0');
}

/** `00226` with two decimals reads 2.26. */
function withPoint(figures: string, decimals: number): string {
  const split = figures.length - decimals;
  const whole = String(Number(figures.slice(0, split)));
  return decimals === 0 ? whole : `${whole}.${figures.slice(split)}`;
}

interface Wanted {
  readonly names: readonly string[];
  readonly pack: (name: string) => { bytes: readonly number[]; digits: string | null } | null;
  readonly width: number;
}

/** One after another; FF for what is missing, nothing at all where all of it is. */
function keep({ names, pack, width }: Wanted): Kept | null {
  const packed = names.map(pack);
  if (packed.every((one) => one === null)) return null;
  return {
    bytes: packed.flatMap((one) => one?.bytes ?? new Array<number>(width).fill(FILL)),
    values: Object.fromEntries(names.map((name, index) => [name, packed[index]?.digits ?? null])),
  };
}

export const numbers = (names: readonly string[], face: Face, show: Show): Kept | null =>
  keep({
    names,
    width: face.digits / 2,
    pack(name) {
      const shown = show(name);
      const figures = shown === null ? null : figuresOf(shown, face);
      if (figures === null) return null;
      return { bytes: pairs(figures), digits: withPoint(figures, face.decimals) };
    },
  });

/** `2026-11-23T17:45` as mm hh DD MM. */
export const dayTimes = (names: readonly string[], show: Show): Kept | null =>
  keep({
    names,
    width: 4,
    pack(name) {
      const figures = show(name)?.replace(/\D/g, '').slice(4, 12);
      if (figures?.length !== 8) return null;
      return { bytes: pairs(figures), digits: NEVER.test(figures) ? null : figures };
    },
  });

/** The last figures of what is shown, such as MMDD of a date; `null` where nothing is. */
export function figures(name: string, shown: string | null, digits: number): Kept | null {
  if (shown === null) return null;
  const last = shown.replace(/\D/g, '').padStart(digits, '0').slice(-digits);
  return { bytes: pairs(last), values: { [name]: last } };
}

/** Bits, shown as `0x10`. */
export function word(name: string, bits: number): Kept {
  const shown = `0x${bits.toString(16).padStart(2, '0')}`;
  return { bytes: [bits], values: { [name]: shown } };
}
