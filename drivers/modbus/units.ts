/** Units as meters give them, and how far the decimal point is from the catalogue's. */

/** Decimal prefixes, as powers of ten. */
const PREFIXES: Readonly<Record<string, number>> = { m: -3, k: 3, M: 6, G: 9 };

/** Units that meters put prefixes before; any other is taken as it stands. */
const PREFIXED = ['Wh', 'varh', 'VAh', 'W', 'var', 'VA', 'V', 'A', 'Hz'];

interface Unit {
  readonly base: string;
  /** One of it is 10^`exponent` of the base. */
  readonly exponent: number;
}

function parseUnit(text: string): Unit {
  const exponent = PREFIXES[text.slice(0, 1)];
  const base = text.slice(1);
  return exponent === undefined || !PREFIXED.includes(base)
    ? { base: text, exponent: 0 }
    : { base, exponent };
}

/** A value in `from` is 10^shift as much in `to`; `null` for another quantity. */
export function unitShift(from: string, to: string): number | null {
  const [a, b] = [parseUnit(from), parseUnit(to)];
  return a.base === b.base ? a.exponent - b.exponent : null;
}
