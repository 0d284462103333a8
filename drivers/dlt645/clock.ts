/**
 * The meter's clock, read. DL/T 645-2007 annex A (04):
 *
 *   0400010C := ss mm hh WW DD MM YY     newer meters; in no clause
 *   04000101 := WW DD MM YY
 *   04000102 := ss mm hh
 */
import type { Bus } from '../../src/core/bus.ts';
import type { ClockOptions, ClockReading } from '../../src/core/driver.ts';
import { FLAG_ABSENT } from '../../src/core/driver.ts';
import { AmrError, type ErrorCode } from '../../src/core/errors.ts';
import { zonedToEpoch } from '../../src/core/zoned-time.ts';
import { readContent } from './exchange.ts';
import { show, type TimeLayout, widthOf } from './format.ts';

interface ClockItem {
  readonly di: string;
  readonly layout: TimeLayout;
}

const DATE_AND_TIME: ClockItem = { di: '0400010C', layout: 'YYMMDDWWhhmmss' };
const DATE: ClockItem = { di: '04000101', layout: 'YYMMDDWW' };
const TIME: ClockItem = { di: '04000102', layout: 'hhmmss' };

/** How meters without the one item say so: some are silent, some have another under its name. */
const WITHOUT_ITEM: readonly ErrorCode[] = ['METER_UNSUPPORTED', 'BUS_NO_REPLY', 'FRAME_LENGTH'];

/** What was shown, and the gateway's wall clock halfway between question and answer. */
interface ShownAt {
  readonly text: string;
  readonly readAt: number;
}

function textOf(content: Uint8Array, { di, layout }: ClockItem): string {
  const format = { kind: 'time', layout } as const;
  const wanted = widthOf(format);
  if (content.length !== wanted) {
    throw new AmrError('FRAME_LENGTH', `${di} has ${wanted} bytes, not ${content.length}`);
  }
  const { value, flags } = show(content, format);
  if (typeof value === 'string') return value;
  const code = flags.includes(FLAG_ABSENT) ? 'DATA_ABSENT' : 'DATA_INVALID';
  throw new AmrError(code, `the meter shows no time under ${di}`, { context: { di } });
}

/** What the wire adds before the question is understood it adds to the answer as well. */
async function readShown(
  { bus, address }: { bus: Bus; address: string },
  item: ClockItem,
  { clock, priority, signal }: ClockOptions,
): Promise<ShownAt> {
  let sentAt = clock.monotonic();
  const onSent = () => {
    sentAt = clock.monotonic();
  };
  const { content } = await readContent(bus, address, item.di, { priority, signal, onSent });
  const roundTripMs = clock.monotonic() - sentAt;
  return { text: textOf(content, item), readAt: Math.round(clock.now() - roundTripMs / 2) };
}

/** Two items are two moments: around midnight the time tells which of two dates is its own. */
async function readParts(meter: { bus: Bus; address: string }, options: ClockOptions) {
  const before = await readShown(meter, DATE, options);
  const { text: time, readAt } = await readShown(meter, TIME, options);
  const after = await readShown(meter, DATE, options);
  const date = time >= '12' ? before : after;
  return { text: `${date.text} ${time}`, readAt };
}

async function readMoment(
  meter: { bus: Bus; address: string },
  options: ClockOptions,
): Promise<ShownAt> {
  try {
    return await readShown(meter, DATE_AND_TIME, options);
  } catch (thrown) {
    if (!(thrown instanceof AmrError && WITHOUT_ITEM.includes(thrown.code))) throw thrown;
    return await readParts(meter, options);
  }
}

/**
 * Reads the meter's clock and compares it with the gateway's, corrected by half the round trip.
 * Throws BUS_, PORT_ and METER_ errors, FRAME_LENGTH, and DATA_ABSENT or DATA_INVALID where the
 * meter shows no time.
 */
export async function readClock(
  bus: Bus,
  address: string,
  options: ClockOptions,
): Promise<ClockReading> {
  const { text, readAt } = await readMoment({ bus, address }, options);
  const meterTime = `${text.slice(0, 10)}T${text.slice(-8)}`;
  return { meterTime, readAt, offsetMs: zonedToEpoch(meterTime, options.zone) - readAt };
}
