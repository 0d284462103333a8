/**
 * The meter's clock, read. DL/T 645-2007 annex A (04), and the same parts of 1997:
 *
 *   0400010C        := ss mm hh WW DD MM YY     newer meters; in no clause
 *   04000101, C0 10 := WW DD MM YY
 *   04000102, C0 11 := ss mm hh
 */
import type { ClockOptions, ClockReading } from '../../src/core/driver.ts';
import { FLAG_ABSENT } from '../../src/core/driver.ts';
import { AmrError, type ErrorCode } from '../../src/core/errors.ts';
import { zonedToEpoch } from '../../src/core/zoned-time.ts';
import type { ReadItem } from './ask.ts';
import { FORGETFUL, type Refusals } from './refusals.ts';

/** The identifiers of the clock. */
export interface ClockItems {
  /** Date and time in one, where the edition has such. */
  readonly both?: string;
  readonly date: string;
  readonly time: string;
}

export const CLOCK_2007: ClockItems = { both: '0400010C', date: '04000101', time: '04000102' };
export const CLOCK_1997: ClockItems = { date: 'C010', time: 'C011' };

/** How meters without the one item say so: some are silent, some have another under its name. */
const LACKING: readonly ErrorCode[] = ['METER_UNSUPPORTED', 'BUS_NO_REPLY', 'FRAME_LENGTH'];

/** What was shown, and the gateway's wall clock halfway between question and answer. */
interface ShownAt {
  readonly text: string;
  readonly readAt: number;
}

/** What the wire adds before the question is understood it adds to the answer as well. */
async function readShown(
  readItem: ReadItem,
  di: string,
  { clock, priority, signal }: ClockOptions,
): Promise<ShownAt> {
  let sentAt = clock.monotonic();
  const onSent = () => {
    sentAt = clock.monotonic();
  };
  const { values } = await readItem(di, { priority, signal, onSent });
  const roundTripMs = clock.monotonic() - sentAt;
  const [shown] = values;
  if (typeof shown?.value === 'string') {
    return { text: shown.value, readAt: Math.round(clock.now() - roundTripMs / 2) };
  }
  const code = shown?.flags.includes(FLAG_ABSENT) ? 'DATA_ABSENT' : 'DATA_INVALID';
  throw new AmrError(code, `the meter shows no time under ${di}`, { context: { di } });
}

/** Two items are two moments: around midnight the time tells which of two dates is its own. */
async function readParts(
  readItem: ReadItem,
  items: ClockItems,
  options: ClockOptions,
): Promise<ShownAt> {
  const before = await readShown(readItem, items.date, options);
  const { text: time, readAt } = await readShown(readItem, items.time, options);
  const after = await readShown(readItem, items.date, options);
  const date = time >= '12' ? before : after;
  return { text: `${date.text} ${time}`, readAt };
}

async function readMoment(
  readItem: ReadItem,
  items: ClockItems,
  options: ClockOptions,
  refusals: Refusals,
): Promise<ShownAt> {
  const { both } = items;
  if (both === undefined || refusals.has(both)) return readParts(readItem, items, options);
  let isLacking: boolean;
  try {
    return await readShown(readItem, both, options);
  } catch (thrown) {
    isLacking = thrown instanceof AmrError && LACKING.includes(thrown.code);
    // Others have it and fill it with FFH or zeros.
    const isFilled = thrown instanceof AmrError && thrown.code === 'DATA_ABSENT';
    if (!isLacking && !isFilled) throw thrown;
  }
  const shown = await readParts(readItem, items, options);
  if (isLacking) refusals.add(both);
  return shown;
}

/**
 * Reads the meter's clock and compares it with the gateway's, corrected by half the round trip.
 * A meter that shows its clock in two items alone is not asked for the one again within a day.
 * Throws BUS_, PORT_ and METER_ errors, FRAME_LENGTH, and DATA_ABSENT or DATA_INVALID where the
 * meter shows no time.
 */
export async function readClock(
  readItem: ReadItem,
  items: ClockItems,
  options: ClockOptions,
  refusals: Refusals = FORGETFUL,
): Promise<ClockReading> {
  const { text, readAt } = await readMoment(readItem, items, options, refusals);
  const meterTime = `${text.slice(0, 10)}T${text.slice(-8)}`;
  return { meterTime, readAt, offsetMs: zonedToEpoch(meterTime, options.zone) - readAt };
}
