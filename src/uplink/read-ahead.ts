import type { StoredRow } from '../core/store.ts';

/** Messages of rows that are kept ready: a reading takes longer than a sending. */
const AHEAD = 8;

export interface ReadAheadDeps {
  /** Rows with numbers from `from` on, as {@link Store.range} gives them. */
  readonly range: (from: number, limit: number) => Promise<readonly StoredRow[]>;
  /** So many rows fill a message. */
  readonly enough: number;
  /** What was missing has been read, or could not be. */
  readonly onReady: () => void;
}

/** Reads rows before they are sent, so that the sender waits for the disk only once. */
export interface ReadAhead {
  /**
   * The rows with numbers from `from` on: enough for a message, or all there are up to `head`.
   * `null` while they are being read; then `onReady` is called. Throws, once, what a reading
   * failed with.
   */
  rows(from: number, head: number): readonly StoredRow[] | null;
}

export function createReadAhead({ range, enough, onReady }: ReadAheadDeps): ReadAhead {
  /** What there is of the numbers `start` to `end`. */
  let rows: readonly StoredRow[] = [];
  let start = 1;
  let end = 0;
  /** The reading under way; one that began before a jump counts for nothing. */
  let reading: symbol | null = null;
  let failure: { readonly thrown: unknown } | null = null;

  async function read(head: number): Promise<void> {
    const own = Symbol('reading');
    reading = own;
    try {
      const run = await range(end + 1, AHEAD * enough);
      if (reading !== own) return;
      rows = [...rows, ...run];
      // Without a row there is nothing up to the head of the moment in which it was asked for.
      end = run.at(-1)?.seq ?? head;
    } catch (thrown) {
      if (reading === own) failure = { thrown };
    }
    if (reading !== own) return;
    reading = null;
    onReady();
  }

  const moveTo = (from: number) => {
    if (from < start || from > end + 1) {
      rows = [];
      end = from - 1;
      reading = null;
      failure = null;
    }
    start = from;
    if ((rows[0]?.seq ?? from) < from) rows = rows.filter(({ seq }) => seq >= from);
  };

  return {
    rows(from, head) {
      moveTo(from);
      if (failure !== null) {
        const { thrown } = failure;
        failure = null;
        throw thrown;
      }
      if (rows.length < AHEAD * enough && end < head && reading === null) void read(head);
      return rows.length >= enough || end >= head ? rows : null;
    },
  };
}
