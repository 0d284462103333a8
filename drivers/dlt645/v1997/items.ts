/** The identifiers that the rows of 1997 stand for, with the fields of their answers. */
import { findRegister, type Register } from '../../../src/core/registers.ts';
import { extraName } from '../tables/patterns.ts';
import type { Field, FieldRow, Item, Row } from '../tables/row.ts';
import { ROWS_1997 } from './rows.ts';

/** Tariffs and phases that a letter of a pattern counts, and how they show in names. */
const LETTERS: Readonly<Record<string, readonly [first: number, last: number, mark: string]>> = {
  T: [0, 14, 't'],
  P: [1, 3, 'l'],
  V: [0, 3, 'l'],
};
/** In place of a letter: all of them. */
const ALL = 'F';
/** All directions of one DI1, and all energies of all months. */
const ALL_DIRECTIONS = 'FF';
const ALL_ENERGIES = '9FFF';

/** The time of a demand has no tariff behind its name: `*` keeps the place. */
function fieldNamed({ name, ...row }: FieldRow, suffix: string): Field {
  const whole = name.includes('*') ? name.replace('*', suffix) : name + suffix;
  return { ...row, name: whole, register: findRegister(whole) ?? null };
}

function single(di: string, field: Field, isPast: boolean): Item {
  return { di, fields: [field], ...(isPast ? { isPast } : {}) };
}

/**
 * One by one under the digits that the letter counts, and all of them under F. `month` counts
 * back from the present one; months that are over have it in their names.
 */
function lettered(stem: string, letter: string, { row, month }: { row: FieldRow; month: number }) {
  const isPast = month > 0;
  const [first = 0, last = 0, mark = ''] = LETTERS[letter] ?? [];
  const values = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const past = isPast ? `_s${month}` : '';
  const named = isPast ? { ...row, name: extraName(row.name) } : row;
  const fields = values.map((value) =>
    fieldNamed(named, (value === 0 ? '' : `_${mark}${value}`) + past),
  );
  const items = fields.map((field, index) =>
    single(`${stem}${(first + index).toString(16).toUpperCase()}`, field, isPast),
  );
  return [...items, { di: `${stem}${ALL}`, fields, ...(isPast ? { isPast } : {}) }];
}

/** The numbers of a list count from its first identifier on. */
function listed(di1: string, range: string, row: FieldRow): Item[] {
  const [first = 0, last = first] = range.split('..').map((digits) => Number.parseInt(digits, 16));
  const isList = last > first;
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const di0 = (first + index).toString(16).padStart(2, '0').toUpperCase();
    return single(`${di1}${di0}`, fieldNamed(row, isList ? `_${index + 1}` : ''), false);
  });
}

/** Every identifier that the row stands for. */
export function itemsOf({ pattern, fields, carries }: Row): Item[] {
  if (carries !== undefined) return [{ di: pattern.replace(' ', ''), fields: [], carries }];
  const [months = '', di0 = ''] = pattern.split(' ');
  const letter = di0.slice(1);
  return months
    .split('|')
    .flatMap((di1, month) =>
      fields.flatMap((row) =>
        Object.hasOwn(LETTERS, letter)
          ? lettered(di1 + di0.slice(0, 1), letter, { row, month })
          : listed(di1, di0, row),
      ),
    );
}

/** The blocks of all directions together, for every DI1 that keeps several. */
function joined(items: readonly Item[]): Item[] {
  const byDi1 = new Map<string, Item[]>();
  for (const item of items.filter(({ di }) => /^[9AB][014589].F$/.test(di))) {
    const di1 = item.di.slice(0, 2);
    byDi1.set(di1, [...(byDi1.get(di1) ?? []), item]);
  }
  return [...byDi1].map(([di1, parts]) => ({
    di: di1 + ALL_DIRECTIONS,
    fields: parts.flatMap(({ fields }) => fields),
    groups: parts.map(({ fields }) => fields),
    ...(parts.some(({ isPast }) => isPast) ? { isPast: true } : {}),
  }));
}

function allEnergies(joint: readonly Item[]): Item {
  const groups = joint
    .filter(({ di }) => di.startsWith('9'))
    .toSorted((one, other) => (one.di < other.di ? -1 : 1))
    .flatMap(({ groups = [] }) => groups);
  return { di: ALL_ENERGIES, fields: groups.flat(), groups };
}

/** Some meters end the block of powers with the limits that stand behind them. */
function withLimits(items: readonly Item[]): Item[] {
  const limits = items.filter(({ di }) => di === 'B634' || di === 'B635');
  const behind = limits.flatMap(({ fields }) => fields);
  return items.map((item) =>
    item.di === 'B63F' ? { ...item, layouts: [[...item.fields, ...behind]] } : item,
  );
}

function allItems(): Item[] {
  const items = withLimits(ROWS_1997.flatMap(itemsOf));
  const joint = joined(items);
  return [...items, ...joint, allEnergies(joint)];
}

/** Every identifier of this edition that can be decoded, by its four hex digits. */
export const ITEMS_1997: ReadonlyMap<string, Item> = new Map(
  allItems().map((item) => [item.di, item]),
);

/** The item of an identifier such as `9010`; `undefined` for what the tables lack. */
export function find1997Item(di: string): Item | undefined {
  return ITEMS_1997.get(di.toUpperCase());
}

/** The identifier that holds this register's present value alone, `null` if none does. */
export function singleDi1997(register: Register): string | null {
  for (const { di, fields, isPast } of ITEMS_1997.values()) {
    if (!isPast && fields.length === 1 && fields[0]?.register?.id === register.id) return di;
  }
  return null;
}
