/**
 * One question to all meters whose address fits a pattern, and what the line brings for it:
 * silence, the answer of one, or bytes that are no answer because several spoke at once.
 *
 *   pattern := 12 hex digits, high byte first; a byte AA fits any. DL/T 645-2007 clause 5.2.2
 */
import type { Bus, Framer } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import {
  type Dlt645Frame,
  encodeFrame,
  FRAME_OVERHEAD,
  functionOf,
  hexReversed,
  isResponse,
  REQUEST_PREAMBLE,
  WAKE_UP,
} from './frame.ts';
import { createFramer } from './framer.ts';
import type { ReadingFunction } from './question.ts';

export const ANYBODY = 'AAAAAAAAAAAA';
export const BROADCAST = '999999999999';

/** A meter answers within 500 ms and pauses no longer inside a frame: DL/T 645-2007 clause 5.3.3. */
const FIRST_BYTE_MS = 500;
const IDLE_MS = 500;
/**
 * Most questions of a search meet silence, and what comes later than 500 ms does no harm: its
 * address tells that it answers another question, and the address itself is a find.
 */
const QUIET_MS = 100;
/** Wake-up bytes before an answer: up to 7 have been seen. */
const LONGEST_PREAMBLE = 7;

export interface Question {
  readonly control: ReadingFunction;
  readonly payload: readonly number[];
  /** Where the six address bytes begin in the payload of the answer, where it holds them. */
  readonly addressAt?: number;
}

/** What one edition of the standard answers to. */
export interface RollCall {
  readonly protocol: string;
  /** Two questions that each meter answers with bytes of its own, for all meters and for some. */
  readonly toAll: readonly [Question, Question];
  readonly toSome: readonly [Question, Question];
  /** Meters that know no wildcard answer the broadcast address, though nobody should. */
  readonly answersBroadcast: boolean;
}

const READ_ENERGY: Question = { control: 0x11, payload: [0x00, 0x00, 0x01, 0x00] };
const READ_OWN_ADDRESS: Question = {
  control: 0x11,
  payload: [0x01, 0x04, 0x00, 0x04],
  addressAt: 4,
};
/** Only ever sent to all: clause 7.3. */
const ASK_ADDRESS: Question = { control: 0x13, payload: [], addressAt: 0 };
const READ_ENERGY_1997: Question = { control: 0x01, payload: [0x10, 0x90] };
const READ_METER_NUMBER_1997: Question = { control: 0x01, payload: [0x32, 0xc0], addressAt: 2 };

/** In the order in which they are tried: 00010000, 04000401 and 13H; 9010 and C032. */
export const ROLL_CALLS: readonly RollCall[] = [
  {
    protocol: 'dlt645-2007',
    toAll: [ASK_ADDRESS, READ_ENERGY],
    toSome: [READ_ENERGY, READ_OWN_ADDRESS],
    answersBroadcast: false,
  },
  {
    protocol: 'dlt645-1997',
    toAll: [READ_ENERGY_1997, READ_METER_NUMBER_1997],
    toSome: [READ_ENERGY_1997, READ_METER_NUMBER_1997],
    answersBroadcast: true,
  },
];

/** What the line brought. */
export type Heard = Dlt645Frame | 'silence' | 'garble';

const pairsOf = (address: string): readonly string[] => address.match(/../g) ?? [];

/** True where the address in an answer may be that of a meter the pattern calls. */
export function fits(pattern: string, address: string): boolean {
  if (pattern === BROADCAST) return true;
  const answered = pairsOf(address);
  return pairsOf(pattern).every((byte, at) => byte === 'AA' || byte === answered[at]);
}

/** No byte is a wildcard: one meter alone has this address. */
export const isWhole = (address: string) =>
  address !== BROADCAST && !pairsOf(address).includes('AA');

/** The meter's whole address as its answer tells it, in its head or in its payload. */
export function addressIn(frame: Dlt645Frame, { addressAt }: Question): string | null {
  if (isWhole(frame.address)) return frame.address;
  if (addressAt === undefined || frame.payload.length !== addressAt + 6) return null;
  const told = hexReversed(frame.payload.subarray(addressAt));
  return isWhole(told) ? told : null;
}

/** All that is on the line after a question. */
interface Listening extends Framer<Dlt645Frame> {
  /** Answers, whomever they answer. */
  readonly frames: readonly Dlt645Frame[];
  /** Bytes that are in no frame, wake-up bytes among them. */
  readonly strayBytes: number;
}

function listen(note: (address: string) => void): Listening {
  const framer = createFramer();
  const frames: Dlt645Frame[] = [];
  let strayBytes = 0;
  return {
    frames,
    get strayBytes() {
      return strayBytes;
    },
    push(bytes) {
      const found = framer.push(bytes);
      strayBytes += bytes.length;
      for (const frame of found) {
        strayBytes -= FRAME_OVERHEAD + frame.payload.length;
        if (!isResponse(frame)) continue;
        frames.push(frame);
        note(frame.address);
      }
      return found;
    },
  };
}

/** One clean answer and nothing beside it that is long enough to be another. */
function heardIn({ frames, strayBytes }: Listening, isAnswer: (one: Dlt645Frame) => boolean) {
  const answers = frames.filter(isAnswer);
  const [first] = answers;
  const different = new Set(answers.map((one) => one.address + hexReversed(one.payload)));
  const mostStray = FRAME_OVERHEAD + LONGEST_PREAMBLE * frames.length;
  if (first === undefined || different.size > 1 || strayBytes >= mostStray) return 'garble';
  return first;
}

export interface CallOptions extends ReadOptions {
  /** Takes the address of every whole answer, late ones and those of others included. */
  readonly note: (address: string) => void;
}

/**
 * Asks once. Where several may answer, the line is listened to until the last of them must have
 * begun: meters take from 20 to 500 ms. Throws PORT_ errors, BUS_ABORTED and BUS_JAMMED.
 */
export async function call(
  bus: Bus,
  { pattern, question }: { pattern: string; question: Question },
  { note, ...options }: CallOptions,
): Promise<Heard> {
  const { control, payload } = question;
  const frame = encodeFrame({ address: pattern, control, payload: Uint8Array.from(payload) });
  const framer = listen(note);
  // A refusal is a sign of life as good as a value.
  const isAnswer = (one: Dlt645Frame) =>
    isResponse(one) && functionOf(one) === control && fits(pattern, one.address);
  try {
    return await bus.exchange({
      request: concatBytes(new Uint8Array(REQUEST_PREAMBLE).fill(WAKE_UP), frame),
      framer,
      match: (one) => isWhole(pattern) && isAnswer(one),
      firstByteMs: FIRST_BYTE_MS,
      idleMs: IDLE_MS,
      quietMs: QUIET_MS,
      mayBeSilent: true,
      ...options,
    });
  } catch (thrown) {
    const code = thrown instanceof AmrError ? thrown.code : null;
    if (code === 'BUS_NO_REPLY') return 'silence';
    if (code === 'BUS_PARTIAL_REPLY') return 'garble';
    if (code === 'BUS_FOREIGN_REPLY') return heardIn(framer, isAnswer);
    throw thrown;
  }
}
