/**
 * Any bytes to what `amr decode` prints: good frames of both editions with their values, broken
 * ones with the reason.
 */
import type { DecodedFrame, DecodedValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import {
  type Dlt645Frame,
  functionOf,
  hasMore,
  isAbnormal,
  isResponse,
  parseFrame,
  WAKE_UP,
} from './frame.ts';
import { type Found, type Scanned, scan } from './framer.ts';
import {
  type Edition,
  editionOf,
  functionName,
  identifierOf,
  identifierWidth,
  READ,
  READ_1997,
  READ_FOLLOW_UP,
  READ_FOLLOW_UP_1997,
  REREAD_1997,
} from './functions/codes.ts';
import { refusalOf } from './functions/err.ts';
import { hexByte } from './functions/payload.ts';
import { parseFollowUpAnswer, parseFollowUpRequest } from './functions/reading.ts';
import { showerOf, showRaw } from './functions/shown.ts';
import { type Field, findItem, type Item } from './items.ts';
import { explained } from './read-any.ts';
import { find1997Item } from './v1997/items.ts';
import { decodeItem, fieldWidth, showField, toDecodedValues } from './values.ts';

export const PROTOCOL: Edition = 'dlt645-2007';

/** Answers with these functions hold the content of an item. */
const READING: Readonly<Record<Edition, readonly number[]>> = {
  'dlt645-2007': [READ, READ_FOLLOW_UP],
  'dlt645-1997': [READ_1997, READ_FOLLOW_UP_1997, REREAD_1997],
};

/** One frame with what its own bytes and the caller say of it. */
interface Told {
  readonly frame: Dlt645Frame;
  readonly edition: Edition;
  readonly di: string | null;
}

const CONTINUED: Pick<Field, 'register' | 'name'> = { register: null, name: 'x_continued' };

const formOf = ({ format, time }: Field) => JSON.stringify([format, time]);

/**
 * A part of a long answer alone. Only equal fields can be told, and behind the first part nobody
 * knows which of them they are; anything else may be cut in the middle of a value.
 */
function showPart(item: Item, content: Uint8Array, isFirst: boolean): DecodedValue[] {
  const [first] = item.fields;
  if (item.carries === 'secret') return [];
  if (first === undefined || !item.fields.every((field) => formOf(field) === formOf(first))) {
    return showRaw(content);
  }
  const width = fieldWidth(first);
  if (content.length % width !== 0) return showRaw(content);
  return Array.from({ length: content.length / width }, (_, index) => {
    const named = (isFirst ? item.fields[index] : undefined) ?? CONTINUED;
    const bytes = content.subarray(index * width, (index + 1) * width);
    return showField({ ...first, ...named }, bytes);
  }).flatMap(toDecodedValues);
}

const findIn = (edition: Edition, di: string) =>
  edition === 'dlt645-2007' ? findItem(di) : find1997Item(di);

function showContent({ frame, edition, di }: Told): DecodedValue[] {
  const { payload } = frame;
  const isFollowUp = [READ_FOLLOW_UP, READ_FOLLOW_UP_1997].includes(functionOf(frame));
  const isNumbered = functionOf(frame) === READ_FOLLOW_UP;
  const content = isNumbered
    ? parseFollowUpAnswer(payload).content
    : payload.subarray(identifierWidth(edition));
  const item = di === null ? undefined : findIn(edition, di);
  if (item === undefined) return showRaw(content);
  if (isFollowUp || hasMore(frame)) return showPart(item, content, !isFollowUp);
  return decodeItem(item, content).flatMap(explained);
}

function valuesOf(told: Told): DecodedValue[] {
  const { frame, edition } = told;
  const code = functionOf(frame);
  if (isAbnormal(frame)) return [];
  if (isResponse(frame) && READING[edition].includes(code)) return showContent(told);
  const direction = isResponse(frame) ? 'answers' : 'requests';
  return showerOf(edition, direction, code)(frame.payload);
}

function exceptionOf({ frame, edition }: Told): DecodedFrame['error'] {
  return isAbnormal(frame) ? { code: 'METER_EXCEPTION', ...refusalOf(frame, edition) } : null;
}

/** The number of a follow-up frame, where the function has one and the frame is whole. */
function sequenceOf({ frame }: Told): number | null {
  if (functionOf(frame) !== READ_FOLLOW_UP || isAbnormal(frame)) return null;
  if (isResponse(frame)) {
    return frame.payload.length < 5 ? null : parseFollowUpAnswer(frame.payload).sequence;
  }
  return frame.payload.length === 5 ? parseFollowUpRequest(frame.payload).sequence : null;
}

function describe(frame: Dlt645Frame, asked: Edition, preamble: number): DecodedFrame {
  const edition = editionOf(frame, asked);
  const told = { frame, edition, di: identifierOf(frame, edition) };
  const sequence = sequenceOf(told);
  const head = {
    protocol: edition,
    ok: true,
    direction: isResponse(frame) ? ('response' as const) : ('request' as const),
    preamble,
    address: frame.address,
    control: hexByte(frame.control),
    function: functionName(frame, edition),
    di: told.di,
    more: hasMore(frame),
    ...(sequence === null ? {} : { sequence }),
  };
  try {
    return { ...head, error: exceptionOf(told), values: valuesOf(told) };
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    return { ...head, error: { code: thrown.code, meaning: thrown.message }, values: [] };
  }
}

function broken(
  error: { code: string; message: string },
  protocol: Edition,
  preamble: number,
): DecodedFrame {
  return {
    protocol,
    ok: false,
    preamble,
    error: { code: error.code, meaning: error.message },
    values: [],
  };
}

/** Why these bytes, which look like a frame, are none. */
function faultOf(bytes: Uint8Array): AmrError {
  try {
    parseFrame(bytes);
  } catch (thrown) {
    if (thrown instanceof AmrError) return thrown;
    throw thrown;
  }
  return new AmrError('INTERNAL', 'a good frame was taken for a broken one');
}

function wakeUpsBefore(bytes: Uint8Array, start: number): number {
  let count = 0;
  while (bytes[start - count - 1] === WAKE_UP) count += 1;
  return count;
}

/** What is told of: a good frame, or bytes that are none. */
type Place = Omit<Found, 'frame'> & { readonly frame: Dlt645Frame | null };

/** Good frames, and broken ones whose bytes hold neither a good frame nor another told of. */
function tellable({ found, broken: spans }: Scanned): Place[] {
  const told: Place[] = [];
  let next = 0;
  for (let at = 0; at <= spans.length; at += 2) {
    const start = spans[at] ?? Number.POSITIVE_INFINITY;
    const end = spans[at + 1] ?? start;
    let good = found[next];
    for (; good !== undefined && good.start < start; good = found[next]) {
      told.push(good);
      next += 1;
    }
    const isNoise = good !== undefined && good.start < end;
    const isInside = start < (told.at(-1)?.end ?? 0);
    if (at < spans.length && !isNoise && !isInside) told.push({ frame: null, start, end });
  }
  return told;
}

/**
 * Frames in order, each under the edition that its function code belongs to; `asked` is taken
 * where the code is of both. A broken frame is told of unless its bytes hold a good one: then
 * what looked like its start was noise. Bytes that begin a frame and end too early are one broken
 * frame more.
 */
export function decode(bytes: Uint8Array, asked: Edition = PROTOCOL): DecodedFrame[] {
  const scanned = scan(bytes);
  const { rest } = scanned;
  const told = tellable(scanned);
  const frames = told.map(({ frame, start, end }) => {
    const preamble = wakeUpsBefore(bytes, start);
    return frame === null
      ? broken(faultOf(bytes.subarray(start, end)), asked, preamble)
      : describe(frame, asked, preamble);
  });
  if (rest < bytes.length && rest >= (told.at(-1)?.end ?? 0)) {
    const message = `the bytes end before the frame does: ${bytes.length - rest} there`;
    frames.push(broken({ code: 'FRAME_LENGTH', message }, asked, wakeUpsBefore(bytes, rest)));
  }
  if (frames.length > 0 || bytes.length === 0) return frames;
  return [broken({ code: 'FRAME_MALFORMED', message: 'no frame begins in these bytes' }, asked, 0)];
}
