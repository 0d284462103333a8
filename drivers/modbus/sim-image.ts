import { parseDecimal } from '../../src/core/decimal.ts';
import type { MeterDisplay } from '../../src/core/slave.ts';
import { type Cell, type Keepings, type Place, spanOf, type Table } from './sim-map.ts';
import { type Form, fits, keep, wordsOf } from './sim-words.ts';

/** The meter's registers at the present moment, made from what its display shows. */
export interface Range extends Place {
  readonly length: number;
}

export interface Extract {
  readonly words: readonly number[];
  /** Register name -> digits that the words mean, of those that are whole in the range. */
  readonly values: Record<string, string | null>;
}

export interface ImageOptions extends Keepings {
  readonly display: MeterDisplay;
  /** Registers no further apart are one area, readable throughout. */
  readonly maxGap: number;
  /** What cannot be read although it lies in an area. */
  readonly holes?: readonly Place[];
}

const TABLES = ['holding', 'input'] as const;

/** A scale factor that is none; the values that it scales are not available. */
const NO_SCALE = -32_768;

const isIn = (inner: Range, outer: Range) =>
  inner.table === outer.table &&
  inner.address >= outer.address &&
  inner.address + inner.length <= outer.address + outer.length;
const meets = (a: Range, b: Range) =>
  a.table === b.table && a.address < b.address + b.length && b.address < a.address + a.length;
const oneAt = ({ table, address }: Place): Range => ({ table, address, length: 1 });

/** All that belongs to a cell. */
function rangesOf(cell: Cell): Range[] {
  const beside = [cell.sign, cell.scaleAt].filter((place) => place !== null);
  return [spanOf(cell), ...beside.map(oneAt)];
}

/** Ranges of one table no further apart than `maxGap` become one. */
function merge(ranges: readonly Range[], maxGap: number): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.address - b.address)) {
    const last = merged.at(-1);
    const end = range.address + range.length;
    if (last === undefined || range.address - (last.address + last.length) > maxGap) {
      merged.push(range);
    } else {
      const length = Math.max(last.length, end - last.address);
      merged.splice(-1, 1, { ...last, length });
    }
  }
  return merged;
}

function areasOf({ cells, fixed, maxGap }: ImageOptions): Range[] {
  const all = [
    ...cells.flatMap(rangesOf),
    ...fixed.map(({ words, ...place }) => ({ ...place, length: words.length })),
  ];
  return TABLES.flatMap((table) =>
    merge(
      all.filter((range) => range.table === table),
      maxGap,
    ),
  );
}

type Show = MeterDisplay['show'];

/** The digits that the registers keep: where the sign is elsewhere, without it. */
function magnitudeOf({ sign }: Cell, digits: string): string {
  return sign === null ? digits : digits.replace('-', '');
}

/** The power of ten that leaves all the digits shown, or as many as fit. */
function scaleFor(cells: readonly Cell[], show: Show): number {
  const shown = cells.flatMap((cell) => {
    const digits = magnitudeOf(cell, show(cell.name) ?? '');
    const decimals = parseDecimal(digits)?.decimals;
    return decimals === undefined ? [] : [{ form: cell.form, digits, decimals }];
  });
  if (shown.length === 0) return NO_SCALE;
  let scale = Math.min(...shown.map(({ form, decimals }) => -decimals - form.exponent));
  while (!shown.every(({ form, digits }) => fits(digits, scaled(form, scale)))) scale += 1;
  return scale;
}

const scaled = (form: Form, scale: number): Form => ({ ...form, exponent: form.exponent + scale });

const isSame = (a: Place | null, b: Place) => a?.table === b.table && a.address === b.address;

/** A stretch of registers that values are put into, each bit by whoever has it. */
function createStretch({ table, address, length }: Range) {
  const words = new Array<number>(length).fill(0);
  return {
    words,
    put(place: Place, put: readonly number[]) {
      if (place.table !== table) return;
      for (const [index, word] of put.entries()) {
        const at = place.address + index - address;
        if (at >= 0 && at < length) words[at] = (words[at] ?? 0) | word;
      }
    },
  };
}
type Stretch = ReturnType<typeof createStretch>;

function putSign(stretch: Stretch, { sign }: Cell, isNegative: boolean): void {
  if (sign === null) return;
  const { bit, negative } = sign;
  const other = negative === 0 ? 1 : 0;
  stretch.put(sign, [(isNegative ? negative : other) << (bit ?? 0)]);
}

/** Puts one value, and gives the digits that are to be read. */
function putCell(stretch: Stretch, cell: Cell, show: Show, scale: number): string | null {
  const isScaled = scale !== NO_SCALE;
  const shown = isScaled ? show(cell.name) : null;
  const form = scaled(cell.form, isScaled ? scale : 0);
  const kept = shown === null ? null : keep(magnitudeOf(cell, shown), form);
  const bits = kept?.bits ?? cell.absent[0] ?? 0n;
  const isNegative = cell.sign !== null && (shown?.startsWith('-') ?? false);
  stretch.put(cell, wordsOf(bits, form.kind, cell.order));
  putSign(stretch, cell, isNegative);
  if (!isScaled || cell.absent.includes(bits)) return null;
  const digits = (kept ?? keep('0', form))?.digits ?? null;
  return isNegative && digits !== null && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** Shows each register once, so that all of one answer is of one moment. */
function glance(display: MeterDisplay): Show {
  const seen = new Map<string, string | null>();
  return (name) => {
    const digits = seen.get(name);
    if (digits !== undefined) return digits;
    const shown = display.show(name);
    seen.set(name, shown);
    return shown;
  };
}

export interface Image {
  /** `null` where a register of the range is not there. */
  read(table: Table, address: number, length: number): Extract | null;
}

export function createImage(options: ImageOptions): Image {
  const { cells, fixed, display, holes = [] } = options;
  const areas = areasOf(options);

  /** Cells that share a place share the power of ten in it. */
  const scaleOf = ({ scaleAt }: Cell, show: Show) => {
    if (scaleAt === null) return 0;
    return scaleFor(
      cells.filter((cell) => isSame(cell.scaleAt, scaleAt)),
      show,
    );
  };

  const extract = (range: Range): Extract => {
    const stretch = createStretch(range);
    const show = glance(display);
    const values: Record<string, string | null> = {};
    for (const { words, ...place } of fixed) stretch.put(place, words);
    for (const cell of cells) {
      if (!rangesOf(cell).some((part) => meets(part, range))) continue;
      const scale = scaleOf(cell, show);
      const digits = putCell(stretch, cell, show, scale);
      if (cell.scaleAt !== null) stretch.put(cell.scaleAt, [scale & 0xffff]);
      if (isIn(spanOf(cell), range)) values[cell.name] = digits;
    }
    return { words: stretch.words, values };
  };

  return {
    read(table, address, length) {
      const range = { table, address, length };
      const isHole = (hole: Place) => isIn(oneAt(hole), range);
      if (!areas.some((area) => isIn(range, area)) || holes.some(isHole)) return null;
      return extract(range);
    },
  };
}
