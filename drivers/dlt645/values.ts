/** From the payload of a read answer to the values it holds, and back. DL/T 645-2007 clause 7.1. */
import { concatBytes } from '../../src/core/bytes.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import {
  type DecodedValue,
  FLAG_ABSENT,
  FLAG_INVALID,
  type RegisterValue,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { pack, type Shown, show, widthOf } from './format.ts';
import { onlyWay, SEPARATOR, splitParts, TAILS, withoutTail } from './groups.ts';
import type { Field, Item } from './items.ts';
import { extraName } from './tables/patterns.ts';

/** One field of an answer with what the meter shows there. */
export interface FieldValue extends Shown {
  readonly field: Field;
  /**
   * When a maximum demand was reached, `YYYY-MM-DD HH:mm`; `null` where that never was. Absent
   * from fields without a moment.
   */
  readonly at?: string | null;
}

/** Bytes of the value and of the moment behind it. */
export function fieldWidth({ format, time }: Field): number {
  return widthOf(format) + (time === undefined ? 0 : widthOf(time));
}

const widthOfAll = (fields: readonly Field[]) =>
  fields.reduce((sum, field) => sum + fieldWidth(field), 0);

/** The bytes as one value of no known form; none at all are no value. */
export function rawValues(content: Uint8Array): FieldValue[] {
  if (content.length === 0) return [];
  const format = { kind: 'raw', bytes: content.length } as const;
  const field: Field = { register: null, name: 'x_raw', unit: '', format };
  return [{ field, ...show(content, format) }];
}

/** What stands in exactly the bytes of the field. */
export function showField(field: Field, bytes: Uint8Array): FieldValue {
  const width = widthOf(field.format);
  const shown = show(bytes.subarray(0, width), field.format);
  if (field.time === undefined) return { field, ...shown };
  const at = show(bytes.subarray(width), field.time);
  // That a demand never was is no fault; that its moment is no time is one.
  const isDoubtful = shown.value !== null && at.flags.length > 0 && !isNever(bytes.subarray(width));
  return {
    field,
    ...(isDoubtful ? { ...at, value: shown.value } : shown),
    at: typeof at.value === 'string' ? at.value : null,
  };
}

const isNever = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** As many whole fields as there are bytes for, and how many bytes are left over. */
function showFields(fields: readonly Field[], content: Uint8Array) {
  const values: FieldValue[] = [];
  let at = 0;
  for (const field of fields) {
    const end = at + fieldWidth(field);
    if (end > content.length) break;
    values.push(showField(field, content.subarray(at, end)));
    at = end;
  }
  return { values, left: content.subarray(at) };
}

function lengthError({ di }: Item, content: Uint8Array): AmrError {
  return new AmrError(
    'FRAME_LENGTH',
    `the ${content.length} bytes that answer ${di} are not the length of its values`,
  );
}

/** A moment of a happening; days of settlements and tables have no year. */
const isMoment = ({ field: { format } }: FieldValue) =>
  format.kind === 'time' && format.layout.startsWith('YYMMDDhhmm');

/** What never happened has zeros or FFH for its moments, and so its other zeros are no values. */
function asHappened(values: FieldValue[]): FieldValue[] {
  const moments = values.filter(isMoment);
  const isKept = moments.length === 0 || moments.some(({ flags }) => !flags.includes(FLAG_ABSENT));
  if (isKept) return values;
  return values.map(({ field, at }) => ({
    field,
    value: null,
    flags: [FLAG_ABSENT],
    ...(at === undefined ? {} : { at: null }),
  }));
}

type Groups = readonly (readonly Field[])[];

const NOTHING = new Uint8Array(0);

/** Each part as the group in its place; `null` where one does not fit. */
function showInPlace(groups: Groups, parts: readonly Uint8Array[]): FieldValue[] | null {
  const shown = groups.map((group, index) => showFields(group, parts[index] ?? NOTHING));
  return shown.every(({ left }) => left.length === 0)
    ? shown.flatMap(({ values }) => values)
    : null;
}

const isSound = ({ flags }: FieldValue) => !flags.includes(FLAG_INVALID);

/** The values of a part that is this group, `null` where it cannot be. */
function asGroup(group: readonly Field[], part: Uint8Array): FieldValue[] | null {
  const { values, left } = showFields(group, part);
  return values.length > 0 && left.length === 0 && values.every(isSound) ? values : null;
}

/** Only the groups that the meter keeps are there; their lengths must say which. */
function showKept(groups: Groups, parts: readonly Uint8Array[]): FieldValue[] | null {
  const shown = parts.map((part) => groups.map((group) => asGroup(group, part)));
  const way = onlyWay(
    parts.length,
    groups.map(({ length }) => length),
    (part, group) => shown[part]?.[group]?.length ?? null,
  );
  return way?.flatMap((group, part) => shown[part]?.[group] ?? []) ?? null;
}

/** Separated parts, one for each group or for each that is kept; an empty one may end them. */
function showParts(groups: Groups, parts: readonly Uint8Array[]): FieldValue[] | null {
  const isEndless = parts.at(-1)?.length === 0;
  if (parts.length === groups.length) return showInPlace(groups, parts);
  // The last group is empty and has no separator of its own.
  if (parts.length === groups.length - 1 && isEndless) return showInPlace(groups, parts);
  const some = isEndless ? parts.slice(0, -1) : parts;
  return some.length === groups.length ? showInPlace(groups, some) : showKept(groups, some);
}

/**
 * All groups without anything between them: the length tells the number of tariffs, where groups
 * without tariffs are among them. All numbers and moments must then be sound.
 */
function showJoined(groups: Groups, content: Uint8Array): FieldValue[] | null {
  const most = Math.max(...groups.map(({ length }) => length));
  const [whole, byTariff] = [
    groups.filter(({ length }) => length < most),
    groups.filter(({ length }) => length === most),
  ];
  const all = groups.flat();
  if (content.length === widthOfAll(all)) return showFields(all, content).values;
  const tariffs =
    (content.length - widthOfAll(whole.flat())) /
    widthOfAll(byTariff.flatMap((group) => group.slice(0, 1)));
  if (whole.length === 0 || !Number.isInteger(tariffs) || tariffs < 1) return null;
  const fields = groups.flatMap((group) =>
    group.length === most ? group.slice(0, tariffs) : group,
  );
  return asGroup(fields, content);
}

/** The bytes as they came where nothing tells one group from the next. */
function decodeGroups(groups: Groups, content: Uint8Array): FieldValue[] {
  const parts = splitParts(content);
  const shown =
    parts === null ? showJoined(groups, withoutTail(content)) : showParts(groups, parts);
  return shown ?? rawValues(content);
}

/**
 * The fields of `item` in `content` (the payload behind the identifier), in order. A block may be
 * shorter than the item allows, as with fewer tariffs: what is not there is not in the result, and
 * a value that is not whole is none. Throws FRAME_LENGTH where the content holds no value, or is
 * longer than the item.
 */
export function decodeItem(item: Item, content: Uint8Array): FieldValue[] {
  if (item.carries === 'secret') return [];
  if (item.carries === 'bytes') return rawValues(content);
  if (item.groups !== undefined) return decodeGroups(item.groups, content);
  const layout = item.layouts?.find((fields) => widthOfAll(fields) === content.length);
  const fields = layout ?? item.fields;
  const { values, left } = showFields(fields, content);
  const isBlock = fields.length > 1;
  const isLeftOver = left.length === 1 && TAILS.includes(left[0]);
  const isFull = values.length === fields.length;
  const fits = left.length === 0 || (isBlock && (!isFull || isLeftOver));
  if (values.length === 0 || !fits) throw lengthError(item, content);
  return item.isRecord ? asHappened(values) : values;
}

/** What stands for one field: its value, and the moment where the field has one. */
export type ValueToEncode = Pick<FieldValue, 'value' | 'at'>;

/** No demand yet: zero at no time. A missing value has no moment either. */
function packField(field: Field, { value, at }: ValueToEncode): Uint8Array {
  const bytes = pack(value, field.format);
  if (field.time === undefined) return bytes;
  const never = new Uint8Array(widthOf(field.time));
  const moment = at == null && value !== null ? never : pack(at ?? null, field.time);
  return concatBytes(bytes, moment);
}

function layoutFor({ fields, layouts = [] }: Item, count: number): readonly Field[] {
  return [fields, ...layouts].find(({ length }) => length === count) ?? fields;
}

/**
 * The inverse of {@link decodeItem}: as many values as the block is to hold, in order. Groups are
 * all there and have their separators. Throws DATA_INVALID for what does not fit the item.
 */
export function encodeItem(item: Item, values: readonly ValueToEncode[]): Uint8Array {
  if (item.carries !== undefined) {
    const [raw] = values;
    const text = raw?.value ?? '';
    return typeof text === 'string' ? pack(text, { kind: 'raw', bytes: 0 }) : new Uint8Array(0);
  }
  const fields = layoutFor(item, values.length);
  if (values.length > fields.length) {
    throw new AmrError('DATA_INVALID', `${item.di} holds ${fields.length} values at most`);
  }
  const parts = values.map((value, index) => {
    const field = fields[index];
    return field === undefined ? new Uint8Array(0) : packField(field, value);
  });
  if (item.groups === undefined) return concatBytes(...parts);
  let at = 0;
  const grouped = item.groups.flatMap(({ length }) => {
    const group = parts.slice(at, at + length);
    at += length;
    return [...group, Uint8Array.of(SEPARATOR)];
  });
  return concatBytes(...grouped);
}

/** The value as one of its register; `null` for what is no register or no number. */
export function toRegisterValue({
  field,
  value,
  flags,
  raw,
  at,
}: FieldValue): RegisterValue | null {
  if (field.register === null || typeof value === 'string') return null;
  const { register } = field;
  const shown = { register, value, flags, ...(raw === undefined ? {} : { raw }) };
  if (at === undefined) return shown;
  return { ...shown, at: at === null ? null : `${at.replace(' ', 'T')}:00` };
}

/**
 * The value as it is printed; the moment of a maximum demand is printed behind it. Flags stand
 * where there is no value: with the demand, or with its moment.
 */
export function toDecodedValues({ field, value, flags, raw, at }: FieldValue): DecodedValue[] {
  const { register, name, unit, isPast } = field;
  const text = typeof value === 'string' || value === null ? value : formatDecimal(value);
  const shown = { obis: (isPast ? null : register?.obis) ?? null, name, value: text, unit };
  const why = {
    ...(flags.length === 0 ? {} : { flags }),
    ...(raw === undefined ? {} : { raw }),
  };
  if (at === undefined) return [{ ...shown, ...why }];
  const moment = { obis: null, name: `${extraName(name)}_at`, value: at, unit: '' };
  return value === null ? [{ ...shown, ...why }, moment] : [shown, { ...moment, ...why }];
}
