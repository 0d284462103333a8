/**
 * One read exchange. DL/T 645-2007 clause 7.1:
 *
 *   request := control 11H, payload DI0 DI1 DI2 DI3
 *   answer  := control 91H, payload DI0 DI1 DI2 DI3 content
 *            | control D1H, payload ERR
 */
import type { Bus } from '../../src/core/bus.ts';
import { byteAt, concatBytes } from '../../src/core/bytes.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { errorMeaning, hexByte, identifierOf, READ } from './decode.ts';
import {
  type Dlt645Frame,
  encodeFrame,
  functionOf,
  hasMore,
  isAbnormal,
  isResponse,
  REQUEST_PREAMBLE,
  WAKE_UP,
} from './frame.ts';
import { createFramer } from './framer.ts';
import { ITEMS } from './items.ts';
import { decodeItem, type FieldValue } from './values.ts';

/** A meter answers within 500 ms and pauses no longer inside a frame: clause 5.3.3. */
const FIRST_BYTE_MS = 500;
const IDLE_MS = 500;
/** After a failure the line must stay silent as long as a late answer could still begin. */
const QUIET_MS = 500;

/** ERR bits 0 and 1: meters say either of an identifier that they do not have. */
const UNSUPPORTED_BITS = 0x03;

const wakeUp = new Uint8Array(REQUEST_PREAMBLE).fill(WAKE_UP);

/** What one read exchange brought. */
export interface ItemAnswer {
  /** The address in the answer: the real one where wildcards were asked. */
  readonly address: string;
  readonly values: readonly FieldValue[];
}

/** Wildcard bytes of the asked address match anything, the wildcard itself included. */
function answersTo(asked: string, answered: string): boolean {
  for (let at = 0; at < asked.length; at += 2) {
    const byte = asked.slice(at, at + 2);
    if (byte !== 'AA' && byte !== answered.slice(at, at + 2)) return false;
  }
  return true;
}

function isAnswer(frame: Dlt645Frame, address: string, di: string): boolean {
  if (!isResponse(frame) || functionOf(frame) !== READ) return false;
  if (!answersTo(address, frame.address)) return false;
  return isAbnormal(frame) ? frame.payload.length === 1 : identifierOf(frame) === di;
}

function exceptionError(frame: Dlt645Frame, di: string): AmrError {
  const err = byteAt(frame.payload, 0);
  const isUnsupported = (err & UNSUPPORTED_BITS) !== 0 && (err & ~UNSUPPORTED_BITS) === 0;
  return new AmrError(
    isUnsupported ? 'METER_UNSUPPORTED' : 'METER_EXCEPTION',
    `meter ${frame.address} refuses ${di}: ${errorMeaning(err)}`,
    { context: { err: `0x${hexByte(err)}`, di } },
  );
}

function requestFor(address: string, di: string): Uint8Array {
  const payload = Uint8Array.from([6, 4, 2, 0], (at) => Number.parseInt(di.slice(at, at + 2), 16));
  return concatBytes(wakeUp, encodeFrame({ address, control: READ, payload }));
}

/** One exchange: asks for one identifier. Throws BUS_, PORT_, METER_ and FRAME_LENGTH errors. */
export async function readItem(
  bus: Bus,
  address: string,
  di: string,
  options: ReadOptions,
): Promise<ItemAnswer> {
  const item = ITEMS.get(di);
  if (item === undefined) throw new AmrError('CONFIG_INVALID', `unknown data identifier ${di}`);
  const frame = await bus.exchange({
    request: requestFor(address, di),
    framer: createFramer(),
    match: (candidate) => isAnswer(candidate, address, di),
    firstByteMs: FIRST_BYTE_MS,
    idleMs: IDLE_MS,
    quietMs: QUIET_MS,
    ...options,
  });
  if (isAbnormal(frame)) throw exceptionError(frame, di);
  if (hasMore(frame)) {
    throw new AmrError('METER_WRONG_ITEM', `the answer to ${di} goes on in further frames`);
  }
  return { address: frame.address, values: decodeItem(item, frame.payload.subarray(4)) };
}
