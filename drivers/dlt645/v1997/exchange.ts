/**
 * Reading one identifier, DL/T 645-1997:
 *
 *   request   := control 01H, payload DI0 DI1
 *   answer    := control 81H, payload DI0 DI1 content
 *              | control A1H, payload DI0 DI1 content         more follows
 *              | control C1H, payload ERR
 *   follow-up := control 02H, payload DI0 DI1
 *   answer    := control 82H | A2H, payload DI0 DI1 content   the next part
 *              | control C2H, payload ERR
 *
 * Follow-ups bear no number: a part that got lost cannot be asked for again. What came before it
 * is kept and marked; a new attempt starts from 01H.
 */
import { byteAt, concatBytes } from '../../../src/core/bytes.ts';
import { AmrError, type ErrorCode } from '../../../src/core/errors.ts';
import { failureOf, type ItemAnswer } from '../ask.ts';
import { type Dlt645Frame, hasMore, isAbnormal } from '../frame.ts';
import { identifierOf, READ_1997, READ_FOLLOW_UP_1997 } from '../functions/codes.ts';
import { digitBytes, hexByte } from '../functions/payload.ts';
import type { Item } from '../items.ts';
import { ask, FIRST_BYTE_MS, isAnswer, type Station } from '../question.ts';
import { isWhole } from '../roll-call.ts';
import { decodeItem, fieldWidth } from '../values.ts';
import { wholeValues } from '../whole-values.ts';
import { errorMeaning1997, isUnsupported1997 } from './errors.ts';
import { find1997Item } from './items.ts';

/** Bytes of an identifier. */
const DI_BYTES = 2;
/** More parts than the longest item needs where a part holds one value only. */
const MOST_FOLLOW_UPS = 400;

type ReadingFunction = typeof READ_1997 | typeof READ_FOLLOW_UP_1997;

/** One exchange; a refusal is an answer here. The limits of 2007 are those of 1997, it seems. */
function askFor(station: Station, di: string, control: ReadingFunction): Promise<Dlt645Frame> {
  const { address } = station;
  return ask(station, {
    control,
    payload: digitBytes(di, DI_BYTES),
    match: (frame) =>
      isAnswer(frame, control, address) &&
      (isAbnormal(frame) ? frame.payload.length === 1 : identifierOf(frame, 'dlt645-1997') === di),
    firstByteMs: FIRST_BYTE_MS,
  });
}

function refusalError(frame: Dlt645Frame, di: string, code?: ErrorCode): AmrError {
  const err = byteAt(frame.payload, 0);
  return new AmrError(
    code ?? (isUnsupported1997(err) ? 'METER_UNSUPPORTED' : 'METER_EXCEPTION'),
    `meter ${frame.address} refuses ${di}: ${errorMeaning1997(err)}`,
    { context: { err: `0x${hexByte(err)}`, di } },
  );
}

const contentOf = ({ payload }: Dlt645Frame) => payload.subarray(DI_BYTES);

/** The parts of a long answer joined; `cutShort` where they end before the last. */
interface Joined {
  readonly content: Uint8Array;
  readonly cutShort?: AmrError;
}

/** The most bytes that the item can have, a separator behind each block included. */
function longestContent({ fields, layouts = [], groups }: Item): number {
  const widths = [fields, ...layouts].map((some) =>
    some.reduce((sum, field) => sum + fieldWidth(field), 0),
  );
  return Math.max(...widths) + (groups?.length ?? 1);
}

async function followUp(station: Station, item: Item, first: Dlt645Frame): Promise<Joined> {
  const { di } = item;
  let content = contentOf(first);
  for (let parts = 0; parts < MOST_FOLLOW_UPS; parts++) {
    try {
      const frame = await askFor(station, di, READ_FOLLOW_UP_1997);
      // It has the identifier, for it began the answer.
      if (isAbnormal(frame)) throw refusalError(frame, di, 'METER_EXCEPTION');
      const part = contentOf(frame);
      if (part.length === 0) throw new AmrError('METER_WRONG_ITEM', `a part of ${di} is empty`);
      content = concatBytes(content, part);
      if (!hasMore(frame)) return { content };
    } catch (thrown) {
      return { content, cutShort: failureOf(thrown) };
    }
    if (content.length > longestContent(item)) break;
  }
  throw new AmrError('METER_WRONG_ITEM', `the answer to ${di} goes on beyond its end`);
}

/**
 * Reads what `di` holds, which has the form of `item`, whole or as much of it as came. Throws BUS_,
 * PORT_, METER_ and FRAME_LENGTH errors.
 */
export async function read1997As(station: Station, di: string, item: Item): Promise<ItemAnswer> {
  const first = await askFor(station, di, READ_1997);
  if (isAbnormal(first)) throw refusalError(first, di);
  const { address } = first;
  if (!hasMore(first)) return { address, values: decodeItem(item, contentOf(first)) };
  // Of several meters that a wildcard fits, the one that began goes on.
  const same = isWhole(address) ? { ...station, address } : station;
  const { content, cutShort } = await followUp(same, { ...item, di }, first);
  if (cutShort === undefined) return { address, values: decodeItem(item, content) };
  const values = wholeValues(item, content);
  if (values.length === 0) throw cutShort;
  return { address, values, cutShort };
}

/**
 * Reads one identifier in the form that the table has for it. Throws as {@link read1997As} does, and
 * CONFIG_INVALID for an identifier that the tables lack.
 */
export async function read1997Item(station: Station, di: string): Promise<ItemAnswer> {
  const item = find1997Item(di);
  if (item === undefined) throw new AmrError('CONFIG_INVALID', `unknown data identifier ${di}`);
  return await read1997As(station, di, item);
}
