/**
 * The questions of a read, each one exchange on the bus. DL/T 645-2007 clauses 7.1 and 7.2;
 * the payloads are in `functions/reading.ts`. A refusal is D1H or D2H with ERR.
 */
import type { Bus } from '../../src/core/bus.ts';
import { byteAt, concatBytes } from '../../src/core/bytes.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError, type ErrorCode } from '../../src/core/errors.ts';
import {
  type Dlt645Frame,
  encodeFrame,
  functionOf,
  isAbnormal,
  isResponse,
  REQUEST_PREAMBLE,
  WAKE_UP,
} from './frame.ts';
import { createFramer } from './framer.ts';
import { identifierOf, READ, READ_FOLLOW_UP } from './functions/codes.ts';
import { errorMeaning } from './functions/err.ts';
import { hexByte } from './functions/payload.ts';
import {
  encodeFollowUpRequest,
  encodeReadRequest,
  parseFollowUpAnswer,
  type ReadForm,
} from './functions/reading.ts';
import { fits, isWhole } from './roll-call.ts';

/** A meter answers within 500 ms and pauses no longer inside a frame: clause 5.3.3. */
export const FIRST_BYTE_MS = 500;
/** Records of programming and clearing, which meters gather slowly; in no clause. */
const SLOW_FIRST_BYTE_MS = 2000;
const SLOW_RECORD = /^0330..0[1-9A]$/;
const IDLE_MS = 500;
/** After a failure the line must stay silent as long as a late answer could still begin. */
const QUIET_MS = 500;

/** ERR bits 0 and 1: meters say either of an identifier that they do not have. */
const UNSUPPORTED_BITS = 0x03;

const wakeUp = new Uint8Array(REQUEST_PREAMBLE).fill(WAKE_UP);

/** Whom to ask, and how. */
export interface Station {
  readonly bus: Bus;
  readonly address: string;
  readonly options: ReadOptions;
  /** Takes every answer, refusals included. */
  readonly heard?: (frame: Dlt645Frame) => void;
}

/**
 * The stations of one read. `address` may hold wildcard bytes, or be 99 six times for whichever
 * meter is there: the first whole address that answers is the one that the rest of the read asks,
 * so that one reading never holds values of two meters. Answers of others are then foreign.
 * `answered` is called for whatever is no refusal.
 */
export function createStations(
  bus: Bus,
  address: string,
  answered: () => void,
): (options: ReadOptions) => Station {
  let asked = address;
  const heard = (frame: Dlt645Frame) => {
    if (isWhole(frame.address)) asked = frame.address;
    if (!isAbnormal(frame)) answered();
  };
  return (options) => ({
    bus,
    get address() {
      return asked;
    },
    options,
    heard,
  });
}

/** The functions of both editions that ask and change nothing; no other is ever sent from here. */
export type ReadingFunction = 0x01 | 0x02 | 0x11 | 0x12 | 0x13;

export interface Question {
  readonly control: ReadingFunction;
  readonly payload: Uint8Array;
  readonly match: (frame: Dlt645Frame) => boolean;
  readonly firstByteMs: number;
}

/** One exchange. Throws BUS_ and PORT_ errors. */
export async function ask(station: Station, question: Question): Promise<Dlt645Frame> {
  const { bus, address, options, heard } = station;
  const { control, payload, match, firstByteMs } = question;
  const frame = await bus.exchange({
    request: concatBytes(wakeUp, encodeFrame({ address, control, payload })),
    framer: createFramer(),
    match,
    firstByteMs,
    idleMs: IDLE_MS,
    quietMs: QUIET_MS,
    ...options,
  });
  heard?.(frame);
  return frame;
}

const firstByteMsOf = (di: string) => (SLOW_RECORD.test(di) ? SLOW_FIRST_BYTE_MS : FIRST_BYTE_MS);

/** True for what a meter of this address says to this function. */
export function isAnswer(frame: Dlt645Frame, control: number, address: string): boolean {
  return isResponse(frame) && functionOf(frame) === control && fits(address, frame.address);
}

const isRefusal = (frame: Dlt645Frame) => isAbnormal(frame) && frame.payload.length === 1;

function codeOf(err: number): ErrorCode {
  const isUnsupported = (err & UNSUPPORTED_BITS) !== 0 && (err & ~UNSUPPORTED_BITS) === 0;
  return isUnsupported ? 'METER_UNSUPPORTED' : 'METER_EXCEPTION';
}

function refusalError(frame: Dlt645Frame, di: string, code?: ErrorCode): AmrError {
  const err = byteAt(frame.payload, 0);
  return new AmrError(
    code ?? codeOf(err),
    `meter ${frame.address} refuses ${di}: ${errorMeaning(err)}`,
    { context: { err: `0x${hexByte(err)}`, di } },
  );
}

/** 11H. Throws BUS_, PORT_ and METER_ errors. */
export async function askFirst(station: Station, di: string, form: ReadForm): Promise<Dlt645Frame> {
  const frame = await ask(station, {
    control: READ,
    payload: encodeReadRequest(di, form),
    match: (one) =>
      isAnswer(one, READ, station.address) &&
      (isAbnormal(one) ? isRefusal(one) : identifierOf(one) === di),
    firstByteMs: firstByteMsOf(di),
  });
  if (isAbnormal(frame)) throw refusalError(frame, di);
  return frame;
}

/**
 * 12H, to the meter that began the chain. Frames of another place in it are passed over: a late
 * double must not end a good chain. Throws METER_WRONG_ITEM where nothing else came, and where the
 * wanted part has nothing in it.
 */
export async function askNext(
  station: Station,
  di: string,
  sequence: number,
): Promise<Dlt645Frame> {
  let isMisplaced = false;
  const match = (one: Dlt645Frame) => {
    if (!isAnswer(one, READ_FOLLOW_UP, station.address)) return false;
    if (isAbnormal(one)) return isRefusal(one);
    if (one.payload.length < 5) return false;
    const answer = parseFollowUpAnswer(one.payload);
    const isWanted = answer.di === di && answer.sequence === sequence;
    isMisplaced ||= !isWanted;
    return isWanted;
  };
  try {
    const payload = encodeFollowUpRequest({ di, sequence });
    const firstByteMs = firstByteMsOf(di);
    const frame = await ask(station, { control: READ_FOLLOW_UP, payload, match, firstByteMs });
    // It has the identifier, for it began the answer.
    if (isAbnormal(frame)) throw refusalError(frame, di, 'METER_EXCEPTION');
    if (parseFollowUpAnswer(frame.payload).content.length > 0) return frame;
    throw new AmrError('METER_WRONG_ITEM', `part ${sequence} of ${di} is empty`);
  } catch (thrown) {
    if (!isMisplaced || !(thrown instanceof AmrError) || !isWaitOver(thrown.code)) throw thrown;
    const message = `the answer to part ${sequence} of ${di} is another part or identifier`;
    throw new AmrError('METER_WRONG_ITEM', message, { cause: thrown });
  }
}

const isWaitOver = (code: ErrorCode) => code.startsWith('BUS_') && code !== 'BUS_ABORTED';
