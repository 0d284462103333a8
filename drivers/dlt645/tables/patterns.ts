/** Which identifiers a pattern stands for, and what each of its places does to the fields. */
import { HARMONICS } from '../../../src/core/catalogue/variables.ts';
import { TARIFFS } from '../../../src/core/registers.ts';
import type { FieldRow, Row } from './row.ts';

const ALL = 0xff;
/** The meter keeps the last twelve settlements, 0 being the running period. */
const SETTLEMENTS = 12;
/** The last ten of every kind of event. */
const RECORDS = 10;

type Fields = readonly FieldRow[];

/** One of the four bytes of an identifier. */
interface Place {
  readonly first: number;
  readonly last: number;
  /** FF stands for all of them. */
  readonly hasAll: boolean;
  /** The fields of the row for this value of the byte. */
  spread(fields: Fields, value: number): Fields;
}

export const hexByte = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();

/** What has no OBIS code has `x_` in front of its name. */
export const extraName = (name: string) => (name.startsWith('x_') ? name : `x_${name}`);

const upTo = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

function named(fields: Fields, suffix: string): Fields {
  return fields.map((field) => ({
    ...field,
    name: field.name.includes('*') ? field.name.replace('*', suffix) : field.name + suffix,
  }));
}

/** The value becomes part of the names; FF gives the fields of every value in turn. */
function counted(first: number, last: number, suffix: (value: number) => string): Place {
  const spread = (fields: Fields, value: number) =>
    (value === ALL ? upTo(first, last) : [value]).flatMap((each) => named(fields, suffix(each)));
  return { first, last, hasAll: true, spread };
}

const letterAndNumber = (letter: string) => (value: number) =>
  value === 0 ? '' : `_${letter}${value}`;

/** A settlement has its number in the name, alone and where all stand together. */
function settle(fields: Fields, value: number): Fields {
  const past = fields.map((field) => ({ ...field, name: extraName(field.name) }));
  const settled = (each: number) => (each === 0 ? fields : named(past, `_s${each}`));
  return value === ALL ? upTo(0, SETTLEMENTS).flatMap(settled) : settled(value);
}

function recall(fields: Fields, value: number): Fields {
  if (value !== ALL) return fields;
  return upTo(1, RECORDS).flatMap((each) => named(fields, `_${each}`));
}

const LETTERS: Readonly<Record<string, Place>> = {
  T: counted(0, TARIFFS, letterAndNumber('t')),
  S: { first: 0, last: SETTLEMENTS, hasAll: true, spread: settle },
  P: counted(1, 3, letterAndNumber('l')),
  V: counted(0, 3, letterAndNumber('l')),
  L: { ...counted(1, 3, letterAndNumber('l')), hasAll: false },
  W: { ...counted(0, 3, letterAndNumber('l')), hasAll: false },
  H: counted(1, HARMONICS, letterAndNumber('')),
  Q: { first: 1, last: RECORDS, hasAll: false, spread: (fields) => fields },
  R: { first: 1, last: RECORDS, hasAll: true, spread: recall },
};

function placeOf(word: string, fieldCount: number): Place {
  if (word === 'F' || word === 'G') {
    const spread = (fields: Fields, value: number) =>
      value === ALL ? fields : fields.slice(value - 1, value);
    return { first: 1, last: fieldCount, hasAll: word === 'F', spread };
  }
  const letter = LETTERS[word];
  if (letter !== undefined) return letter;
  const [first = 0, last] = word.split('..').map((digits) => Number.parseInt(digits, 16));
  if (last === undefined) return { first, last: first, hasAll: false, spread: (fields) => fields };
  // Numbers of freezes stay out of the names; a name that wants its number has a place for it.
  const spread = (fields: Fields, value: number) =>
    fields.map((field) => ({ ...field, name: field.name.replace('*', `_${value}`) }));
  return { first, last, hasAll: false, spread };
}

export interface Pattern {
  readonly row: Row;
  /** DI3 first. */
  readonly places: readonly Place[];
}

export function compile(row: Row): Pattern {
  return { row, places: row.pattern.split(' ').map((word) => placeOf(word, row.fields.length)) };
}

/** The bytes of eight hex digits, `null` for any other text. */
export function bytesOf(di: string): number[] | null {
  if (!/^[0-9A-F]{8}$/.test(di)) return null;
  return [0, 2, 4, 6].map((at) => Number.parseInt(di.slice(at, at + 2), 16));
}

/** No identifier says "all" in two places. */
export function fits({ places }: Pattern, bytes: readonly number[]): boolean {
  let alls = 0;
  return places.every(({ first, last, hasAll }, index) => {
    const value = bytes[index] ?? -1;
    if (value >= first && value <= last) return true;
    if (hasAll && value === ALL) alls += 1;
    return hasAll && value === ALL && alls === 1;
  });
}

/** The row's fields as this identifier has them. */
export function spread({ places }: Pattern, bytes: readonly number[], fields: Fields): Fields {
  return places.reduce((some, place, index) => place.spread(some, bytes[index] ?? 0), fields);
}

/** True where the identifier asks for a settlement that is over. */
export function isSettlement({ row }: Pattern, bytes: readonly number[]): boolean {
  const [, , , di0 = 0] = bytes;
  return row.pattern.endsWith('S') && di0 !== 0 && di0 !== ALL;
}

function identifiersWith(pattern: Pattern, valuesOf: (place: Place) => number[]): string[] {
  let prefixes: number[][] = [[]];
  for (const place of pattern.places) {
    prefixes = prefixes.flatMap((prefix) => valuesOf(place).map((value) => [...prefix, value]));
  }
  return prefixes
    .filter((bytes) => fits(pattern, bytes))
    .map((bytes) => bytes.map(hexByte).join(''));
}

/** Every identifier of the row. */
export function identifiersOf(row: Row): string[] {
  return identifiersWith(compile(row), ({ first, last, hasAll }) => [
    ...upTo(first, last),
    ...(hasAll ? [ALL] : []),
  ]);
}

/** The first, the last and the block of every place of the row, in all their combinations. */
export function sampleIdentifiers(row: Row): string[] {
  return identifiersWith(compile(row), ({ first, last, hasAll }) => [
    ...new Set([first, last, ...(hasAll ? [ALL] : [])]),
  ]);
}
