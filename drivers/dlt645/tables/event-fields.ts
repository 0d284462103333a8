/** What records of events are made of. DL/T 645-2007 table A.4. Names get the event in front. */
import type { Format, TimeFormat } from '../format.ts';
import { energyField, KINDS } from './energies.ts';
import { COUNT, CURRENT, digits, ENERGY, FACTOR, POWER, SECOND, VOLTAGE } from './formats.ts';
import type { FieldRow, Label } from './row.ts';

/** An event by the word in its names, and what people call it. */
export interface EventName extends Label {
  readonly word: string;
}

/** A field of any event: its name lacks the event. */
export type Part = readonly [name: string, unit: string, format: Format, en: string, zh: string];

export const START: Part = ['start', '', SECOND, 'start', '发生时刻'];
export const END: Part = ['end', '', SECOND, 'end', '结束时刻'];
export const TIME: Part = ['time', '', SECOND, 'time', '发生时刻'];
export const OPERATOR: Part = ['operator', '', digits(4), 'operator code', '操作者代码'];

const COUNTED: Part = ['count', 'times', COUNT, 'count', '总次数'];
const MINUTES: Part = ['minutes', 'min', COUNT, 'minutes in all', '总累计时间'];

const PHASES = [
  ['_l1', 'L1', 'A相'],
  ['_l2', 'L2', 'B相'],
  ['_l3', 'L3', 'C相'],
] as const;
const TOTAL_AND_PHASES = [['', 'total', '总'], ...PHASES] as const;

type Place = (typeof TOTAL_AND_PHASES)[number];

function inPlace([name, unit, format, en, zh]: Part, [suffix, place, ort]: Place): Part {
  return [name + suffix, unit, format, `${en} ${place}`, `${ort}${zh}`];
}

/** As parts of the record: import, export, combined reactive 1 and 2. */
const FOUR: readonly Part[] = KINDS.slice(0, 4).map((kind) => {
  const { name, unit, format, label } = energyField(kind);
  return [name.replace(/^x_/, ''), unit, format, label.en, label.zh];
});

/** Import, export and the quadrants. */
export const SIX: readonly Part[] = KINDS.filter(([name]) => !/combined|apparent/.test(name)).map(
  (kind) => {
    const { name, unit, format, label } = energyField(kind);
    return [name, unit, format, label.en, label.zh];
  },
);

const MEASURED: readonly Part[] = [
  ['voltage', 'V', VOLTAGE, 'voltage', '电压'],
  ['current', 'A', CURRENT, 'current', '电流'],
  ['power_active', 'kW', POWER, 'active power', '有功功率'],
  ['power_reactive', 'kvar', POWER, 'reactive power', '无功功率'],
  ['power_factor', '', FACTOR, 'power factor', '功率因数'],
];

const CHARGE: Part = ['ampere_hours', 'Ah', ENERGY, 'ampere hours', '安时数'];

const everywhere = (parts: readonly Part[], places: readonly Place[] = TOTAL_AND_PHASES): Part[] =>
  places.flatMap((place) => parts.map((part) => inPlace(part, place)));

/** The four energies in total and by phase. */
export const SIXTEEN: readonly Part[] = everywhere(FOUR);

/** The six energies in total and by phase. */
export const TWENTY_FOUR: readonly Part[] = everywhere(SIX);

/** The four energies in total; by phase with what was measured there. */
export const DETAILS: readonly Part[] = [
  ...everywhere(FOUR, TOTAL_AND_PHASES.slice(0, 1)),
  ...everywhere([...FOUR, ...MEASURED], PHASES),
];

export const CHARGES: readonly Part[] = everywhere([CHARGE]);

/** Count and minutes, of the whole meter or of each phase. Which comes first nobody has shown. */
export const PAIR: readonly Part[] = [COUNTED, MINUTES];
export const PAIRS: readonly Part[] = everywhere(PAIR, PHASES);
/** Export markets have the counts alone. */
export const COUNTS: readonly Part[] = everywhere([COUNTED], PHASES);
export const SINGLE: readonly Part[] = [COUNTED];

/** The parts as fields of this event. `time` is of a demand. */
export function fieldsOf(event: EventName, parts: readonly Part[], time?: TimeFormat): FieldRow[] {
  return parts.map(([name, unit, format, en, zh]) => {
    const label = { en: `${event.en}: ${en}`, zh: `${event.zh}${zh}` };
    const field = { name: `x_${event.word}_${name}`, unit, format, label };
    return time === undefined ? field : { ...field, time };
  });
}

/** Energies before what happened, or behind it. */
export function moment(parts: readonly Part[], word: string, en: string, zh: string): Part[] {
  return parts.map(([name, unit, format, what, wort]) => [
    `${name}_${word}`,
    unit,
    format,
    `${what} ${en}`,
    `${zh}${wort}`,
  ]);
}

/** The same part over and over, numbered from 1. */
export function repeat(part: Part, count: number): Part[] {
  const [name, unit, format, en, zh] = part;
  return Array.from({ length: count }, (_, index) => [
    `${name}_${index + 1}`,
    unit,
    format,
    `${en} ${index + 1}`,
    `${zh}${index + 1}`,
  ]);
}
