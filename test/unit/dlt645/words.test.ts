import { describe, expect, it } from 'vitest';
import { findItem } from '../../../drivers/dlt645/items.ts';
import {
  CHARACTERISTIC_WORDS,
  readWord,
  STATUS_WORDS,
} from '../../../drivers/dlt645/tables/words.ts';
import { find1997Item } from '../../../drivers/dlt645/v1997/items.ts';
import { WORDS_1997 } from '../../../drivers/dlt645/v1997/words.ts';

const told = (di: string, shown: string) => {
  const item = di.length === 4 ? find1997Item(di) : findItem(di);
  const word = item?.fields[0]?.word;
  if (word === undefined) throw new Error(`no word ${di}`);
  return readWord(word, shown)
    .filter(({ number }) => number !== 0)
    .map(({ part, state }) => [part.en, state?.en]);
};

describe('a word', () => {
  it.each([
    // A meter whose relay was opened and closed again.
    [
      '04000503',
      '0x0050',
      [
        ['relay', 'open'],
        ['relay command', 'open'],
      ],
    ],
    ['04000503', '0x0000', []],
    ['04000503', '0x0004', [['supply', 'battery']]],
    ['04000503', '0x0300', [['prepayment', 'reserved']]],
    [
      '04000503',
      '0x8200',
      [
        ['prepayment', 'amount'],
        ['remote account opened', undefined],
      ],
    ],
    [
      '04000501',
      '0x003E',
      [
        ['demand by', 'block'],
        ['clock battery low', undefined],
        ['reading battery low', undefined],
        ['active power direction', 'export'],
        ['reactive power direction', 'export'],
      ],
    ],
    [
      '04000502',
      '0x0044',
      [
        ['active power direction L3', 'export'],
        ['reactive power direction L3', 'export'],
      ],
    ],
    [
      '04000505',
      '0x0181',
      [
        ['L2 loss of voltage', undefined],
        ['L2 phase cut', undefined],
        ['L2 current cut', undefined],
      ],
    ],
    [
      '04000507',
      '0x0060',
      [
        ['power off', undefined],
        ['demand over limit', undefined],
      ],
    ],
    [
      '04000601',
      '0x05',
      [
        ['plus import', undefined],
        ['plus export', undefined],
      ],
    ],
    [
      '04000603',
      '0x81',
      [
        ['plus quadrant I', undefined],
        ['minus quadrant IV', undefined],
      ],
    ],
    ['04000703', '0x08', [['2400 bit/s', undefined]]],
    [
      '04000801',
      '0x41',
      [
        ['Sunday', 'work'],
        ['Saturday', 'work'],
      ],
    ],
    ['04000901', '0x20', [['present demand', undefined]]],
    [
      '04000902',
      '0x81',
      [
        ['active energy import', undefined],
        ['variables', undefined],
      ],
    ],
    [
      'C020',
      '0x37',
      [
        ['reading mode', undefined],
        ['demand mode', undefined],
        ['battery low', undefined],
        ['active power direction', 'export'],
        ['reactive power direction', 'export'],
      ],
    ],
    [
      'C021',
      '0x54',
      [
        ['L3 phase cut', undefined],
        ['L1 overvoltage', undefined],
        ['L3 overvoltage', undefined],
      ],
    ],
    ['C022', '0x02', [['Monday', 'work']]],
  ])('%s says of %s what its bits mean', (di, shown, wanted) => {
    expect(told(di, shown)).toEqual(wanted);
  });

  it('has every bit once and a name in both languages', () => {
    const words = [...STATUS_WORDS, ...Object.values(CHARACTERISTIC_WORDS), ...WORDS_1997];
    for (const { parts } of words) {
      const bits = parts.flatMap(({ bit, bits: count = 1 }) =>
        Array.from({ length: count }, (_, index) => bit + index),
      );
      expect(new Set(bits).size).toBe(bits.length);
      for (const { zh, states = [], bits: count = 1 } of parts) {
        expect(zh).toMatch(/[\u4e00-\u9fff]|^\d+bps$/);
        if (states.length > 0) expect(states).toHaveLength(2 ** count);
      }
    }
    expect(words).toHaveLength(7 + 6 + 3);
  });
});
