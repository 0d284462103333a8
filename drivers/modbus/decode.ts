/**
 * Any bytes to what `amr decode` prints: RTU frames or Modbus TCP, good ones with their values,
 * broken ones with the reason. Which of the two it is the bytes say themselves: a CRC that matches
 * is RTU; a header with protocol 0 and a length that matches is Modbus TCP.
 */
import type { DecodedFrame } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { FUNCTIONS } from './functions.ts';
import { MBAP_OVERHEAD, UNCOUNTED } from './mbap.ts';
import { createMbapFramer } from './mbap-framer.ts';
import { EXCEPTION } from './pdu.ts';
import { isClosed, parseRtu, type RtuFrame } from './rtu.ts';
import { faultsIn, hasForm } from './rtu-faults.ts';
import { showPdu } from './shown.ts';
import { sniff } from './sniffer.ts';

type Carrier = 'modbus-rtu' | 'modbus-tcp';

/** The bytes read as one of the two. */
interface Told {
  readonly frames: readonly DecodedFrame[];
  /** True where every byte is part of a good frame. */
  readonly isWhole: boolean;
}

/** The units of a serial line, 0 for all of them. */
const isUnit = (byte = 0) => byte <= 247;

const broken = (protocol: Carrier, { code, message }: AmrError): DecodedFrame => ({
  protocol,
  ok: false,
  error: { code, meaning: message },
  values: [],
});

/** `last` is the frame before. */
function describe(
  protocol: Carrier,
  { unit, pdu }: RtuFrame,
  last: DecodedFrame | undefined,
): DecodedFrame {
  const address = String(unit);
  try {
    const shown = showPdu(pdu, last?.address === address ? last : null);
    return { protocol, ok: true, address, ...shown };
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    return broken(protocol, thrown);
  }
}

function decodeRtu(bytes: Uint8Array): Told {
  const frames: DecodedFrame[] = [];
  let isWhole = true;
  let at = 0;

  function tell(frame: RtuFrame): void {
    frames.push(describe('modbus-rtu', frame, frames.at(-1)));
  }

  /** Functions without a layout are delimited by what stands around them, or by nothing. */
  function tellGap(gap: Uint8Array): void {
    if (gap.length === 0) return;
    // FFH FFH 00H 00H, an idle line and a break, has a good check and no unit.
    if (isUnit(gap[0]) && isClosed(gap)) tell(parseRtu(gap));
    else {
      isWhole = false;
      for (const fault of faultsIn(gap)) frames.push(broken('modbus-rtu', fault));
    }
  }

  for (const { frame, start, end } of sniff(bytes, true).found) {
    tellGap(bytes.subarray(at, start));
    tell(frame);
    at = end;
  }
  tellGap(bytes.subarray(at));
  return { frames, isWhole: isWhole && frames.every(({ ok }) => ok) };
}

const isKnown = ([code = 0]: Uint8Array) => FUNCTIONS[code & ~EXCEPTION] !== undefined;

function decodeTcp(bytes: Uint8Array): Told {
  const frames: DecodedFrame[] = [];
  let isWhole = true;
  let at = 0;
  const framer = createMbapFramer();
  for (const frame of framer.push(bytes)) {
    frames.push(describe('modbus-tcp', frame, frames.at(-1)));
    isWhole &&= isKnown(frame.pdu) && frames.at(-1)?.ok === true;
    at += MBAP_OVERHEAD + frame.pdu.length;
  }
  if (framer.fault !== null) {
    // Behind a frame that was broken inside, its length is what was wrong.
    if (frames.at(-1)?.ok !== false) frames.push(broken('modbus-tcp', framer.fault));
    return { frames, isWhole: false };
  }
  if (at === bytes.length) return { frames, isWhole };
  if (frames.at(-1)?.ok !== false) {
    const message = `the bytes end before the frame does: ${bytes.length - at} there`;
    frames.push(broken('modbus-tcp', new AmrError('FRAME_LENGTH', message)));
  }
  return { frames, isWhole: false };
}

/** A whole header that Modbus TCP can have. */
function hasHeader(bytes: Uint8Array): boolean {
  const framer = createMbapFramer();
  framer.push(bytes.subarray(0, UNCOUNTED));
  return bytes.length >= UNCOUNTED && !framer.isBroken;
}

/** What the bytes look most like, where no check and no length settles it. */
function isRatherTcp(bytes: Uint8Array): boolean {
  const isRtuForm = bytes[0] !== 0 && isUnit(bytes[0]) && hasForm(bytes);
  return hasHeader(bytes) && !isRtuForm;
}

function framesIn(bytes: Uint8Array): readonly DecodedFrame[] {
  const rtu = decodeRtu(bytes);
  if (rtu.isWhole) return rtu.frames;
  const tcp = decodeTcp(bytes);
  if (tcp.isWhole) return tcp.frames;
  const isRtu = rtu.frames.some(({ ok }) => ok) || !isRatherTcp(bytes);
  return isRtu ? rtu.frames : tcp.frames;
}

/**
 * Frames in order. Bytes that are no frame and have not the form of one are passed over, unless
 * there is nothing else.
 */
export function decodeModbus(bytes: Uint8Array): DecodedFrame[] {
  const frames = framesIn(bytes);
  if (frames.length > 0 || bytes.length === 0) return [...frames];
  return [broken('modbus-rtu', new AmrError('FRAME_MALFORMED', 'no frame is in these bytes'))];
}
