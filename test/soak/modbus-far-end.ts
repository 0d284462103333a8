/** A line, or a connection, with meters behind it that answer late, broken, twice, or amiss. */
import { concatBytes } from '../../src/core/bytes.ts';
import { type AmrError, toAmrError } from '../../src/core/errors.ts';
import type { Line } from '../../src/core/line.ts';
import { type TransportInfo, transmitMs } from '../../src/core/transport.ts';
import { mbapWire, rtuWire } from '../unit/modbus/codec-wire.ts';
import { garble } from './answers.ts';
import type { FastClock } from './fast-clock.ts';
import { framesOf, type Kind, pickKind, type Said } from './modbus-answers.ts';
import { type Asked, goodPdu } from './modbus-marks.ts';
import type { Random } from './random.ts';

/**
 * How late answers are. `quarantined`: all that answers a request begins while it is open or
 * within the quiet time behind it. `overlate`: some begin later. `numbered`: by anything, as they
 * bear the number of their request.
 */
export type Habit = 'quarantined' | 'overlate' | 'numbered';

/** What the reader tells right before its request; meters know nothing of it. */
export interface Sent {
  readonly slot: number;
  readonly firstByteMs: number;
  readonly quietMs: number;
}

export interface FarEnd extends Line {
  expect(sent: Sent): void;
  /** True for the PDU, in hex, of one of the latest sound frames. */
  wasSent(pdu: string): boolean;
  readonly kinds: Readonly<Record<string, number>>;
  /** Answers to a request of which the first byte came after its deadline. */
  readonly late: () => number;
}

export interface FarEndParts {
  readonly clock: FastClock;
  readonly random: Random;
  readonly info: TransportInfo;
  readonly latencyMs: number;
  readonly habit: Habit;
}

/** Pauses inside an answer stay below the silence that ends the quiet time. */
const LONGEST_PAUSE_MS = 900;
const SHORT_PAUSE_MS = 90;
const LATEST_MS = 8000;
const REMEMBERED = 64;
const TRICKY = [0x01, 0x02, 0x81, 0x03, 0x04, 0x08, 0x83, 0x84, 0x00] as const;
const NO_MODBUS = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.between(1, 8) }, () =>
    random.chance(60) ? random.pick(TRICKY) : random.below(256),
  );
}

/** What the bytes of a request ask, as a meter understands them. */
function understand(request: Uint8Array, slot: number): Asked {
  const [unit = 0, code] = request;
  const address = Buffer.from(request).readUInt16BE(2);
  return { unit, table: code === 3 ? 'holding' : 'input', address, slot };
}

const isOwn = ({ unit, pdu }: Said, asked: Asked) =>
  unit === asked.unit && Buffer.compare(pdu, goodPdu(asked)) === 0;

/** What is to come back. `cutBelow`: pauses may be before this byte, not behind it. */
interface Reply {
  readonly bytes: Uint8Array;
  readonly cutBelow: number;
}

function onLine(frames: readonly Said[], kind: Kind, asked: Asked, random: Random): Reply {
  const parts: Uint8Array[] = random.chance(15) ? [noise(random)] : [];
  let cutBelow: number | null = null;
  for (const said of frames) {
    const frame = rtuWire(said.unit, said.pdu);
    parts.push(kind === 'garbled' ? garble(frame, random) : frame);
    // Who has his answer listens no longer: what is glued to it must come together with it.
    if (isOwn(said, asked)) cutBelow ??= parts.reduce((sum, part) => sum + part.length, 0) - 1;
  }
  const bytes = concatBytes(...parts);
  return { bytes, cutBelow: cutBelow ?? bytes.length };
}

function onConnection(
  frames: readonly Said[],
  transaction: number,
  { kind, random }: { readonly kind: Kind; readonly random: Random },
): Reply {
  if (kind === 'garbled' && random.chance(5)) return { bytes: NO_MODBUS, cutBelow: 1 };
  const shift = kind === 'garbled' ? random.pick([0x3000, 0x8000]) : 0;
  const number = (transaction + shift) & 0xffff;
  const bytes = concatBytes(...frames.map(({ unit, pdu }) => mbapWire(number, unit, pdu)));
  return { bytes, cutBelow: bytes.length };
}

export function createFarEnd({ clock, random, info, latencyMs, habit }: FarEndParts): FarEnd {
  const kinds: Record<string, number> = {};
  const lately: string[] = [];
  let listener: (bytes: Uint8Array) => void = () => undefined;
  let onFault: (reason: AmrError) => void = () => undefined;
  let sent: Sent = { slot: 0, firstByteMs: 0, quietMs: 0 };
  let connection = 0;
  let late = 0;

  function hearAfter(ms: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const own = connection;
    clock.after(ms, () => {
      if (own === connection) listener(bytes);
    });
  }

  /** Milliseconds from the end of the request to the first byte that comes back. */
  function delayMs(): number {
    const dueMs = latencyMs + sent.firstByteMs;
    const quarantineMs = dueMs + sent.quietMs;
    const roll = random.below(100);
    if (roll < 40) return random.between(5, 60);
    if (roll < 70) return random.between(20, dueMs - 1);
    if (roll < 75) return random.pick([dueMs - 1, dueMs, dueMs + 1]);
    if (habit === 'numbered') return random.between(dueMs, LATEST_MS);
    if (roll < 90) return random.between(dueMs, quarantineMs - 1);
    if (roll < 93) return random.pick([quarantineMs - 2, quarantineMs - 1]);
    return habit === 'overlate' ? random.between(quarantineMs, LATEST_MS) : random.between(5, 200);
  }

  /** A stream in pieces keeps its order; on a connection nothing comes between them. */
  function inPieces(afterMs: number, { bytes, cutBelow }: Reply): void {
    let from = 0;
    let at = afterMs;
    for (let cuts = random.chance(60) ? 0 : random.between(1, 3); cuts > 0; cuts--) {
      if (from + 1 > cutBelow || habit === 'numbered') break;
      const to = random.between(from + 1, cutBelow);
      hearAfter(at, bytes.slice(from, to));
      at += random.between(1, random.chance(70) ? SHORT_PAUSE_MS : LONGEST_PAUSE_MS);
      from = to;
    }
    hearAfter(at, bytes.slice(from));
  }

  function remember(frames: readonly Said[]): void {
    lately.push(...frames.map(({ pdu }) => Buffer.from(pdu).toString('hex')));
    lately.splice(0, lately.length - REMEMBERED);
  }

  /** The adapter hears itself; true where the echo comes glued to the answer. */
  function echo(request: Uint8Array, sentMs: number): boolean {
    if (habit === 'numbered' || !random.chance(30)) return false;
    if (random.chance(30)) return true;
    hearAfter(sentMs, random.chance(95) ? request : garble(request, random));
    return false;
  }

  function reply(request: Uint8Array): void {
    const isNumbered = habit === 'numbered';
    const asked = understand(isNumbered ? request.subarray(6) : request, sent.slot);
    const kind = pickKind(random);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    const frames = framesOf(kind, asked, random);
    remember(frames);
    const transaction = Buffer.from(request).readUInt16BE(0);
    const { bytes, cutBelow } = isNumbered
      ? onConnection(frames, transaction, { kind, random })
      : onLine(frames, kind, asked, random);
    const sentMs = transmitMs(request.length, info);
    const head = echo(request, sentMs) ? request : new Uint8Array(0);
    const at = delayMs();
    if (bytes.length > 0 && at >= latencyMs + sent.firstByteMs) late += 1;
    inPieces(sentMs + at, {
      bytes: concatBytes(head, bytes),
      cutBelow: cutBelow + head.length,
    });
  }

  return {
    info,
    fault: null,
    kinds,
    late: () => late,
    wasSent: (pdu) => habit === 'numbered' || lately.includes(pdu),
    expect: (next) => {
      sent = next;
    },
    onData: (next) => {
      listener = next;
    },
    onFault: (next) => {
      onFault = next;
    },
    async write(request) {
      reply(request.slice());
    },
    /** A connection is made anew at once; a port that is opened anew still has the same line. */
    restart(reason) {
      if (habit !== 'numbered') return;
      connection += 1;
      onFault(toAmrError(reason));
    },
    configure: async () => false,
    whenUp: async () => undefined,
  };
}
