import type { CreateSlave, SlaveFault, SlaveOptions } from '../../../src/core/slave.ts';
import { createClockSetting } from '../sim-clock.ts';
import { keptItem } from './sim-items.ts';
import type { Kept } from './sim-packing.ts';

/**
 * A DL/T 645-1997 meter as its line hears it. It shares no code with the master's side.
 *
 *   [FE]*  68  A0..A5  68  C  L  D0..D(L-1)  CS  16
 */
const FIRST = 0x68;
const LAST = 0x16;
const LONGEST_FRAME = 267;
/** Bytes of one frame are no further apart. */
const LONGEST_PAUSE_MS = 500;
const USUAL_PREAMBLE = 4;
/** A data field has at most 200 bytes, two of which are the identifier. */
const MOST_CONTENT = 198;

const READ = 0x01;
const READ_ON = 0x02;
const READ_AGAIN = 0x03;
const SET_CLOCK = 0x08;
const READING: readonly number[] = [READ, READ_ON, READ_AGAIN];
/** Write, password, demand clear: this meter's password is never given right. */
const LOCKED: readonly number[] = [0x04, 0x0f, 0x10];
/** Of the control byte of an answer. */
const LAST_PART = 0x80;
const MORE = 0xa0;
const NO_SUCH_ITEM = 0x02;
const WRONG_PASSWORD = 0x04;

export interface Slave1997Options extends SlaveOptions {
  /** Longer contents are sent in parts of so many bytes; 198 by default, as the standard has it. */
  readonly partBytes?: number;
  /** Some meters answer a wildcard with the wildcard instead of their own address. */
  readonly repeatsWildcard?: boolean;
}

interface Heard {
  /** As printed, high digit first. */
  readonly address: string;
  readonly code: number;
  readonly payload: readonly number[];
}

interface Said {
  readonly code: number;
  readonly payload: readonly number[];
  readonly item: string;
  readonly values: Kept['values'];
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0').toUpperCase();
const plus = (bytes: readonly number[]) => bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

/** The request that ends with the byte heard last, if one does. */
function requestAtEnd(heard: readonly number[]): Heard | null {
  if (heard.at(-1) !== LAST) return null;
  for (let start = 0; start <= heard.length - 12; start++) {
    const frame = heard.slice(start);
    const [length = 0] = frame.slice(9, 10);
    if (frame[0] !== FIRST || frame[7] !== FIRST || frame.length !== length + 12) continue;
    if (plus(frame.slice(0, -2)) !== frame.at(-2)) continue;
    return {
      address: frame.slice(1, 7).reverse().map(hex).join(''),
      code: frame[8] ?? 0,
      payload: frame.slice(10, -2).map((byte) => (byte + 0xcd) & 0xff),
    };
  }
  return null;
}

function frameOf(address: string, { code, payload }: Said): number[] {
  const pairs = address.match(/../g) ?? [];
  const bytes = pairs.map((pair) => Number.parseInt(pair, 16)).reverse();
  const body = [FIRST, ...bytes, FIRST, code, payload.length];
  const all = [...body, ...payload.map((byte) => (byte + 0x33) & 0xff)];
  return [...all, plus(all), LAST];
}

function calls(called: string, own: string): boolean {
  // All nines call everybody, and meters of this edition answer reads all the same.
  if (/^9+$/.test(called)) return true;
  return new RegExp(`^${called.replace(/AA/g, '..')}$`).test(own);
}

/** The item that comes next by its number, for the fault in which the meter mistakes it. */
const mistaken = ({ payload: [di0 = 0, ...rest], ...said }: Said): Said => ({
  ...said,
  payload: [di0 ^ 1, ...rest],
});

const refusal = (code: number, err: number, item: string): Said => ({
  code: code | 0xc0,
  payload: [err],
  item,
  values: {},
});

/** Reading, in parts where the content is long. */
function createReader({ display, address, partBytes = MOST_CONTENT }: Slave1997Options) {
  let rest: { item: string; bytes: readonly number[] } = { item: '', bytes: [] };
  let last: Said | null = null;

  const part = (code: number, di: readonly number[], kept: Kept, item: string): Said => {
    rest = { item, bytes: kept.bytes.slice(partBytes) };
    last = {
      code: code | (rest.bytes.length > 0 ? MORE : LAST_PART),
      payload: [...di, ...kept.bytes.slice(0, partBytes)],
      item,
      values: kept.values,
    };
    return last;
  };

  /** The answer given last, be it a part. */
  const again = (payload: readonly number[]): Said | null => {
    if (payload.length > 0) return null;
    if (last === null) return refusal(READ_AGAIN, NO_SUCH_ITEM, '');
    return { ...last, code: (last.code & MORE) | READ_AGAIN };
  };

  return (code: number, payload: readonly number[]): Said | null => {
    if (code === READ_AGAIN) return again(payload);
    if (payload.length < 2) return null;
    const [di0 = 0, di1 = 0] = payload;
    const item = hex(di1) + hex(di0);
    if (code === READ) {
      const kept = payload.length === 2 ? keptItem([di1, di0], { display, address }) : null;
      return kept === null ? refusal(code, NO_SUCH_ITEM, item) : part(code, [di0, di1], kept, item);
    }
    const isExpected = rest.item === item && rest.bytes.length > 0;
    return isExpected
      ? part(code, [di0, di1], { bytes: rest.bytes, values: {} }, item)
      : refusal(code, NO_SUCH_ITEM, item);
  };
}

/**
 * A simulated DL/T 645-1997 meter. It answers 01H, 02H and 03H sent to its address, to a wildcard
 * that fits (AA for a byte) or to all meters, obeys 08H in silence, refuses what wants a password,
 * and is silent to all else: functions of 2007, other meters' frames and damaged ones.
 */
export function createSlave1997(options: Slave1997Options): ReturnType<CreateSlave> {
  const address = options.address.padStart(12, '0');
  const reader = createReader({ ...options, address });
  const setClock = createClockSetting(options.display.memory);
  let heard: number[] = [];
  let fault: SlaveFault | null = null;

  const answer = ({ address: called, code, payload }: Heard): Said | null => {
    if (!calls(called, address)) return null;
    if (READING.includes(code)) return reader(code, payload);
    if (code === SET_CLOCK) setClock(payload);
    return called === address && LOCKED.includes(code) ? refusal(code, WRONG_PASSWORD, '') : null;
  };

  const addressSaid = (called: string) => {
    if (fault === 'wrong-address') {
      return String((BigInt(address) + 1n) % 10n ** 12n).padStart(12, '0');
    }
    return options.repeatsWildcard && called.includes('AA') ? called : address;
  };

  const serve = (request: Heard): Uint8Array | null => {
    const said = answer(request);
    if (said === null) return null;
    options.onAnswer?.(said.item, said.values);
    const isNormal = (said.code & 0x40) === 0;
    const frame = frameOf(
      addressSaid(request.address),
      fault === 'wrong-item' && isNormal ? mistaken(said) : said,
    );
    const preamble = new Array<number>(options.preamble ?? USUAL_PREAMBLE).fill(0xfe);
    return Uint8Array.from([...preamble, ...frame]);
  };

  return {
    address: options.address,
    receive(bytes) {
      let answered: Uint8Array | null = null;
      for (const byte of bytes) {
        heard = [...heard, byte].slice(-LONGEST_FRAME);
        const request = requestAtEnd(heard);
        if (request === null) continue;
        heard = [];
        answered = serve(request) ?? answered;
      }
      return answered;
    },
    silence(ms) {
      if (ms > LONGEST_PAUSE_MS) heard = [];
    },
    setFault(next) {
      fault = next;
    },
  };
}
