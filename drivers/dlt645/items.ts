/**
 * The data identifiers of DL/T 645-2007 annex A, and those that meters of the State Grid have
 * besides: which values an answer holds, and what they are called.
 */
import { AmrError } from '../../src/core/errors.ts';
import { findRegister, type Register } from '../../src/core/registers.ts';
import { demandRows } from './tables/demands.ts';
import { energyRows } from './tables/energies.ts';
import { eventItemRows, ITEMISED, purchaseRows } from './tables/event-items.ts';
import { eventRows } from './tables/events.ts';
import { freezeRows } from './tables/freezes.ts';
import { loadRecordRows } from './tables/load-records.ts';
import { parameterRows } from './tables/parameters.ts';
import {
  bytesOf,
  compile,
  fits,
  hexByte,
  identifiersOf,
  isSettlement,
  type Pattern,
  spread,
} from './tables/patterns.ts';
import { programmingRows } from './tables/programming.ts';
import type { Field, FieldRow, Item, Row } from './tables/row.ts';
import { settingRows } from './tables/settings.ts';
import { variableRows } from './tables/variables.ts';

export type { Field, Item } from './tables/row.ts';

/** Units of the totals of an event: how often, and how long in all. */
export const TIMES = 'times';
export const MINUTES = 'min';

/** One table of annex A or of what meters have besides, built when it is first asked for. */
export interface Table {
  readonly en: string;
  readonly zh: string;
  /** Highest bytes of its identifiers. */
  readonly di3: readonly number[];
  rows(): readonly Row[];
}

export const TABLES: readonly Table[] = [
  { en: 'Energies', zh: '电能量', di3: [0x00], rows: energyRows },
  { en: 'Maximum demands', zh: '最大需量及发生时间', di3: [0x01], rows: demandRows },
  { en: 'Variables', zh: '变量', di3: [0x02], rows: variableRows },
  { en: 'Events', zh: '事件记录', di3: [0x03], rows: eventRows },
  { en: 'Programming and clearing', zh: '编程及清零记录', di3: [0x03], rows: programmingRows },
  { en: 'Purchases', zh: '购电记录', di3: [0x03], rows: purchaseRows },
  { en: 'Parameters', zh: '参变量', di3: [0x04], rows: parameterRows },
  { en: 'Schedules, prices and limits', zh: '时段、电价及限值', di3: [0x04], rows: settingRows },
  { en: 'Freezes', zh: '冻结数据', di3: [0x05], rows: freezeRows },
  { en: 'Load records', zh: '负荷记录', di3: [0x06], rows: loadRecordRows },
  {
    en: 'Events field by field',
    zh: '事件记录分项',
    di3: ITEMISED,
    rows: eventItemRows,
  },
];

const compiled = new Map<number, readonly Pattern[]>();

function patternsAt(di3: number): readonly Pattern[] {
  let patterns = compiled.get(di3);
  if (patterns === undefined) {
    const tables = TABLES.filter((table) => table.di3.includes(di3));
    const prefix = hexByte(di3);
    patterns = tables
      .flatMap((table) => table.rows())
      .filter(({ pattern }) => pattern.startsWith(prefix))
      .map(compile);
    compiled.set(di3, patterns);
  }
  return patterns;
}

function toField(row: FieldRow, isPast: boolean): Field {
  const register = findRegister(row.name) ?? null;
  if (register === null && !row.name.startsWith('x_')) {
    throw new AmrError('INTERNAL', `no register is called ${row.name}`);
  }
  return { ...row, register, ...(isPast && { isPast }) };
}

function toItem(pattern: Pattern, bytes: readonly number[]): Item {
  const { row } = pattern;
  const isPast = row.isPast === true || isSettlement(pattern, bytes);
  const fieldsFrom = (rows: readonly FieldRow[]) =>
    spread(pattern, bytes, rows).map((field) => toField(field, isPast));
  const groups = row.groups?.map(fieldsFrom);
  return {
    di: bytes.map(hexByte).join(''),
    fields: groups?.flat() ?? fieldsFrom(row.fields),
    ...(row.layouts && { layouts: row.layouts.map(fieldsFrom) }),
    ...(groups && { groups }),
    ...(row.carries && { carries: row.carries }),
    ...(row.isRecord && { isRecord: true }),
    isPast,
  };
}

const found = new Map<string, Item>();

/** What an answer to this identifier holds, by its eight hex digits; `undefined` if not listed. */
export function findItem(di: string): Item | undefined {
  const known = found.get(di);
  if (known !== undefined) return known;
  const bytes = bytesOf(di);
  const [di3 = 0] = bytes ?? [];
  const pattern = bytes === null ? undefined : patternsAt(di3).find((one) => fits(one, bytes));
  if (bytes === null || pattern === undefined) return undefined;
  const item = toItem(pattern, bytes);
  found.set(di, item);
  return item;
}

/** The row that lists this identifier. */
export function findRow(di: string): Row | undefined {
  const bytes = bytesOf(di);
  if (bytes === null) return undefined;
  return patternsAt(bytes[0] ?? 0).find((one) => fits(one, bytes))?.row;
}

let singles: Map<string, string> | undefined;

/** Of the running period and of one quantity alone. */
const isPlain = (di: string, { pattern }: Row) =>
  !di.slice(2).includes('FF') && (di.endsWith('00') || !pattern.endsWith('S'));

/** Register id -> the identifier that holds it alone and as it is now. */
function singlesOf(): Map<string, string> {
  const map = new Map<string, string>();
  for (const row of [...energyRows(), ...demandRows(), ...variableRows()]) {
    for (const di of identifiersOf(row).filter((one) => isPlain(one, row))) {
      const register = findItem(di)?.fields[0]?.register;
      if (register != null) map.set(register.id, di);
    }
  }
  return map;
}

/** The identifier that holds this register alone, `null` if none does. */
export function singleDi(register: Register): string | null {
  singles ??= singlesOf();
  return singles.get(register.id) ?? null;
}
