/** How long the contents of 1997 answers may be, and what is whole in those that broke off. */
import type { Item } from '../items.ts';
import { decodeItem, fieldWidth } from '../values.ts';

/** Blocks of blocks are told by their separators, as groups of 2007 are. */
export const decode1997Item = decodeItem;

/** The most bytes that the item can have, a separator behind each block included. */
export function longestContent({ fields, groups }: Item): number {
  return fields.reduce((sum, field) => sum + fieldWidth(field), 0) + (groups?.length ?? 1);
}

/** What is whole in the beginning of an answer: whole values, and nothing of a block of blocks. */
export function wholePart({ fields, groups }: Item, content: Uint8Array): Uint8Array {
  const [first] = fields;
  if (groups !== undefined || first === undefined) return new Uint8Array(0);
  return content.subarray(0, content.length - (content.length % fieldWidth(first)));
}
