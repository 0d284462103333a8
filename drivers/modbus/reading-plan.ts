/** From ranges wanted to as few requests as the meter allows. */

/** The tables of 16-bit registers. */
export type RegisterTable = 'holding' | 'input';

export interface Range {
  readonly table: RegisterTable;
  /** Of the first register, as on the wire. */
  readonly address: number;
  readonly registers: number;
}

/** One request, and the wanted ranges in it, by address. */
export interface Block extends Range {
  readonly ranges: readonly Range[];
}

export interface PlanRules {
  /** In one request. A range that is longer is a request of its own. */
  readonly maxRegisters: number;
  /** Unwanted registers between two ranges that may be read along. */
  readonly maxGap: number;
  /** Ranges that are worth one request whatever lies between: a value and its scale factor. */
  readonly bonds: readonly Range[];
  /** True where no request may hold both the register before `from` and that at `to`. */
  readonly isBarred: (table: RegisterTable, from: number, to: number) => boolean;
}

export const endOf = ({ address, registers }: Range) => address + registers;

export const keyOf = ({ table, address, registers }: Range) => `${table}:${address}+${registers}`;

/** The smallest range that holds all of them; they are of one table. */
export function hullOf([first, ...rest]: readonly [Range, ...Range[]]): Range {
  const { table } = first;
  const address = Math.min(first.address, ...rest.map((one) => one.address));
  return { table, address, registers: Math.max(endOf(first), ...rest.map(endOf)) - address };
}

/** Each once, by table and address; of those that begin alike the longer first. */
function sorted(ranges: readonly Range[]): Range[] {
  const each = new Map(ranges.map((range) => [keyOf(range), range]));
  return [...each.values()].sort(
    (a, b) => a.table.localeCompare(b.table) || a.address - b.address || b.registers - a.registers,
  );
}

function mayCross(table: RegisterTable, from: number, to: number, rules: PlanRules): boolean {
  if (to < from) return true;
  const isBonded = () =>
    rules.bonds.some((bond) => bond.table === table && bond.address < from && endOf(bond) > to);
  return (to - from <= rules.maxGap || isBonded()) && !rules.isBarred(table, from, to);
}

/** The block with one more range, `null` where that must be another request. */
function extended(block: Block, range: Range, rules: PlanRules): Block | null {
  if (range.table !== block.table) return null;
  const hull = hullOf([block, range]);
  if (hull.registers > rules.maxRegisters) return null;
  if (!mayCross(block.table, endOf(block), range.address, rules)) return null;
  return { ...hull, ranges: [...block.ranges, range] };
}

/**
 * Every range is whole in exactly one request. The requests are as few as there can be, for each
 * one goes as far as it may, and whatever part of it would do as well.
 */
export function planReads(ranges: readonly Range[], rules: PlanRules): Block[] {
  const blocks: Block[] = [];
  for (const range of sorted(ranges)) {
    const last = blocks.at(-1);
    const more = last === undefined ? null : extended(last, range, rules);
    if (more === null) blocks.push({ ...range, ranges: [range] });
    else blocks.splice(-1, 1, more);
  }
  return blocks;
}

/** The block in two, at its widest gap, or in the middle where there is none; it has two ranges. */
export function splitBlock({ ranges }: Block): readonly [readonly Range[], readonly Range[]] {
  let at = ranges.length >> 1;
  let widest = 0;
  ranges.forEach((range, index) => {
    const before = ranges[index - 1];
    const gap = before === undefined ? 0 : range.address - endOf(before);
    if (gap > widest) [widest, at] = [gap, index];
  });
  return [ranges.slice(0, at), ranges.slice(at)];
}
