/** From the payload of a read answer to the values it holds. DL/T 645-2007 clause 7.1. */
import { AmrError } from '../../src/core/errors.ts';
import { decodeNumber, decodeTime, type ShownNumber } from './bcd.ts';
import type { Item, Part, RegisterPart } from './items.ts';

/** One part of an answer: a number, or a moment as the meter's wall time. */
export type Shown =
  | { readonly part: RegisterPart; readonly number: ShownNumber }
  | { readonly part: Exclude<Part, RegisterPart>; readonly time: string | null };

function widthOf(part: Part): number {
  return part.register === null ? part.bytes : part.format.bytes;
}

/** Some meters end a block with one separator byte that belongs to nothing. */
const SEPARATORS: readonly (number | undefined)[] = [0xaa, 0xdd];

/** Block answers are made of equal parts. */
function withoutSeparator(content: Uint8Array, width: number): Uint8Array {
  const isOneOver = content.length % width === 1;
  return isOneOver && SEPARATORS.includes(content.at(-1)) ? content.subarray(0, -1) : content;
}

function showPart(part: Part, bytes: Uint8Array): Shown {
  if (part.register === null) return { part, time: decodeTime(bytes) };
  return { part, number: decodeNumber(bytes, part.format) };
}

/**
 * The parts of `item` in `content` (the payload behind the identifier), in order. A block may be
 * shorter than the item allows, as with fewer tariffs; what is not there is not in the result.
 * Throws FRAME_LENGTH where the content is longer than the item, or no whole first part.
 */
export function decodeItem(item: Item, content: Uint8Array): Shown[] {
  const [first, second] = item.parts;
  const isBlock = first !== undefined && second !== undefined;
  const bytes = isBlock ? withoutSeparator(content, widthOf(first)) : content;
  const shown: Shown[] = [];
  let at = 0;
  for (const part of item.parts) {
    const end = at + widthOf(part);
    if (end > bytes.length) break;
    shown.push(showPart(part, bytes.subarray(at, end)));
    at = end;
  }
  if (shown.length === 0 || bytes.length !== at) {
    throw new AmrError(
      'FRAME_LENGTH',
      `the ${content.length} bytes that answer ${item.di} are no whole number of its values`,
    );
  }
  return shown;
}
