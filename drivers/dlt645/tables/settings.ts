/** Schedules, displays, prices and limits, 04 01 to 04 09. DL/T 645-2007 table A.5; EXT from 04 05 on. */
import type { Format } from '../format.ts';
import { fieldsOf } from './event-fields.ts';
import { digits, number, PERCENT, VOLTAGE } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Label, Row } from './row.ts';
import { DAY_TABLE, HOLIDAY, ZONE_TABLE } from './schedules.ts';

function row(pattern: string, label: Label, fields: readonly FieldRow[]): Row {
  return { pattern, label, source: 'table A.5', access: 'RW', fields };
}

const SETS = [
  { set: 1, en: 'set 1', zh: '第一套' },
  { set: 2, en: 'set 2', zh: '第二套' },
] as const;

const SCHEDULES: readonly Row[] = SETS.flatMap(({ set, en, zh }) => {
  const zones = { en: `${en} zone table`, zh: `${zh}时区表` };
  const days = { en: `${en} day table 1 to 8`, zh: `${zh}第1至8日时段表` };
  const of = { word: `set_${set}`, en, zh };
  const ofTable = { word: `set_${set}_table*`, en: `${en} day table`, zh: `${zh}日时段表` };
  return [
    row(`04 ${hexByte(set)} 00 00`, zones, fieldsOf(of, ZONE_TABLE)),
    row(`04 ${hexByte(set)} 00 01..08`, days, fieldsOf(ofTable, DAY_TABLE)),
  ];
});

const HOLIDAYS: Row = row(
  '04 03 00 01..FE',
  { en: 'holiday', zh: '公共假日日期及日时段表号' },
  fieldsOf({ word: 'holiday*', en: 'holiday', zh: '公共假日' }, HOLIDAY),
);

const DISPLAYS: readonly Row[] = (
  [
    ['01', 'auto', 'automatic display', '自动循环显示'],
    ['02', 'key', 'display by key', '按键循环显示'],
  ] as const
).map(([di1, word, en, zh]) => {
  const label = { en: `${en}: item of a screen`, zh: `${zh}第n屏显示数据项` };
  const item = {
    name: `x_display_${word}*_item`,
    unit: '',
    format: digits(4),
    label: { en: 'data identifier', zh: '数据标识' },
  };
  const screen = {
    name: `x_display_${word}*_screen`,
    unit: '',
    format: number('NN'),
    label: { en: 'screen number', zh: '屏号' },
  };
  // With the number of the screen behind it in later meters.
  return { ...row(`04 04 ${di1} 01..FE`, label, [item]), layouts: [[item, screen]] };
});

type Setting = readonly [
  pattern: string,
  name: string,
  unit: string,
  format: Format,
  en: string,
  zh: string,
];

function setting([pattern, name, unit, format, en, zh]: Setting): Row {
  const label = { en, zh };
  return { ...row(pattern, label, [{ name, unit, format, label }]), source: 'EXT' };
}

const PRICE = number('NNNN.NNNN');
const STEP = number('NNNNNN.NN');

const PRICES: readonly Row[] = SETS.flatMap(({ set, en, zh }) =>
  [
    [
      `04 05 ${hexByte(set)} 01..3F`,
      `x_set_${set}_price*`,
      'CNY/kWh',
      PRICE,
      `${en} tariff price`,
      `${zh}费率电价`,
    ] as const,
    [
      `04 06 ${hexByte(set * 2 - 2)} 01..FE`,
      `x_set_${set}_step_limit*`,
      'kWh',
      STEP,
      `${en} step limit`,
      `${zh}阶梯值`,
    ] as const,
    [
      `04 06 ${hexByte(set * 2 - 1)} 01..FE`,
      `x_set_${set}_step_price*`,
      'CNY/kWh',
      PRICE,
      `${en} step price`,
      `${zh}阶梯电价`,
    ] as const,
  ].map(setting),
);

/** One threshold: its word, unit and format, and what it says. */
type Threshold = readonly [word: string, unit: string, format: Format, en: string, zh: string];

const FINE = number('NN.NNNN');
const DELAY: Threshold = ['delay', 's', number('NN'), 'delay', '判定延时时间'];
const VOLTAGE_BELOW: Threshold = ['voltage_below', 'V', VOLTAGE, 'voltage below', '电压触发上限'];
const VOLTAGE_ABOVE: Threshold = ['voltage_above', 'V', VOLTAGE, 'voltage above', '电压触发下限'];
const CURRENT_BELOW: Threshold = ['current_below', 'A', FINE, 'current below', '电流触发上限'];
const POWER_ABOVE: Threshold = ['power_above', 'kW', FINE, 'power above', '有功功率触发下限'];
const RATE_ABOVE: Threshold = ['rate_above', '%', number('NNN.N'), 'rate above', '不平衡率限值'];

/** 01 to 0F, in order. */
const THRESHOLDS: readonly (readonly [
  event: string,
  en: string,
  zh: string,
  thresholds: readonly Threshold[],
])[] = [
  [
    'voltage_loss',
    'loss of voltage',
    '失压',
    [
      VOLTAGE_BELOW,
      ['voltage_back', 'V', VOLTAGE, 'voltage back at', '电压恢复下限'],
      ['current_above', 'A', FINE, 'current above', '电流触发下限'],
      DELAY,
    ],
  ],
  ['undervoltage', 'undervoltage', '欠压', [VOLTAGE_BELOW, DELAY]],
  ['overvoltage', 'overvoltage', '过压', [VOLTAGE_ABOVE, DELAY]],
  ['phase_cut', 'phase cut', '断相', [VOLTAGE_BELOW, CURRENT_BELOW, DELAY]],
  ['voltage_unbalance', 'voltage unbalance', '电压不平衡', [RATE_ABOVE, DELAY]],
  ['current_unbalance', 'current unbalance', '电流不平衡', [RATE_ABOVE, DELAY]],
  [
    'current_loss',
    'loss of current',
    '失流',
    [
      VOLTAGE_ABOVE,
      CURRENT_BELOW,
      ['current_back', 'A', FINE, 'current back at', '电流恢复下限'],
      DELAY,
    ],
  ],
  [
    'overcurrent',
    'overcurrent',
    '过流',
    [['current_above', 'A', number('NNN.N'), 'current above', '电流触发下限'], DELAY],
  ],
  ['current_cut', 'current cut', '断流', [VOLTAGE_ABOVE, CURRENT_BELOW, DELAY]],
  ['power_reversal', 'power reversal', '潮流反向', [POWER_ABOVE, DELAY]],
  ['overload', 'overload', '过载', [POWER_ABOVE, DELAY]],
  [
    'voltage_quality',
    'voltage quality',
    '电压考核',
    [
      ['voltage_highest', 'V', VOLTAGE, 'highest voltage', '上限'],
      ['voltage_lowest', 'V', VOLTAGE, 'lowest voltage', '下限'],
    ],
  ],
  [
    'demand_over',
    'demand over limit',
    '需量超限',
    [
      ['active_above', 'kW', FINE, 'active demand above', '有功触发下限'],
      ['reactive_above', 'kvar', FINE, 'reactive demand above', '无功触发下限'],
      DELAY,
    ],
  ],
  [
    'power_factor_low',
    'power factor below limit',
    '总功率因数超下限',
    [['factor_below', '', number('N.NNN'), 'factor below', '阀值'], DELAY],
  ],
  [
    'current_severe_unbalance',
    'severe current unbalance',
    '电流严重不平衡',
    [['rate_above', '%', PERCENT, 'rate above', '限值'], DELAY],
  ],
];

const LIMITS: readonly Row[] = THRESHOLDS.flatMap(([event, en, zh, thresholds], index) =>
  thresholds.map(([word, unit, format, what, wort], at) =>
    setting([
      `04 09 ${hexByte(index + 1)} ${hexByte(at + 1)}`,
      `x_${event}_limit_${word}`,
      unit,
      format,
      `${en}: ${what}`,
      `${zh}事件${wort}`,
    ]),
  ),
);

export const settingRows = (): Row[] => [...SCHEDULES, HOLIDAYS, ...DISPLAYS, ...PRICES, ...LIMITS];
