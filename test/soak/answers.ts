/** What comes back for one request: frames of the asked meter and of others, sound and broken. */
import { concatBytes } from '../../src/core/bytes.ts';
import { lowFirst, type WireFrame, wireFrame } from '../unit/dlt645/wire.ts';
import { ITEMS, METERS, markBytes, NO_ITEM, refusalMark } from './marks.ts';
import { pickWeighted, type Random } from './random.ts';

/** What was asked, and for which slot. */
export interface Asked {
  readonly meter: number;
  readonly item: number;
  readonly slot: number;
  /** Values that the meter has for it. */
  readonly values: number;
  /** 0 for the first frame of an answer, else that of the follow-up. */
  readonly sequence: number;
}

export type Kind =
  | 'good'
  | 'silence'
  | 'refusal'
  | 'garbled'
  | 'foreign'
  | 'foreign-first'
  | 'twice'
  | 'misplaced';

const WEIGHTS: readonly (readonly [Kind, number])[] = [
  ['good', 52],
  ['silence', 4],
  ['refusal', 4],
  ['garbled', 14],
  ['foreign', 6],
  ['foreign-first', 8],
  ['twice', 6],
  ['misplaced', 6],
];

export const pickKind = (random: Random): Kind => pickWeighted(random, WEIGHTS) ?? 'good';

/** Values in one frame of a block. */
const IN_A_FRAME = 3;
const FROM_MASTER = 0x11;
const WRITE_ANSWER = 0x94;
const MORE_FOLLOWS = 0x20;

const addressOf = ({ meter }: Asked) => METERS[meter] ?? METERS[0];
const diOf = ({ item }: Asked) => ITEMS[item]?.di ?? ITEMS[0].di;

function contentOf(asked: Asked): Uint8Array {
  const from = asked.sequence * IN_A_FRAME;
  const count = Math.max(0, Math.min(IN_A_FRAME, asked.values - from));
  return concatBytes(
    ...Array.from({ length: count }, (_, index) => markBytes({ ...asked, place: from + index })),
  );
}

function framed(asked: Asked, frame: Omit<WireFrame, 'address'>): Uint8Array {
  return wireFrame({ address: addressOf(asked), ...frame });
}

/** The meter's own answer, without fault: a refusal of parts that it does not have. */
export function goodAnswer(asked: Asked): Uint8Array {
  const { sequence, values } = asked;
  if (values <= sequence * IN_A_FRAME) return refusalAnswer(asked);
  const more = values > (sequence + 1) * IN_A_FRAME ? MORE_FOLLOWS : 0;
  const identifier = lowFirst(diOf(asked));
  const tail = sequence === 0 ? [] : [Uint8Array.of(sequence)];
  return framed(asked, {
    control: (sequence === 0 ? 0x91 : 0x92) | more,
    payload: concatBytes(identifier, contentOf(asked), ...tail),
  });
}

export function refusalAnswer(asked: Asked): Uint8Array {
  return framed(asked, {
    control: asked.sequence === 0 ? 0xd1 : 0xd2,
    payload: Uint8Array.of(refusalMark(asked.meter, asked.slot)),
  });
}

function otherThan(index: number, count: number, random: Random): number {
  return (index + 1 + random.below(count - 1)) % count;
}

/** Sound frames that answer something else; each value bears where it really belongs. */
export function foreignFrame(asked: Asked, random: Random): Uint8Array {
  const other = { ...asked, meter: otherThan(asked.meter, METERS.length, random) };
  const nothing = { ...asked, item: NO_ITEM };
  const made: readonly [() => Uint8Array, ...(() => Uint8Array)[]] = [
    () => goodAnswer(other),
    () => goodAnswer(other),
    () => goodAnswer({ ...asked, item: otherThan(asked.item, ITEMS.length, random) }),
    () => refusalAnswer(other),
    () =>
      framed(asked, {
        control: random.chance(50) ? FROM_MASTER : WRITE_ANSWER,
        payload: concatBytes(lowFirst(diOf(asked)), contentOf(nothing)),
      }),
    () => framed(asked, { control: FROM_MASTER, payload: lowFirst(diOf(asked)) }),
  ];
  return random.pick(made)();
}

/** Of no answer here: the place of a value that was sent for another part of it. */
const ELSEWHERE = 9;

/** The right meter and identifier, another place in the chain; a first frame for a follow-up. */
export function misplacedFrame(asked: Asked, random: Random): Uint8Array {
  const sequence = asked.sequence + random.pick([1, 1, 2, -1, 200]);
  if (asked.sequence > 0 && sequence === 0) return goodAnswer({ ...asked, sequence });
  const content = markBytes({ ...asked, place: ELSEWHERE });
  const tail = Uint8Array.of(sequence);
  return framed(asked, {
    control: 0x92,
    payload: concatBytes(lowFirst(diOf(asked)), content, tail),
  });
}

/** Bits turned over, bytes lost at either end or put in. */
export function garble(frame: Uint8Array, random: Random): Uint8Array {
  const at = random.below(frame.length);
  switch (random.below(6)) {
    case 0:
      return frame.slice(0, at);
    case 1:
      return frame.slice(at);
    case 2:
      return concatBytes(frame.slice(0, at), Uint8Array.of(random.below(256)), frame.slice(at));
    default: {
      const turned = frame.slice();
      for (let left = random.between(1, 4); left > 0; left--) {
        const place = random.below(turned.length);
        turned[place] = (turned[place] ?? 0) ^ (1 << random.below(8));
      }
      return turned;
    }
  }
}

const TRICKY = [0x68, 0x68, 0x16, 0xfe, 0x91] as const;

export function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.between(1, 8) }, () =>
    random.chance(40) ? random.pick(TRICKY) : random.below(256),
  );
}

export const wakeUps = (random: Random) => new Uint8Array(random.below(8)).fill(0xfe);
