/** From the payload of a read answer to the values it holds, and back. DL/T 645-2007 clause 7.1. */
import { concatBytes } from '../../src/core/bytes.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import type { DecodedValue, RegisterValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { pack, type Shown, show, widthOf } from './format.ts';
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

/** Some meters end a block with one separator byte that belongs to nothing. */
const SEPARATORS: readonly (number | undefined)[] = [0xaa, 0xdd];
const SEPARATOR = 0xaa;

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

/** The bytes between the separators; one behind the last of them ends nothing. */
function split(content: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  content.forEach((byte, at) => {
    if (byte !== SEPARATOR) return;
    pieces.push(content.subarray(from, at));
    from = at + 1;
  });
  return from < content.length ? [...pieces, content.subarray(from)] : pieces;
}

/** One separator behind the last group belongs to nothing. */
function withoutTail(content: Uint8Array): Uint8Array {
  return content.at(-1) === SEPARATORS[1] ? content.subarray(0, -1) : content;
}

/**
 * Groups with a separator behind each, an empty one where the meter froze none of it; or groups of
 * the one length that they can have. Without either nothing tells one group from the next.
 */
function decodeGroups(
  { fields }: Item,
  groups: readonly (readonly Field[])[],
  content: Uint8Array,
): FieldValue[] {
  if (content.length === widthOfAll(fields)) return showFields(fields, content).values;
  const pieces = split(withoutTail(content));
  const shown = groups.map((group, index) => showFields(group, pieces[index] ?? new Uint8Array(0)));
  const isWhole = pieces.length === groups.length && shown.every(({ left }) => left.length === 0);
  return isWhole ? shown.flatMap(({ values }) => values) : rawValues(content);
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
  if (item.groups !== undefined) return decodeGroups(item, item.groups, content);
  const layout = item.layouts?.find((fields) => widthOfAll(fields) === content.length);
  const fields = layout ?? item.fields;
  const { values, left } = showFields(fields, content);
  const isBlock = fields.length > 1;
  const isLeftOver = left.length === 1 && SEPARATORS.includes(left[0]);
  const isFull = values.length === fields.length;
  const fits = left.length === 0 || (isBlock && (!isFull || isLeftOver));
  if (values.length === 0 || !fits) throw lengthError(item, content);
  return values;
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
