/**
 * Events field by field, 10 to 1F, and purchases, 03 32 and 03 33. In no text of the standard: as
 * meters of the State Grid have them and as code that reads them knows them.
 */
import {
  CHARGES,
  DETAILS,
  END,
  type EventName,
  fieldsOf,
  moment,
  OPERATOR,
  PAIR,
  type Part,
  SINGLE,
  SIX,
  SIXTEEN,
  START,
  TIME,
} from './event-fields.ts';
import { ENERGY, MINUTE, number } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Label, Row } from './row.ts';

const atEnd = (parts: readonly Part[]) => moment(parts, 'at_end', 'at the end', '结束时刻');

const WITH_DETAILS = [START, ...DETAILS, END, ...atEnd(SIXTEEN)];
const WITH_CHARGES = [START, ...DETAILS, ...CHARGES, END, ...atEnd(SIXTEEN)];
const WITH_ENERGIES = [START, ...SIXTEEN, END, ...atEnd(SIXTEEN)];
const RATE: Part = ['rate', '%', number('XXXX.XX'), 'largest unbalance', '最大不平衡率'];
const WITH_RATE = [START, ...SIXTEEN, RATE, END, ...atEnd(SIXTEEN)];
const TOTALS = SIXTEEN.slice(0, 4);
const WITH_TOTALS = [START, ...TOTALS, END, ...atEnd(TOTALS)];
const BY_OPERATOR = [TIME, OPERATOR, ...SIX];

interface Itemised extends EventName {
  readonly di3: number;
  /** `L` for those of a phase. */
  readonly di2: 'L' | '00';
  readonly counts: readonly Part[];
  readonly parts: readonly Part[];
}

const itemised = (
  [di3, di2]: readonly [number, 'L' | '00'],
  [word, en, zh]: readonly [string, string, string],
  parts: readonly Part[],
  counts: readonly Part[] = PAIR,
): Itemised => ({ di3, di2, word, en, zh, parts, counts });

const EVENTS: readonly Itemised[] = [
  itemised([0x10, 'L'], ['voltage_loss', 'loss of voltage', '失压'], WITH_CHARGES),
  itemised([0x11, 'L'], ['undervoltage', 'undervoltage', '欠压'], WITH_CHARGES),
  itemised([0x12, 'L'], ['overvoltage', 'overvoltage', '过压'], WITH_CHARGES),
  itemised([0x13, 'L'], ['phase_cut', 'phase cut', '断相'], WITH_CHARGES),
  itemised(
    [0x14, '00'],
    ['voltage_sequence', 'voltage phase sequence reversed', '电压逆相序'],
    WITH_ENERGIES,
  ),
  itemised(
    [0x15, '00'],
    ['current_sequence', 'current phase sequence reversed', '电流逆相序'],
    WITH_ENERGIES,
  ),
  itemised([0x16, '00'], ['voltage_unbalance', 'voltage unbalance', '电压不平衡'], WITH_RATE),
  itemised([0x17, '00'], ['current_unbalance', 'current unbalance', '电流不平衡'], WITH_RATE),
  itemised([0x18, 'L'], ['current_loss', 'loss of current', '失流'], WITH_DETAILS),
  itemised([0x19, 'L'], ['overcurrent', 'overcurrent', '过流'], WITH_DETAILS),
  itemised([0x1a, 'L'], ['current_cut', 'current cut', '断流'], WITH_DETAILS),
  itemised([0x1b, 'L'], ['power_reversal', 'power reversal', '潮流反向'], WITH_ENERGIES),
  itemised([0x1d, '00'], ['relay_trip', 'relay trip', '跳闸'], BY_OPERATOR, SINGLE),
  itemised([0x1e, '00'], ['relay_close', 'relay close', '合闸'], BY_OPERATOR, SINGLE),
  itemised(
    [0x1f, '00'],
    ['power_factor_low', 'power factor below limit', '总功率因数超下限'],
    WITH_TOTALS,
    SINGLE,
  ),
];

function row(pattern: string, label: Label, fields: readonly FieldRow[]): Row {
  return { pattern, label, source: 'EXT', access: 'R', fields, isPast: true };
}

function itemisedRows({ di3, di2, counts, parts, ...name }: Itemised): Row[] {
  const event = di2 === 'L' ? { ...name, word: `${name.word}*` } : name;
  const prefix = `${hexByte(di3)} ${di2}`;
  const label = {
    en: `${name.en}: field by field`,
    zh: `${name.zh}记录分项`,
  };
  return [
    ...counts.map((part, index) => {
      const [field] = fieldsOf(event, [part]);
      const what = field?.label ?? name;
      return row(`${prefix} 00 ${hexByte(index + 1)}`, what, fieldsOf(event, [part]));
    }),
    { ...row(`${prefix} F R`, label, fieldsOf(event, parts)), isRecord: true },
  ];
}

const PURCHASES: readonly (readonly [number, EventName, string])[] = [
  [0x32, { word: 'purchase_energy', en: 'energy purchase', zh: '购电量' }, 'kWh'],
  [0x33, { word: 'purchase_amount', en: 'amount purchase', zh: '购电金额' }, 'CNY'],
];

function purchaseRow([di2, event, unit]: (typeof PURCHASES)[number]): Row {
  const parts: readonly Part[] = [
    ['date', '', MINUTE, 'date', '日期'],
    ['count', 'times', number('XXXX'), 'count', '后总购电次数'],
    ['bought', unit, ENERGY, 'bought', ''],
    ['before', unit, ENERGY, 'remaining before', '前剩余'],
    ['after', unit, ENERGY, 'remaining after', '后剩余'],
    ['total', unit, ENERGY, 'bought in all', '后累计'],
  ];
  const label = { en: `${event.en}: field by field`, zh: `${event.zh}记录` };
  return row(`03 ${hexByte(di2)} G Q`, label, fieldsOf(event, parts));
}

/** Highest bytes of the identifiers of events told field by field. */
export const ITEMISED = EVENTS.map(({ di3 }) => di3);

export const eventItemRows = (): Row[] => EVENTS.flatMap(itemisedRows);

export const purchaseRows = (): Row[] => PURCHASES.map(purchaseRow);
