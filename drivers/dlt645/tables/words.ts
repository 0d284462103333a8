/**
 * Status and characteristic words, bit by bit. DL/T 645-2007 annex C; bits of status word 3 from
 * the fifth on as meters of the State Grid have them.
 */
import type { Label } from './row.ts';

/** One bit or several bits together, lowest bit first. */
export interface WordPart extends Label {
  readonly bit: number;
  /** Bits together, 1 where absent. */
  readonly bits?: number;
  /** What each number means; a single bit without them is set or not. */
  readonly states?: readonly Label[];
}

export interface Word {
  readonly name: string;
  readonly parts: readonly WordPart[];
}

const part = (bit: number, en: string, zh: string): WordPart => ({ bit, en, zh });
const states = (...pairs: readonly (readonly [string, string])[]): Label[] =>
  pairs.map(([en, zh]) => ({ en, zh }));

const DIRECTION = states(['import', '正向'], ['export', '反向']);
const SET = states(['first', '第一套'], ['second', '第二套']);
const SWITCH = states(['closed', '通'], ['open', '断']);

/** Status words 4 to 6, one a phase. */
const phaseWord = (number: number, en: string, zh: string): Word => ({
  name: `x_status_word_${number}`,
  parts: (
    [
      ['loss of voltage', '失压'],
      ['undervoltage', '欠压'],
      ['overvoltage', '过压'],
      ['loss of current', '失流'],
      ['overcurrent', '过流'],
      ['overload', '过载'],
      ['power reversal', '潮流反向'],
      ['phase cut', '断相'],
      ['current cut', '断流'],
    ] as const
  ).map(([what, what_zh], bit) => part(bit, `${en} ${what}`, `${zh}${what_zh}`)),
});

export const STATUS_WORDS: readonly Word[] = [
  {
    name: 'x_status_word_1',
    parts: [
      {
        ...part(1, 'demand by', '需量积算方式'),
        states: states(['sliding', '滑差'], ['block', '区间']),
      },
      part(2, 'clock battery low', '时钟电池欠压'),
      part(3, 'reading battery low', '停电抄表电池欠压'),
      { ...part(4, 'active power direction', '有功功率方向'), states: DIRECTION },
      { ...part(5, 'reactive power direction', '无功功率方向'), states: DIRECTION },
    ],
  },
  {
    name: 'x_status_word_2',
    parts: [
      { ...part(0, 'active power direction L1', 'A相有功功率方向'), states: DIRECTION },
      { ...part(1, 'active power direction L2', 'B相有功功率方向'), states: DIRECTION },
      { ...part(2, 'active power direction L3', 'C相有功功率方向'), states: DIRECTION },
      { ...part(4, 'reactive power direction L1', 'A相无功功率方向'), states: DIRECTION },
      { ...part(5, 'reactive power direction L2', 'B相无功功率方向'), states: DIRECTION },
      { ...part(6, 'reactive power direction L3', 'C相无功功率方向'), states: DIRECTION },
    ],
  },
  {
    name: 'x_status_word_3',
    parts: [
      { ...part(0, 'day tables in use', '当前运行时段'), states: SET },
      {
        ...part(1, 'supply', '供电方式'),
        bits: 2,
        states: states(
          ['mains', '主电源'],
          ['auxiliary', '辅助电源'],
          ['battery', '电池'],
          ['reserved', '保留'],
        ),
      },
      part(3, 'programming allowed', '编程允许'),
      { ...part(4, 'relay', '继电器状态'), states: SWITCH },
      { ...part(5, 'zone table in use', '当前运行时区'), states: SET },
      { ...part(6, 'relay command', '继电器命令状态'), states: SWITCH },
      part(7, 'alarm ahead of a trip', '预跳闸报警'),
      {
        ...part(8, 'prepayment', '电能表类型'),
        bits: 2,
        states: states(
          ['none', '非预付费表'],
          ['energy', '电量型预付费表'],
          ['amount', '电费型预付费表'],
          ['reserved', '保留'],
        ),
      },
      { ...part(10, 'tariff prices in use', '当前运行分时费率'), states: SET },
      { ...part(11, 'steps in use', '当前阶梯'), states: SET },
      part(12, 'power kept', '保电状态'),
      part(13, 'identity authenticated', '身份认证有效'),
      part(14, 'local account opened', '本地开户'),
      part(15, 'remote account opened', '远程开户'),
    ],
  },
  phaseWord(4, 'L1', 'A相'),
  phaseWord(5, 'L2', 'B相'),
  phaseWord(6, 'L3', 'C相'),
  {
    name: 'x_status_word_7',
    parts: [
      part(0, 'voltage phase sequence reversed', '电压逆相序'),
      part(1, 'current phase sequence reversed', '电流逆相序'),
      part(2, 'voltage unbalance', '电压不平衡'),
      part(3, 'current unbalance', '电流不平衡'),
      part(4, 'auxiliary power loss', '辅助电源失电'),
      part(5, 'power off', '掉电'),
      part(6, 'demand over limit', '需量超限'),
    ],
  },
];

const wordOf = (name: string, parts: readonly (readonly [string, string])[], first = 0): Word => ({
  name,
  parts: parts.map(([en, zh], index) => part(first + index, en, zh)),
});

const QUADRANT_SUMS = (['I', 'II', 'III', 'IV'] as const).flatMap((quadrant) => [
  [`plus quadrant ${quadrant}`, `${quadrant}象限加`] as const,
  [`minus quadrant ${quadrant}`, `${quadrant}象限减`] as const,
]);

/** Bit 1 to 6 of the baud-rate words; the 1997 edition counts them one further down. */
const BAUDS = ['600', '1200', '2400', '4800', '9600', '19200'].map(
  (baud) => [`${baud} bit/s`, `${baud}bps`] as const,
);
const DAYS = [
  ['Sunday', '周日'],
  ['Monday', '周一'],
  ['Tuesday', '周二'],
  ['Wednesday', '周三'],
  ['Thursday', '周四'],
  ['Friday', '周五'],
  ['Saturday', '周六'],
] as const;

export const CHARACTERISTIC_WORDS = {
  active: wordOf('x_combination_active', [
    ['plus import', '正向有功加'],
    ['minus import', '正向有功减'],
    ['plus export', '反向有功加'],
    ['minus export', '反向有功减'],
  ]),
  reactive: wordOf('x_combination_reactive', QUADRANT_SUMS),
  baud: wordOf('x_baud', BAUDS, 1),
  weekRest: {
    name: 'x_week_rest',
    parts: DAYS.map(([en, zh], bit) => ({
      ...part(bit, en, zh),
      states: states(['rest', '休息'], ['work', '工作']),
    })),
  },
  loadRecord: wordOf('x_load_record_mode', [
    ['voltage, current, frequency', '电压、电流、频率'],
    ['active and reactive power', '有、无功功率'],
    ['power factor', '功率因数'],
    ['active and reactive energy', '有、无功总电能'],
    ['quadrant energy', '四象限无功总电能'],
    ['present demand', '当前需量'],
  ]),
  freeze: wordOf('x_freeze_mode', [
    ['active energy import', '正向有功电能'],
    ['active energy export', '反向有功电能'],
    ['combined reactive energy 1', '组合无功1电能'],
    ['combined reactive energy 2', '组合无功2电能'],
    ['quadrant energy', '四象限无功电能'],
    ['demand of active energy import', '正向有功最大需量'],
    ['demand of active energy export', '反向有功最大需量'],
    ['variables', '变量'],
  ]),
} as const satisfies Record<string, Word>;

/** What one part of a word says. */
export interface WordState {
  readonly part: WordPart;
  readonly number: number;
  /** The number in words; absent where it is simply set or not. */
  readonly state?: Label;
}

/** Every part of the word as it stands in `shown`, such as `0x0050`. */
export function readWord({ parts }: Word, shown: string): WordState[] {
  const word = Number.parseInt(shown.replace(/^0x/, ''), 16);
  return parts.map((one) => {
    const number = (word >> one.bit) & ((1 << (one.bits ?? 1)) - 1);
    const state = one.states?.[number];
    return state === undefined ? { part: one, number } : { part: one, number, state };
  });
}
