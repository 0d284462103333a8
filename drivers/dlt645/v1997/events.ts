/**
 * What a meter of 1997 noted of happenings, and its status words:
 *
 *   B2 12 B2 10   how often it was programmed, and when last
 *   B2 13 B2 11   how often its demands were cleared, and when last
 *   B3 1p 2p 3p 4p  of phase p, that it was missing: how often, minutes, begin and end of the last
 *   C0 20 C0 21   run and grid status
 */
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { EventsOptions, EventsResult, NotedEvent } from '../../../src/core/driver.ts';
import type { ReadItem } from '../ask.ts';
import { createTrier, partsOf } from '../events.ts';
import type { Refusals } from '../refusals.ts';
import { toDecodedValues } from '../values.ts';

interface Kept {
  readonly event: string;
  readonly phase: string | null;
  readonly count: string;
  readonly minutes?: string;
  /** What is known of the latest. */
  readonly latest: readonly string[];
}

const EVENTS: readonly Kept[] = [
  { event: 'programming', phase: null, count: 'B212', latest: ['B210'] },
  { event: 'demand_clear', phase: null, count: 'B213', latest: ['B211'] },
  ...[1, 2, 3].map((phase) => ({
    event: 'phase_cut',
    phase: `l${phase}`,
    count: `B31${phase}`,
    minutes: `B32${phase}`,
    latest: [`B33${phase}`, `B34${phase}`],
  })),
];
const STATUS_WORDS = ['C020', 'C021'];

/**
 * Reads what the meter counts, the moments of the latest where there was one, and the status. Fails
 * as the events of 2007 do.
 */
export async function readEvents1997(
  readItem: ReadItem,
  options: EventsOptions,
  refusals: Refusals,
): Promise<EventsResult> {
  const { failures, tryItems } = createTrier(readItem, options, refusals);
  const { only } = options;
  const isWanted = (what: string) => only === undefined || only.includes(what);

  async function numberAt(di: string | undefined, what: string): Promise<number | null> {
    const [shown] = di === undefined ? [] : await tryItems([di], what);
    const value = shown?.value ?? null;
    return value === null || typeof value === 'string' ? null : Number(formatDecimal(value));
  }

  async function readKept({ event, phase, ...kept }: Kept): Promise<NotedEvent[]> {
    const count = await numberAt(kept.count, event);
    if (count === null) return [];
    const minutes = await numberAt(kept.minutes, event);
    const latest = [];
    for (const di of count === 0 ? [] : kept.latest) {
      latest.push(...(await tryItems([di], event)).flatMap(toDecodedValues));
    }
    return [{ event, phase, count, minutes, latest }];
  }

  const events: NotedEvent[] = [];
  const status = [];
  for (const kept of EVENTS) if (isWanted(kept.event)) events.push(...(await readKept(kept)));
  for (const di of STATUS_WORDS) {
    if (isWanted(di)) status.push(...partsOf(await tryItems([di], di)));
  }
  return { events, status, failures };
}
