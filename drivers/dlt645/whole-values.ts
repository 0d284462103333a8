/** What is whole in an answer that broke off. Both editions keep as much of it. */
import type { Field, Item } from './items.ts';
import { decodeItem, type FieldValue, fieldWidth } from './values.ts';

/** Where the last field ends that `length` bytes hold whole. */
function endOfWhole(fields: readonly Field[], length: number): number {
  let end = 0;
  for (const field of fields) {
    const next = end + fieldWidth(field);
    if (next > length) break;
    end = next;
  }
  return end;
}

/**
 * The whole fields at the beginning of `content`, in order. None where the rest would tell which
 * fields they are: groups have their separators, layouts their lengths.
 */
export function wholeValues(item: Item, content: Uint8Array): readonly FieldValue[] {
  const { fields, groups, layouts, carries } = item;
  if (groups !== undefined || layouts !== undefined || carries !== undefined) return [];
  const end = endOfWhole(fields, content.length);
  return end === 0 ? [] : decodeItem(item, content.subarray(0, end));
}
