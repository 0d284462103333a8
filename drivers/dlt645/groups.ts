/**
 * Blocks of groups, such as a whole freeze: which part is which group.
 *
 *   block := group*                      the meter's tariffs in each group, nothing between them
 *          | (group AAH)* [AAH | DDH]    a group that the meter does not keep is empty, or not there
 *
 * No packed digit and no sign gives AAH or DDH.
 */

export const SEPARATOR = 0xaa;
/** One of these may stand behind a block and belongs to nothing. */
export const TAILS: readonly (number | undefined)[] = [SEPARATOR, 0xdd];

export const withoutTail = (content: Uint8Array) =>
  TAILS.includes(content.at(-1)) ? content.subarray(0, -1) : content;

/** The parts between separators, `null` where there are none inside. */
export function splitParts(content: Uint8Array): Uint8Array[] | null {
  if (!content.subarray(0, -1).includes(SEPARATOR)) return null;
  const parts: Uint8Array[] = [];
  let from = 0;
  content.forEach((byte, at) => {
    if (byte !== SEPARATOR) return;
    parts.push(content.subarray(from, at));
    from = at + 1;
  });
  const isTail = from === content.length - 1 && TAILS.includes(content[from]);
  return from < content.length && !isTail ? [...parts, content.subarray(from)] : parts;
}

/** What a part would hold as this group: its number of fields, `null` where it does not fit. */
export type CountOf = (part: number, group: number) => number | null;

/** A group and how many fields of it there are. */
interface Taken {
  readonly group: number;
  readonly count: number;
}

/**
 * The one way to share so many parts out among groups of these sizes, in order: the group of each
 * part. Groups of one size have the same tariffs, so the same number of fields. `null` where there
 * is no such way, or a second one.
 */
export function onlyWay(
  parts: number,
  sizes: readonly number[],
  countOf: CountOf,
): readonly number[] | null {
  const ways: (readonly Taken[])[] = [];
  const isAlike = (taken: readonly Taken[], { group, count }: Taken) =>
    taken.every((one) => sizes[one.group] !== sizes[group] || one.count === count);

  function share(taken: readonly Taken[]): void {
    if (taken.length === parts) ways.push(taken);
    const next = (taken.at(-1)?.group ?? -1) + 1;
    for (
      let group = next;
      taken.length < parts && group < sizes.length && ways.length < 2;
      group++
    ) {
      const count = countOf(taken.length, group);
      if (count !== null && isAlike(taken, { group, count })) share([...taken, { group, count }]);
    }
  }

  share([]);
  const [way] = ways;
  return way === undefined || ways.length > 1 ? null : way.map(({ group }) => group);
}
