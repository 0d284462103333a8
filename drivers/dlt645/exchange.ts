/**
 * One identifier, or the meter's address, read over the bus. DL/T 645-2007 clauses 7.1, 7.2, 7.4:
 *
 *   chain := request 11H, answer 91H
 *          | request 11H, answer B1H, (request 12H, answer B2H)*, request 12H, answer 92H
 *
 * A chain never resumes in the middle: one that broke is begun once more from 11H.
 */
import type { Bus } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { ItemAnswer } from './ask.ts';
import { type Dlt645Frame, hasMore, isAbnormal } from './frame.ts';
import { READ_ADDRESS } from './functions/codes.ts';
import { rawHex } from './functions/payload.ts';
import { parseAddress, parseFollowUpAnswer, type ReadForm } from './functions/reading.ts';
import { findItem, type Item } from './items.ts';
import { ask, askFirst, askNext, FIRST_BYTE_MS, isAnswer, type Station } from './question.ts';
import { ANYBODY } from './roll-call.ts';
import { decodeItem } from './values.ts';
import { wholeValues } from './whole-values.ts';

/** SEQ is one byte. So a chain has 256 frames at most and, of 255 bytes each, less than 64 KiB. */
const LAST_SEQUENCE = 255;

/** What one read brought before it is decoded: the content of all frames of the answer joined. */
export interface ContentAnswer {
  /** The address in the answer: the real one where wildcards were asked. */
  readonly address: string;
  readonly content: Uint8Array;
}

/** A lost port and an abort end the chain at once, and so does a refusal. */
function isWorthRepeating({ code, transient }: AmrError): boolean {
  return transient && !code.startsWith('PORT_') && code !== 'BUS_ABORTED';
}

/** The content of the frames that came, and why there are no more, `null` where all came. */
interface Chain extends ContentAnswer {
  readonly brokenBy: AmrError | null;
}

/** Throws what the first frame brings, for then there is nothing to keep. */
async function readChain(station: Station, di: string, form: ReadForm): Promise<Chain> {
  let frame = await askFirst(station, di, form);
  const { address } = frame;
  const parts = [frame.payload.subarray(4)];
  const begun = (brokenBy: AmrError | null) => ({
    address,
    content: concatBytes(...parts),
    brokenBy,
  });
  // The meter that began goes on, also where wildcards fit several.
  const same = { ...station, address };
  for (let sequence = 1; hasMore(frame); sequence++) {
    if (sequence > LAST_SEQUENCE) {
      return begun(new AmrError('METER_EXCEPTION', `the answer to ${di} never ends`));
    }
    try {
      frame = await askNext(same, di, sequence);
      parts.push(parseFollowUpAnswer(frame.payload).content);
    } catch (thrown) {
      if (!(thrown instanceof AmrError)) throw thrown;
      return begun(thrown);
    }
  }
  return begun(null);
}

function partialError(di: string, content: Uint8Array, brokenBy: AmrError): AmrError {
  const message = `the answer to ${di} broke off after ${content.length} bytes: ${brokenBy.message}`;
  const context = { ...brokenBy.context, di, partial: rawHex(content) };
  return new AmrError(brokenBy.code, message, { context, cause: brokenBy });
}

/** A second try that does not even begin leaves what the first one had. */
async function tryAgain(
  station: Station,
  di: string,
  { form, before }: { form: ReadForm; before: Chain },
): Promise<Chain> {
  try {
    const chain = await readChain(station, di, form);
    const isShorter = chain.content.length < before.content.length;
    return chain.brokenBy !== null && isShorter ? { ...before, brokenBy: chain.brokenBy } : chain;
  } catch (thrown) {
    if (thrown instanceof AmrError) return { ...before, brokenBy: thrown };
    throw thrown;
  }
}

/** All frames of the answer, or the longer of two beginnings. Throws as {@link readChain} does. */
async function readLongest(station: Station, di: string, form: ReadForm): Promise<Chain> {
  const before = await readChain(station, di, form);
  if (before.brokenBy === null || !isWorthRepeating(before.brokenBy)) return before;
  return tryAgain(station, di, { form, before });
}

/**
 * Reads what one identifier holds, follow-up frames included. `form` is for load records alone.
 * Throws BUS_, PORT_ and METER_ errors; where the answer had begun, the content that came, the
 * longer of the two tries, is in `context.partial` as hex in wire order.
 */
export async function readContentAt(
  station: Station,
  di: string,
  form: ReadForm = {},
): Promise<ContentAnswer> {
  const chain = await readLongest(station, di, form);
  if (chain.brokenBy !== null) throw partialError(di, chain.content, chain.brokenBy);
  return { address: chain.address, content: chain.content };
}

/** {@link readContentAt} for one question alone. */
export async function readContent(
  bus: Bus,
  address: string,
  di: string,
  options: ReadOptions,
  form: ReadForm = {},
): Promise<ContentAnswer> {
  return await readContentAt({ bus, address, options }, di, form);
}

/**
 * Reads what the identifier holds, which has the form of `item`, or as many whole values of it as
 * came; an abort leaves none. Throws what {@link readContentAt} throws, and FRAME_LENGTH where the
 * content does not fit the item.
 */
export async function readAs(station: Station, di: string, item: Item): Promise<ItemAnswer> {
  const chain = await readLongest(station, di, {});
  const { address, content, brokenBy } = chain;
  if (brokenBy === null) return { address, values: decodeItem(item, content) };
  const cutShort = partialError(di, content, brokenBy);
  const values = cutShort.code === 'BUS_ABORTED' ? [] : wholeValues(item, content);
  if (values.length === 0) throw cutShort;
  return { address, values, cutShort };
}

/** The item of the table. Throws CONFIG_INVALID for an identifier that the table lacks. */
export function itemAt(di: string): Item {
  const item = findItem(di);
  if (item === undefined) throw new AmrError('CONFIG_INVALID', `unknown data identifier ${di}`);
  return item;
}

/** Reads one identifier in the form that the table has for it. Throws as those two do. */
export async function readItem(
  bus: Bus,
  address: string,
  di: string,
  options: ReadOptions,
): Promise<ItemAnswer> {
  return await readAs({ bus, address, options }, di, itemAt(di));
}

/** The head of the answer bears the same address; some meters leave the wildcard in it. */
function isOwnAddress(frame: Dlt645Frame): boolean {
  if (!isAnswer(frame, READ_ADDRESS, ANYBODY) || isAbnormal(frame)) return false;
  if (frame.payload.length !== 6) return false;
  return frame.address === ANYBODY || frame.address === parseAddress(frame.payload);
}

/** 13H, to the only meter on the line: its address. Throws BUS_ and PORT_ errors. */
export async function readAddress(bus: Bus, options: ReadOptions): Promise<string> {
  const frame = await ask(
    { bus, address: ANYBODY, options },
    {
      control: READ_ADDRESS,
      payload: new Uint8Array(0),
      match: isOwnAddress,
      firstByteMs: FIRST_BYTE_MS,
    },
  );
  return parseAddress(frame.payload);
}
