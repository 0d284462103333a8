import { concatBytes } from '../../src/core/bytes.ts';
import type { CreateSlave, SlaveFault, SlaveOptions } from '../../src/core/slave.ts';
import { type Identifier, showItem } from './sim-items.ts';

/**
 * A DL/T 645-2007 meter as its line hears it. Written from the standard alone; it shares no code
 * with the master's side.
 *
 *   [FE]*  68  A0..A5  68  C  L  D0..D(L-1)  CS  16        clause 5.2
 */
const START = 0x68;
const END = 0x16;
const PREAMBLE = 0xfe;
const OFFSET = 0x33;
const WILDCARD = 0xaa;
const READ = 0x11;
const READ_ADDRESS = 0x13;
const FROM_SLAVE = 0x80;
const ABNORMAL = 0x40;
/** ERR bit 1, annex C. */
const NO_SUCH_DATA = 0x02;
/** 68, six address bytes, 68, C, L, CS, 16. */
const SHORTEST = 12;
/** Bytes of one frame are no further apart, clause 5.3.3. */
const LONGEST_PAUSE_MS = 500;
/** What a meter sends ahead of an answer is not laid down; most send four. */
const USUAL_PREAMBLE = 4;

interface Request {
  readonly address: readonly number[];
  readonly control: number;
  /** The offset already taken off. */
  readonly payload: readonly number[];
}

interface Answer {
  readonly control: number;
  readonly payload: readonly number[];
  readonly item: string;
  readonly values: Record<string, string | null>;
}

const sumOf = (bytes: readonly number[]) => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** A frame can still begin with these bytes. */
function mayBeFrame(heard: readonly number[]): boolean {
  return heard[0] === START && (heard.length < 8 || heard[7] === START);
}

/**
 * Takes one byte after another, gives a request when one is complete. What turns out to be no
 * frame is searched again from its second byte on.
 */
function createRecogniser() {
  let heard: number[] = [];

  const complete = (): Request | null => {
    const length = SHORTEST + (heard[9] ?? 0);
    const frame = heard.slice(0, length);
    if (frame.at(-1) !== END || sumOf(frame.slice(0, -2)) !== frame.at(-2)) return null;
    heard = heard.slice(length);
    return {
      address: frame.slice(1, 7),
      control: frame[8] ?? 0,
      payload: frame.slice(10, -2).map((byte) => (byte - OFFSET) & 0xff),
    };
  };

  const search = (): Request | null => {
    while (heard.length > 0) {
      if (mayBeFrame(heard)) {
        if (heard.length < 10 || heard.length < SHORTEST + (heard[9] ?? 0)) return null;
        const request = complete();
        if (request !== null) return request;
      }
      heard.shift();
    }
    return null;
  };

  return {
    push(byte: number): Request | null {
      heard.push(byte);
      return search();
    },
    drop() {
      heard = [];
    },
  };
}

/** Address bytes, low byte first: 123456789012 is 12 90 78 56 34 12. */
function addressBytes(address: string): number[] {
  const digits = address.padStart(12, '0');
  return [10, 8, 6, 4, 2, 0].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}

/** The next address up, for the fault in which the meter gives a false one. */
function falseAddress(address: string): string {
  return String((BigInt(address) + 1n) % 1_000_000_000_000n).padStart(12, '0');
}

const hexOf = (identifier: readonly number[]) =>
  identifier.map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');

function answerRead(payload: readonly number[], options: SlaveOptions): Answer | null {
  if (payload.length < 4) return null;
  const [di0 = 0, di1 = 0, di2 = 0, di3 = 0] = payload;
  const identifier: Identifier = [di3, di2, di1, di0];
  const item = hexOf(identifier);
  if (item === '04000401') return answerAddress(FROM_SLAVE | READ, [di0, di1, di2, di3], options);
  const shown = payload.length === 4 ? showItem(identifier, options.display) : null;
  if (shown === null) {
    return { control: FROM_SLAVE | ABNORMAL | READ, payload: [NO_SUCH_DATA], item, values: {} };
  }
  return {
    control: FROM_SLAVE | READ,
    payload: [di0, di1, di2, di3, ...shown.payload],
    item,
    values: shown.values,
  };
}

function answerAddress(control: number, before: number[], { address }: SlaveOptions): Answer {
  return {
    control,
    payload: [...before, ...addressBytes(address)],
    item: '04000401',
    values: { address: address.padStart(12, '0') },
  };
}

/** A normal read answer that names the neighbouring identifier, its values unchanged. */
function misnamed(answer: Answer): Answer {
  if (answer.control !== (FROM_SLAVE | READ)) return answer;
  const [di0 = 0, ...rest] = answer.payload;
  const identifier = [...answer.payload.slice(1, 4).reverse(), di0 ^ 1];
  return { ...answer, payload: [di0 ^ 1, ...rest], item: hexOf(identifier) };
}

function frameOf(address: string, { control, payload }: Answer, preamble: number): Uint8Array {
  const body = [
    START,
    ...addressBytes(address),
    START,
    control,
    payload.length,
    ...payload.map((byte) => (byte + OFFSET) & 0xff),
  ];
  return concatBytes(
    new Uint8Array(preamble).fill(PREAMBLE),
    Uint8Array.from([...body, sumOf(body), END]),
  );
}

/**
 * A simulated DL/T 645-2007 meter. It answers 11H and 13H sent to its address or to a wildcard
 * that fits (AA for a byte), and is silent to everything else: other functions, other meters'
 * frames, broadcasts (99 six times fits no meter) and damaged frames.
 */
export const createDlt645Slave: CreateSlave = (options) => {
  const own = addressBytes(options.address);
  const recogniser = createRecogniser();
  let fault: SlaveFault | null = null;

  const isForUs = ({ address }: Request) =>
    !address.every((byte) => byte === 0x99) &&
    address.every((byte, at) => byte === WILDCARD || byte === own[at]);

  // Answers have D7 set in the control byte, so none of them is taken for a request.
  const answerTo = ({ control, payload }: Request): Answer | null => {
    if (control === READ) return answerRead(payload, options);
    if (control === READ_ADDRESS && payload.length === 0) {
      return answerAddress(FROM_SLAVE | READ_ADDRESS, [], options);
    }
    return null;
  };

  const serve = (request: Request): Uint8Array | null => {
    const honest = isForUs(request) ? answerTo(request) : null;
    if (honest === null) return null;
    const answer = fault === 'wrong-item' ? misnamed(honest) : honest;
    options.onAnswer?.(answer.item, answer.values);
    const address = fault === 'wrong-address' ? falseAddress(options.address) : options.address;
    return frameOf(address, answer, options.preamble ?? USUAL_PREAMBLE);
  };

  return {
    address: options.address,
    receive(bytes) {
      let answer: Uint8Array | null = null;
      for (const byte of bytes) {
        const request = recogniser.push(byte);
        if (request !== null) answer = serve(request) ?? answer;
      }
      return answer;
    },
    silence(ms) {
      if (ms > LONGEST_PAUSE_MS) recogniser.drop();
    },
    setFault(next) {
      fault = next;
    },
  };
};
