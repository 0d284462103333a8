import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlanRules, planReads, type Range } from '../../drivers/modbus/reading-plan.ts';

/** Ranges that do not touch one another's registers, in one table or two. */
const rangesOf = (most: number) =>
  fc
    .array(
      fc.record({
        table: fc.constantFrom('holding', 'input'),
        gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
        registers: fc.constantFrom(1, 2, 4),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((items) => {
      let next = 0;
      return items.map(({ table, gap, registers }): Range => {
        const address = next + gap;
        next = address + registers;
        return { table, address, registers };
      });
    });

interface Limits {
  readonly maxRegisters: number;
  readonly maxGap: number;
  readonly holes: readonly number[];
}

const limitsOf = fc.record({
  maxRegisters: fc.integer({ min: 4, max: 20 }),
  maxGap: fc.integer({ min: 0, max: 10 }),
  holes: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 }),
});

const rulesOf = ({ maxRegisters, maxGap, holes }: Limits): PlanRules => ({
  maxRegisters,
  maxGap,
  bonds: [],
  isBarred: (_, from, to) => holes.some((hole) => hole >= from && hole < to),
});

const end = ({ address, registers }: Range) => address + registers;

/** True where one request may hold all of these, said once more in the test's own words. */
function mayBeOne(ranges: readonly Range[], { maxRegisters, maxGap, holes }: Limits): boolean {
  const sorted = [...ranges].sort((a, b) => a.address - b.address);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return true;
  if (sorted.length === 1) return true;
  if (sorted.some(({ table }) => table !== first.table)) return false;
  if (end(last) - first.address > maxRegisters) return false;
  const wanted = new Set(
    sorted.flatMap((one) => Array.from({ length: one.registers }, (_, at) => one.address + at)),
  );
  let run = 0;
  for (let at = first.address; at < end(last); at++) {
    run = wanted.has(at) ? 0 : run + 1;
    if (run > maxGap || (run > 0 && holes.includes(at))) return false;
  }
  return true;
}

/** The fewest groups of any kind, by trying all of them. */
function fewest(ranges: readonly Range[], limits: Limits, groups: Range[][] = []): number {
  const [range, ...rest] = ranges;
  if (range === undefined) {
    return groups.every((group) => mayBeOne(group, limits)) ? groups.length : Infinity;
  }
  const joined = groups.map((group, index) =>
    fewest(
      rest,
      limits,
      groups.map((one, at) => (at === index ? [...group, range] : one)),
    ),
  );
  return Math.min(fewest(rest, limits, [...groups, [range]]), ...joined);
}

describe('the reading plan', () => {
  it('has every range whole in exactly one request, and no request beyond the limits', () => {
    fc.assert(
      fc.property(rangesOf(30), limitsOf, fc.func(fc.integer()), (ranges, limits, order) => {
        const shuffled = [...ranges].sort((a, b) => order(a.address) - order(b.address));
        const blocks = planReads(shuffled, rulesOf(limits));
        for (const range of ranges) {
          const holders = blocks.filter(
            (block) =>
              block.table === range.table &&
              block.address <= range.address &&
              end(block) >= end(range),
          );
          expect(holders).toHaveLength(1);
          expect(holders[0]?.ranges).toContainEqual(range);
        }
        for (const block of blocks) {
          expect(block.registers).toBeLessThanOrEqual(limits.maxRegisters);
          expect(mayBeOne(block.ranges, limits)).toBe(true);
        }
        expect(blocks.flatMap((block) => block.ranges)).toHaveLength(ranges.length);
      }),
    );
  });

  it('has as few requests as there can be', () => {
    let joined = 0;
    let parted = 0;
    fc.assert(
      fc.property(rangesOf(6), limitsOf, (ranges, limits) => {
        const { length } = planReads(ranges, rulesOf(limits));
        expect(length).toBe(fewest(ranges, limits));
        joined += length < ranges.length ? 1 : 0;
        parted += length > 1 ? 1 : 0;
      }),
      { numRuns: 300 },
    );
    expect(joined).toBeGreaterThan(50);
    expect(parted).toBeGreaterThan(50);
  });
});
