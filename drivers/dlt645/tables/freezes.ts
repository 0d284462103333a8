/**
 * What the meter froze, 05 kk. DL/T 645-2007 table A.6; hourly, price-switch, daily and step-switch
 * freezes as meters of the State Grid have them.
 */
import { DEMAND_FIELDS } from './demands.ts';
import { energyField, KINDS } from './energies.ts';
import { ENERGY, MINUTE, POWER } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Label, Row } from './row.ts';

interface Freeze extends Label {
  readonly kind: number;
  readonly word: string;
  /** Freezes kept; 1 is the latest. */
  readonly kept: number;
  readonly source: string;
}

const STANDARD = 'table A.6';

/** Those that hold everything which the freeze mode word names. */
const FREEZES: readonly Freeze[] = [
  { kind: 0x00, word: 'timed', kept: 12, source: STANDARD, en: 'timed', zh: '定时冻结' },
  { kind: 0x01, word: 'instant', kept: 3, source: STANDARD, en: 'instant', zh: '瞬时冻结' },
  { kind: 0x02, word: 'zone', kept: 2, source: STANDARD, en: 'zone switch', zh: '时区表切换冻结' },
  {
    kind: 0x03,
    word: 'day_table',
    kept: 2,
    source: STANDARD,
    en: 'day-table switch',
    zh: '日时段表切换冻结',
  },
  // Nobody has shown its layout; that of the other switches is the likely one.
  { kind: 0x05, word: 'price', kept: 2, source: 'EXT', en: 'price switch', zh: '费率电价切换冻结' },
  { kind: 0x06, word: 'daily', kept: 62, source: 'EXT', en: 'daily', zh: '日冻结' },
  { kind: 0x07, word: 'step', kept: 2, source: 'EXT', en: 'step switch', zh: '阶梯切换冻结' },
];

const HOURLY: Freeze = {
  kind: 0x04,
  word: 'hourly',
  kept: 254,
  source: 'EXT',
  en: 'hourly',
  zh: '整点冻结',
};

const withTariffs = (field: FieldRow): FieldRow[] =>
  Array.from({ length: 64 }, (_, tariff) => ({
    ...field,
    name: tariff === 0 ? field.name : `${field.name}_t${tariff}`,
  }));

/** 01 to 08. */
const FROZEN_ENERGIES = KINDS.slice(0, 8).map(energyField);
/** 09 and 0A. */
const FROZEN_DEMANDS = DEMAND_FIELDS.slice(0, 2);

const PLACES = ['', '_l1', '_l2', '_l3'];
/** 10: in total and by phase. */
const FROZEN_POWERS: readonly FieldRow[] = [
  ...PLACES.map((place) => ({
    name: `power_active${place}`,
    unit: 'kW',
    format: POWER,
    label: { en: 'active power', zh: '有功功率' },
  })),
  ...PLACES.map((place) => ({
    name: `x_power_reactive${place}`,
    unit: 'kvar',
    format: POWER,
    label: { en: 'reactive power', zh: '无功功率' },
  })),
];

function timeField({ word, en, zh }: Freeze): FieldRow {
  const label = { en: `time of the ${en} freeze`, zh: `${zh}时间` };
  return { name: `x_freeze_${word}_time`, unit: '', format: MINUTE, label };
}

function rowsOf(freeze: Freeze, parts: readonly (readonly [number, readonly FieldRow[]])[]): Row[] {
  const { kind, kept, source, en, zh } = freeze;
  const row = (di1: number, fields: readonly FieldRow[], what: Label): Row => ({
    pattern: `05 ${hexByte(kind)} ${hexByte(di1)} 01..${hexByte(kept)}`,
    label: { en: `${en} freeze: ${what.en}`, zh: `${zh}${what.zh}` },
    source,
    access: 'R',
    fields,
    isPast: true,
  });
  const groups = [[timeField(freeze)], ...parts.map(([, fields]) => fields)];
  return [
    row(0x00, [timeField(freeze)], { en: 'time', zh: '时间' }),
    ...parts.map(([di1, fields]) => row(di1, fields, fields[0]?.label ?? { en: '', zh: '' })),
    { ...row(0xff, groups.flat(), { en: 'all of it', zh: '数据块' }), groups },
  ];
}

const full = (): (readonly [number, readonly FieldRow[]])[] => [
  ...FROZEN_ENERGIES.map((field, index) => [index + 1, withTariffs(field)] as const),
  ...FROZEN_DEMANDS.map((field, index) => [index + 9, withTariffs(field)] as const),
  [0x10, FROZEN_POWERS],
];

const TOTALS = FROZEN_ENERGIES.slice(0, 2).map(
  (field, index) => [index + 1, [{ ...field, format: ENERGY }]] as const,
);

export const freezeRows = (): Row[] => [
  ...FREEZES.flatMap((freeze) => rowsOf(freeze, full())),
  ...rowsOf(HOURLY, TOTALS),
];
