/** A line with meters at its far end that answer late, broken, twice, or something else. */
import { concatBytes } from '../../src/core/bytes.ts';
import type { Line } from '../../src/core/line.ts';
import { type TransportInfo, transmitMs } from '../../src/core/transport.ts';
import { lowFirst } from '../unit/dlt645/wire.ts';
import {
  type Asked,
  foreignFrame,
  garble,
  goodAnswer,
  type Kind,
  misplacedFrame,
  noise,
  pickKind,
  refusalAnswer,
  wakeUps,
} from './answers.ts';
import { type ChanceFrames, createChanceFrames } from './closed-by-chance.ts';
import type { FastClock } from './fast-clock.ts';
import { ITEMS, METERS } from './marks.ts';
import type { Random } from './random.ts';

/**
 * What the meters of a line never do else. `quarantined`: all that answers a request begins while
 * it is open or within the quiet time behind it. `overlate`: some begin later. `copying`: some
 * come once more after they have been taken.
 */
export const HABITS = ['quarantined', 'overlate', 'copying'] as const;
export type Habit = (typeof HABITS)[number];

/** The deadline of the first byte and the silence behind a failure, as the driver states them. */
const FIRST_BYTE_MS = 500;
const QUIET_MS = 500;
/** Pauses inside an answer stay below the 500 ms that end it. */
const LONGEST_PAUSE_MS = 480;
const LATEST_MS = 4000;
const REQUEST_PREAMBLE = 4;
const READ_FOLLOW_UP = 0x12;

/** For which slot the next request is, and how many values the meter has for it. */
export type Slot = Pick<Asked, 'slot' | 'values'>;

export interface FarEnd extends Line {
  /** The reader tells it right before the request; meters do not know of slots. */
  expect(slot: Slot): void;
  readonly chance: ChanceFrames;
  readonly kinds: Readonly<Record<string, number>>;
}

export interface FarEndParts {
  readonly clock: FastClock;
  readonly random: Random;
  readonly info: TransportInfo;
  readonly latencyMs: number;
  readonly habit: Habit;
}

/** What is to come back, in order. `cutBelow`: pauses may be before this byte, not behind it. */
interface Reply {
  readonly bytes: Uint8Array;
  readonly sound: readonly Uint8Array[];
  readonly cutBelow: number;
}

const WIRE_ADDRESSES = METERS.map((address) => Buffer.from(lowFirst(address)).toString('hex'));
const WIRE_ITEMS = ITEMS.map(({ di }) => Buffer.from(lowFirst(di)).toString('hex'));

/** What the bytes of a request ask, as a meter understands them. */
function understand(request: Uint8Array, slot: Slot): Asked {
  const frame = Buffer.from(request.subarray(REQUEST_PREAMBLE));
  const payload = Buffer.from(frame.subarray(10, -2).map((byte) => byte - 0x33));
  const isFollowUp = frame[8] === READ_FOLLOW_UP;
  return {
    ...slot,
    meter: WIRE_ADDRESSES.indexOf(frame.toString('hex', 1, 7)),
    item: WIRE_ITEMS.indexOf(payload.toString('hex', 0, 4)),
    sequence: isFollowUp ? (payload[4] ?? 0) : 0,
  };
}

function framesOf(kind: Kind, asked: Asked, random: Random): Uint8Array[] {
  const own = goodAnswer(asked);
  const foreign = () => foreignFrame(asked, random);
  const made: Readonly<Record<Kind, () => Uint8Array[]>> = {
    good: () => [own],
    silence: () => [],
    refusal: () => [refusalAnswer(asked)],
    garbled: () => [random.chance(20) ? foreign() : own],
    foreign: () => (random.chance(50) ? [foreign()] : [foreign(), foreign()]),
    'foreign-first': () => [foreign(), own],
    twice: () => [own, random.chance(70) ? own : foreign()],
    misplaced: () => [misplacedFrame(asked, random), ...(random.chance(50) ? [own] : [])],
  };
  return made[kind]();
}

function replyOf(kind: Kind, asked: Asked, random: Random): Reply {
  const sound = framesOf(kind, asked, random);
  const parts: Uint8Array[] = random.chance(10) ? [noise(random)] : [];
  const own = sound.findIndex((frame) => Buffer.compare(frame, goodAnswer(asked)) === 0);
  let cutBelow: number | null = null;
  sound.forEach((frame, index) => {
    parts.push(wakeUps(random), kind === 'garbled' ? garble(frame, random) : frame);
    // Who has his answer listens no longer: what is glued to it must come together with it.
    if (index === own) cutBelow = parts.reduce((sum, part) => sum + part.length, 0) - 1;
  });
  const bytes = concatBytes(...parts);
  return { bytes, sound, cutBelow: cutBelow ?? bytes.length };
}

export function createFarEnd({ clock, random, info, latencyMs, habit }: FarEndParts): FarEnd {
  const chance = createChanceFrames();
  const kinds: Record<string, number> = {};
  const quarantineMs = latencyMs + FIRST_BYTE_MS + QUIET_MS;
  let listener: (bytes: Uint8Array) => void = () => undefined;
  let slot: Slot = { slot: 0, values: 0 };

  const hearAfter = (ms: number, bytes: Uint8Array) => {
    if (bytes.length === 0) return;
    clock.after(ms, () => {
      chance.heard(bytes);
      listener(bytes);
    });
  };

  /** Milliseconds from the end of the request to the first byte that comes back. */
  function delayMs(): number {
    const roll = random.below(100);
    if (roll < 66) return random.between(20, 480);
    if (roll < 84) return random.between(480, quarantineMs - 1);
    const due = FIRST_BYTE_MS + latencyMs;
    if (roll < 92) return random.pick([due - 1, due, due + 1, quarantineMs - 2, quarantineMs - 1]);
    if (habit === 'overlate') return random.between(quarantineMs, LATEST_MS);
    return random.between(20, 200);
  }

  function inPieces(afterMs: number, { bytes, cutBelow }: Reply): void {
    let from = 0;
    let at = afterMs;
    for (let cuts = random.chance(60) ? 0 : random.between(1, 3); cuts > 0; cuts--) {
      // The first byte is never later than planned.
      if (from + 1 > cutBelow) break;
      const to = random.between(from + 1, cutBelow);
      hearAfter(at, bytes.slice(from, to));
      at += random.between(1, LONGEST_PAUSE_MS);
      from = to;
    }
    hearAfter(at, bytes.slice(from));
  }

  function echo(request: Uint8Array, sentMs: number): void {
    const bytes = random.chance(95) ? request.slice() : garble(request, random);
    hearAfter(sentMs, bytes);
  }

  function reply(request: Uint8Array, asked: Asked): void {
    const sentMs = transmitMs(request.length, info);
    const kind = pickKind(random);
    const answer = replyOf(kind, asked, random);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    for (const frame of [...answer.sound, request.slice(REQUEST_PREAMBLE)]) chance.sent(frame);
    const hasEcho = random.chance(30);
    const isGlued = hasEcho && random.chance(30);
    if (hasEcho && !isGlued) echo(request, sentMs);
    const head = isGlued ? request : new Uint8Array(0);
    const at = sentMs + delayMs();
    inPieces(at, {
      ...answer,
      bytes: concatBytes(head, answer.bytes),
      cutBelow: answer.cutBelow + head.length,
    });
    if (habit === 'copying' && random.chance(15)) {
      const copy = goodAnswer(asked);
      chance.sent(copy);
      hearAfter(at + random.between(3, 800), copy);
    }
  }

  return {
    info,
    fault: null,
    chance,
    kinds,
    expect: (next) => {
      slot = next;
    },
    onData: (next) => {
      listener = next;
    },
    async write(request) {
      reply(request.slice(), understand(request, slot));
    },
    restart: () => undefined,
    onFault: () => undefined,
    configure: async () => false,
    whenUp: async () => undefined,
  };
}
