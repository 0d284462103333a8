/**
 * The meter's end of both framings. Written from MODBUS over Serial Line V1.02 and MODBUS
 * Messaging on TCP/IP V1.0b alone; it shares no code with the master's side.
 *
 *   RTU   silence  unit  function  ...  CRC low  CRC high
 *   MBAP  transaction[2]  0000  length[2]  unit  function  ...
 */
export interface Request {
  readonly unit: number;
  /** Function and what follows it. */
  readonly pdu: readonly number[];
}

const LONGEST_FRAME = 256;
const SHORTEST_FRAME = 4;
const POLYNOMIAL = 0xa001;

/** 1.75 ms above 19200 baud, else three and a half characters; clause 2.5.1.1. */
const SHORTEST_SILENCE_MS = 1.75;
const SILENT_CHARACTERS = 3.5;
const SAME_MS = 1e-3;

/** Bit by bit, as clause 6.2.2 describes it. */
function crcOf(bytes: readonly number[]): readonly [low: number, high: number] {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  }
  return [crc & 0xff, crc >> 8];
}

function isWhole(frame: readonly number[]): boolean {
  const [low, high] = crcOf(frame.slice(0, -2));
  return frame.length >= SHORTEST_FRAME && frame.at(-2) === low && frame.at(-1) === high;
}

/** How long a request is, `null` where only its CRC tells. */
function lengthOf([, code = 0, , , , , bytes = 0]: readonly number[]): number | null {
  if (code >= 1 && code <= 6) return 8;
  if (code === 0x2b) return 7;
  return code === 0x0f || code === 0x10 ? 9 + bytes : null;
}

/**
 * Takes one byte after another, gives the request to this unit when it is complete. A request
 * begins behind a silence; what runs into it spoils it, up to the next silence.
 */
export function createRecogniser(unit: number, byteMs: number) {
  const silentMs = Math.max(SILENT_CHARACTERS * byteMs, SHORTEST_SILENCE_MS);
  let heard: number[] = [];
  let isOver = false;

  return {
    push(byte: number): Request | null {
      if (isOver) return null;
      heard.push(byte);
      const [called, code = 0] = heard;
      isOver = called !== unit || code >= 0x80 || heard.length > LONGEST_FRAME;
      if (isOver || (lengthOf(heard) ?? heard.length) !== heard.length || !isWhole(heard)) {
        return null;
      }
      isOver = true;
      return { unit, pdu: heard.slice(1, -2) };
    },
    silence(ms: number) {
      if (ms < silentMs - SAME_MS) return;
      heard = [];
      isOver = false;
    },
  };
}

export function rtuFrame(unit: number, pdu: readonly number[]): Uint8Array {
  const frame = [unit, ...pdu];
  return Uint8Array.from([...frame, ...crcOf(frame)]);
}

/** `null` where the bytes are not exactly one request. */
export function parseMbap(bytes: Uint8Array): Request | null {
  const [, , protocolHigh, protocolLow, lengthHigh = 0, lengthLow = 0, unit, ...pdu] = bytes;
  const length = lengthHigh * 256 + lengthLow;
  if (protocolHigh !== 0 || protocolLow !== 0 || unit === undefined) return null;
  return length === pdu.length + 1 && pdu.length > 0 ? { unit, pdu } : null;
}

/** The answer to a request, with the number of its transaction. */
export function mbapFrame(request: Uint8Array, unit: number, pdu: readonly number[]): Uint8Array {
  const length = pdu.length + 1;
  return Uint8Array.from([...request.slice(0, 4), length >> 8, length & 0xff, unit, ...pdu]);
}
