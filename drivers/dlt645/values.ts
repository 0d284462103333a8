/** From the payload of a read answer to the values it holds. DL/T 645-2007 clause 7.1. */
import { AmrError } from '../../src/core/errors.ts';
import { type Shown, show, widthOf } from './format.ts';
import type { Field, Item } from './items.ts';

/** One field of an answer with what the meter shows there. */
export interface FieldValue extends Shown {
  readonly field: Field;
}

/** Some meters end a block with one separator byte that belongs to nothing. */
const SEPARATORS: readonly (number | undefined)[] = [0xaa, 0xdd];

/** Block answers are made of equal fields. */
function withoutSeparator(content: Uint8Array, width: number): Uint8Array {
  const isOneOver = content.length % width === 1;
  return isOneOver && SEPARATORS.includes(content.at(-1)) ? content.subarray(0, -1) : content;
}

/**
 * The fields of `item` in `content` (the payload behind the identifier), in order. A block may be
 * shorter than the item allows, as with fewer tariffs; what is not there is not in the result.
 * Throws FRAME_LENGTH where the content is longer than the item, or no whole number of fields.
 */
export function decodeItem(item: Item, content: Uint8Array): FieldValue[] {
  const [first, second] = item.fields;
  const isBlock = first !== undefined && second !== undefined;
  const bytes = isBlock ? withoutSeparator(content, widthOf(first.format)) : content;
  const values: FieldValue[] = [];
  let at = 0;
  for (const field of item.fields) {
    const end = at + widthOf(field.format);
    if (end > bytes.length) break;
    values.push({ field, ...show(bytes.subarray(at, end), field.format) });
    at = end;
  }
  if (values.length === 0 || bytes.length !== at) {
    throw new AmrError(
      'FRAME_LENGTH',
      `the ${content.length} bytes that answer ${item.di} are no whole number of its values`,
    );
  }
  return values;
}
