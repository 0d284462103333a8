/** Status words of DL/T 645-1997, bit by bit: a bit that is set says that something is wrong. */
import { CHARACTERISTIC_WORDS, type Word } from '../tables/words.ts';

const DIRECTION = [
  { en: 'import', zh: '正向' },
  { en: 'export', zh: '反向' },
];

export const WORDS_1997: readonly Word[] = [
  {
    name: 'x_status_run',
    parts: [
      { bit: 0, en: 'reading mode', zh: '抄表方式' },
      { bit: 1, en: 'demand mode', zh: '最大需量积算方式' },
      { bit: 2, en: 'battery low', zh: '电池欠压' },
      { bit: 4, en: 'active power direction', zh: '有功功率方向', states: DIRECTION },
      { bit: 5, en: 'reactive power direction', zh: '无功功率方向', states: DIRECTION },
    ],
  },
  {
    name: 'x_status_grid',
    parts: [
      { bit: 0, en: 'L1 phase cut', zh: 'A相断相' },
      { bit: 1, en: 'L2 phase cut', zh: 'B相断相' },
      { bit: 2, en: 'L3 phase cut', zh: 'C相断相' },
      { bit: 4, en: 'L1 overvoltage', zh: 'A相过压' },
      { bit: 5, en: 'L2 overvoltage', zh: 'B相过压' },
      { bit: 6, en: 'L3 overvoltage', zh: 'C相过压' },
    ],
  },
  CHARACTERISTIC_WORDS.weekRest,
];
