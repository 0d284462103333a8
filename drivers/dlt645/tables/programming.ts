/** Events of programming and clearing, 03 30. DL/T 645-2007 table A.4. */
import {
  type EventName,
  fieldsOf,
  moment,
  OPERATOR,
  type Part,
  repeat,
  SINGLE,
  SIX,
  TIME,
  TWENTY_FOUR,
} from './event-fields.ts';
import { bits, DEMAND, digits, MINUTE, number, SECOND, time } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Row } from './row.ts';
import { DAY_TABLE, HOLIDAY, numbered, ZONE_TABLE } from './schedules.ts';
import { CHARACTERISTIC_WORDS, type Word } from './words.ts';

type Fields = (name: EventName) => readonly FieldRow[];

/** 03 30 xx 00, how often; 03 30 xx Q, a record. */
function programming(di1: number, name: EventName, fields: Fields): Row[] {
  const row = { source: 'table A.4', access: 'R', isPast: true } as const;
  return [
    {
      ...row,
      pattern: `03 30 ${hexByte(di1)} 00`,
      label: { en: `${name.en}: count`, zh: `${name.zh}总次数` },
      fields: fieldsOf(name, SINGLE),
    },
    {
      ...row,
      pattern: `03 30 ${hexByte(di1)} Q`,
      label: { en: `${name.en}: record`, zh: `${name.zh}记录` },
      fields: fields(name),
      isRecord: true,
    },
  ];
}

const byOperator =
  (...parts: readonly Part[]): Fields =>
  (name) =>
    fieldsOf(name, [TIME, OPERATOR, ...parts]);

const before = (parts: readonly Part[]) => moment(parts, 'before', 'before', '前');
const after = (parts: readonly Part[]) => moment(parts, 'after', 'after', '后');

const IDENTIFIER: Part = ['identifier', '', digits(4), 'data identifier', '数据标识'];

/** The demands of the six energies, in total and by phase, with their moments. */
const demandsBefore: Fields = (name) => [
  ...fieldsOf(name, [TIME, OPERATOR]),
  ...fieldsOf(name, before(asDemands(TWENTY_FOUR)), MINUTE),
];

const asDemands = (parts: readonly Part[]): Part[] =>
  parts.map(([name, unit, , en, zh]) => [
    `${name.replace('energy', 'demand')}_max`,
    unit.replace(/h$/, ''),
    DEMAND,
    `maximum demand of ${en}`,
    zh.replace('电能', '最大需量'),
  ]);

const dayTables = () =>
  [1, 2].flatMap((set) =>
    [1, 2, 3, 4, 5, 6, 7, 8].flatMap((table) =>
      numbered(
        DAY_TABLE,
        `set_${set}_table_${table}`,
        `set ${set} day table ${table}`,
        `第${set}套第${table}日时段表`,
      ),
    ),
  );

const zoneTables = () =>
  [1, 2].flatMap((set) => numbered(ZONE_TABLE, `set_${set}`, `set ${set}`, `第${set}套`));

const holidays = () =>
  Array.from({ length: 254 }, (_, index) =>
    numbered(HOLIDAY, `holiday_${index + 1}`, `holiday ${index + 1}`, `第${index + 1}公共假日`),
  ).flat();

const wordBefore =
  (word: Word): Fields =>
  (name) => [
    ...fieldsOf(name, [TIME, OPERATOR]),
    ...fieldsOf(name, [['word_before', '', bits(1), 'word before', '前特征字']]).map((field) => ({
      ...field,
      word,
    })),
  ];

const opened: Fields = (name) =>
  fieldsOf(name, [
    ['start', '', SECOND, 'opened', '发生时刻'],
    ['end', '', SECOND, 'closed', '结束时刻'],
    ...before(SIX),
    ...after(SIX),
  ]);

const event = (word: string, en: string, zh: string): EventName => ({ word, en, zh });

export const programmingRows = (): Row[] => [
  ...programming(
    0x00,
    event('programming', 'programming', '编程'),
    byOperator(...repeat(IDENTIFIER, 10)),
  ),
  ...programming(
    0x01,
    event('meter_clear', 'meter clear', '电表清零'),
    byOperator(...before(TWENTY_FOUR)),
  ),
  ...programming(0x02, event('demand_clear', 'demand clear', '需量清零'), demandsBefore),
  ...programming(0x03, event('event_clear', 'event clear', '事件清零'), byOperator(IDENTIFIER)),
  ...programming(0x04, event('clock_set', 'clock set', '校时'), (name) =>
    fieldsOf(name, [
      OPERATOR,
      ['time_before', '', SECOND, 'time before', '前时间'],
      ['time_after', '', SECOND, 'time after', '后时间'],
    ]),
  ),
  ...programming(
    0x05,
    event('day_table_set', 'day tables programmed', '时段表编程'),
    byOperator(...before(dayTables())),
  ),
  ...programming(
    0x06,
    event('zone_table_set', 'zone tables programmed', '时区表编程'),
    byOperator(...before(zoneTables())),
  ),
  ...programming(
    0x07,
    event('week_rest_set', 'rest days programmed', '周休日编程'),
    byOperator(['table_before', '', number('NN'), 'day table before', '前采用的日时段表号']),
  ),
  ...programming(
    0x08,
    event('holiday_set', 'holidays programmed', '节假日编程'),
    byOperator(...before(holidays())),
  ),
  ...programming(
    0x09,
    event('combination_active_set', 'active combination programmed', '有功组合方式编程'),
    wordBefore(CHARACTERISTIC_WORDS.active),
  ),
  ...programming(
    0x0a,
    event('combination_reactive_1_set', 'reactive combination 1 programmed', '无功组合方式1编程'),
    wordBefore(CHARACTERISTIC_WORDS.reactive),
  ),
  ...programming(
    0x0b,
    event('combination_reactive_2_set', 'reactive combination 2 programmed', '无功组合方式2编程'),
    wordBefore(CHARACTERISTIC_WORDS.reactive),
  ),
  ...programming(
    0x0c,
    event('settlement_day_set', 'settlement days programmed', '结算日编程'),
    byOperator(
      ...before(repeat(['settlement_day', '', time('DDhh'), 'settlement day', '结算日'], 3)),
    ),
  ),
  ...programming(0x0d, event('cover_open', 'cover open', '开表盖'), opened),
  ...programming(0x0e, event('terminal_cover_open', 'terminal cover open', '开端钮盒'), opened),
];
