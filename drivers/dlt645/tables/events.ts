/** Events, 03. DL/T 645-2007 table A.4. */
import { DEMAND_FIELDS } from './demands.ts';
import {
  CHARGES,
  COUNTS,
  DETAILS,
  END,
  type EventName,
  fieldsOf,
  PAIR,
  PAIRS,
  type Part,
  SINGLE,
  SIXTEEN,
  START,
} from './event-fields.ts';
import { COUNT, CURRENT, DEMAND, MINUTE, number, PERCENT, time, VOLTAGE } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Label, Row } from './row.ts';

const STANDARD = 'table A.4';

const event = (word: string, en: string, zh: string): EventName => ({ word, en, zh });

const ofPhase = ({ word, en, zh }: EventName): EventName => ({ word: `${word}*`, en, zh });

function row(pattern: string, label: Label, fields: readonly FieldRow[]): Row {
  return { pattern, label, source: STANDARD, access: 'R', fields, isPast: true };
}

const recordRow = (...parts: Parameters<typeof row>): Row => ({ ...row(...parts), isRecord: true });

const counts = (name: EventName): Label => ({
  en: `${name.en}: counts and minutes`,
  zh: `${name.zh}总次数、总累计时间`,
});
const record = (name: EventName): Label => ({
  en: `${name.en}: record`,
  zh: `${name.zh}记录`,
});

/** 03 xx 00 00, the counts of all phases; 03 xx L Q, a record of one. */
function phaseEvent(di2: number, name: EventName, ...parts: readonly (readonly Part[])[]): Row[] {
  const [main = [], ...others] = parts.map((some) =>
    fieldsOf(ofPhase(name), [START, END, ...some]),
  );
  const recorded = recordRow(`03 ${hexByte(di2)} L Q`, record(name), main);
  return [
    {
      ...row(`03 ${hexByte(di2)} 00 00`, counts(name), fieldsOf(name, PAIRS)),
      layouts: [fieldsOf(name, COUNTS)],
    },
    others.length === 0 ? recorded : { ...recorded, layouts: others },
  ];
}

/** 03 xx 00 00 and 03 xx 00 Q, of the whole meter. */
function meterEvent(di2: number, name: EventName, parts: readonly Part[]): Row[] {
  return [
    row(`03 ${hexByte(di2)} 00 00`, counts(name), fieldsOf(name, PAIR)),
    recordRow(`03 ${hexByte(di2)} 00 Q`, record(name), fieldsOf(name, parts)),
  ];
}

const WITH_CHARGES = [...DETAILS, ...CHARGES];
const LOSS_CURRENT: Part = ['current', 'A', CURRENT, 'current', '电流'];
const RATE: Part = ['rate', '%', PERCENT, 'largest unbalance', '最大不平衡率'];

const POWER_OFF = event('power_off', 'power off', '掉电');

const QUALITY = event('voltage_quality*', 'voltage quality', '电压合格率');
const quality = (percent: string) =>
  fieldsOf(QUALITY, [
    ['minutes', 'min', COUNT, 'watched', '电压监测时间'],
    ['within', '%', number(percent), 'within limits', '电压合格率'],
    ['outside', '%', number(percent), 'outside limits', '电压超限率'],
    ['minutes_above', 'min', COUNT, 'above the upper limit', '电压超上限时间'],
    ['minutes_below', 'min', COUNT, 'below the lower limit', '电压超下限时间'],
    ['highest', 'V', VOLTAGE, 'highest voltage', '最高电压'],
    ['highest_time', '', time('MMDDhhmm'), 'time of the highest', '最高电压出现时间'],
    ['lowest', 'V', VOLTAGE, 'lowest voltage', '最低电压'],
    ['lowest_time', '', time('MMDDhhmm'), 'time of the lowest', '最低电压出现时间'],
  ]);

const OVER_DEMAND = event('demand_over', 'demand over limit', '需量超限');

/** Import, export and the quadrants, 01 to 06. */
const LIMITED = DEMAND_FIELDS.filter(({ name }) => !/combined|apparent/.test(name)).map(
  ({ name, unit, label }) => ({ name: name.replace(/^demand_|_max$/g, ''), unit, label }),
);

const overDemand = ({ name, unit, label }: (typeof LIMITED)[number], index: number): Row => {
  const of = event(`demand_over_${name}`, `${label.en} over limit`, `${label.zh}超限`);
  return recordRow(`03 12 ${hexByte(index + 1)} Q`, record(of), [
    ...fieldsOf(of, [START, END]),
    ...fieldsOf(of, [['demand', unit, DEMAND, 'demand', '需量']], MINUTE),
  ]);
};

export const eventRows = (): Row[] => [
  // The standard has the ampere hours in 01 to 04; of 04 meters also send records without them.
  ...phaseEvent(0x01, event('voltage_loss', 'loss of voltage', '失压'), WITH_CHARGES, DETAILS),
  ...phaseEvent(0x02, event('undervoltage', 'undervoltage', '欠压'), WITH_CHARGES, DETAILS),
  ...phaseEvent(0x03, event('overvoltage', 'overvoltage', '过压'), WITH_CHARGES, DETAILS),
  ...phaseEvent(0x04, event('phase_cut', 'phase cut', '断相'), WITH_CHARGES, DETAILS),
  ...meterEvent(0x05, event('all_phase_loss', 'loss of all phases', '全失压'), [
    START,
    LOSS_CURRENT,
    END,
  ]),
  ...meterEvent(0x06, event('auxiliary_loss', 'auxiliary power loss', '辅助电源失电'), [
    START,
    END,
  ]),
  ...meterEvent(0x07, event('voltage_sequence', 'voltage phase sequence reversed', '电压逆相序'), [
    START,
    END,
    ...SIXTEEN,
  ]),
  ...meterEvent(0x08, event('current_sequence', 'current phase sequence reversed', '电流逆相序'), [
    START,
    END,
    ...SIXTEEN,
  ]),
  ...meterEvent(0x09, event('voltage_unbalance', 'voltage unbalance', '电压不平衡'), [
    START,
    END,
    RATE,
    ...SIXTEEN,
  ]),
  ...meterEvent(0x0a, event('current_unbalance', 'current unbalance', '电流不平衡'), [
    START,
    END,
    RATE,
    ...SIXTEEN,
  ]),
  ...phaseEvent(0x0b, event('current_loss', 'loss of current', '失流'), DETAILS),
  ...phaseEvent(0x0c, event('overcurrent', 'overcurrent', '过流'), DETAILS),
  ...phaseEvent(0x0d, event('current_cut', 'current cut', '断流'), DETAILS),
  ...phaseEvent(0x0e, event('power_reversal', 'power reversal', '潮流反向'), SIXTEEN),
  ...phaseEvent(0x0f, event('overload', 'overload', '过载'), SIXTEEN),
  {
    ...row('03 10 00..03 00..0C', { en: 'voltage quality of a month', zh: '电压合格率统计' }, []),
    pattern: '03 10 W 00..0C',
    fields: quality('XXXX.XX'),
    // Of a phase some meters send the rates in two bytes.
    layouts: [quality('XX.XX')],
  },
  row('03 11 00 00', counts(POWER_OFF), fieldsOf(POWER_OFF, SINGLE)),
  recordRow('03 11 00 Q', record(POWER_OFF), fieldsOf(POWER_OFF, [START, END])),
  row(
    '03 12 00 00',
    counts(OVER_DEMAND),
    LIMITED.flatMap(({ name, label }) =>
      fieldsOf(event(`demand_over_${name}`, `${label.en} over limit`, `${label.zh}超限`), SINGLE),
    ),
  ),
  ...LIMITED.map(overDemand),
];
