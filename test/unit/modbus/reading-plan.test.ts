import { describe, expect, it } from 'vitest';
import {
  type PlanRules,
  planReads,
  type Range,
  splitBlock,
} from '../../../drivers/modbus/reading-plan.ts';

const rules: PlanRules = { maxRegisters: 125, maxGap: 8, bonds: [], isBarred: () => false };
const range = (address: number, registers = 2, table: Range['table'] = 'input'): Range => ({
  table,
  address,
  registers,
});

const asked = (ranges: readonly Range[], some: Partial<PlanRules> = {}) =>
  planReads(ranges, { ...rules, ...some }).map(({ address, registers }) => [address, registers]);

const thirty = Array.from({ length: 30 }, (_, index) => range(index * 2));

describe('the requests of a read', () => {
  it('are one for thirty floats in a row, and more where the meter gives less at once', () => {
    expect(asked(thirty)).toEqual([[0, 60]]);
    expect(asked(thirty, { maxRegisters: 20 })).toHaveLength(3);
    expect(asked(thirty, { maxRegisters: 21 })).toHaveLength(3);
    expect(asked(thirty, { maxRegisters: 2 })).toHaveLength(30);
  });

  it('reach over gaps that are small enough', () => {
    expect(asked([range(0), range(10)])).toEqual([[0, 12]]);
    expect(asked([range(0), range(11)])).toEqual([
      [0, 2],
      [11, 2],
    ]);
    expect(asked([range(0), range(2)], { maxGap: 0 })).toEqual([[0, 4]]);
  });

  it('do not mix tables', () => {
    expect(asked([range(0), range(2, 2, 'holding')])).toHaveLength(2);
  });

  it('do not reach over what is barred', () => {
    const isBarred: PlanRules['isBarred'] = (_, from, to) => from <= 5 && to > 5;
    expect(asked([range(0), range(4), range(6)], { isBarred })).toEqual([[0, 8]]);
    expect(asked([range(0), range(2), range(6)], { isBarred })).toEqual([
      [0, 4],
      [6, 2],
    ]);
  });

  it('reach further for a value and its scale factor', () => {
    const bonds = [range(0, 41)];
    expect(asked([range(0), range(40, 1)], { bonds })).toEqual([[0, 41]]);
    expect(asked([range(0), range(40, 1)], { bonds, maxRegisters: 40 })).toHaveLength(2);
    expect(asked([range(0), range(60, 1)], { bonds })).toHaveLength(2);
  });

  it('hold what is wanted twice once, and what is longer than the limit alone', () => {
    expect(asked([range(0), range(0)])).toEqual([[0, 2]]);
    expect(asked([range(0, 4), range(4, 4)], { maxRegisters: 2 })).toEqual([
      [0, 4],
      [4, 4],
    ]);
  });
});

describe('a refused block', () => {
  const blockOf = (...ranges: Range[]) => {
    const [block] = planReads(ranges, rules);
    if (block === undefined) throw new Error('no block');
    return splitBlock(block).map((half) => half.map(({ address }) => address));
  };

  it('is parted at its widest gap, else in the middle', () => {
    expect(blockOf(range(0), range(4), range(10), range(14))).toEqual([
      [0, 4],
      [10, 14],
    ]);
    expect(blockOf(range(0), range(2), range(4), range(6))).toEqual([
      [0, 2],
      [4, 6],
    ]);
    expect(blockOf(range(0), range(2), range(4))).toEqual([[0], [2, 4]]);
  });
});
