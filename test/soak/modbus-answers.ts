/** What comes back for one request: PDUs of the asked unit and of others, sound and broken. */
import {
  ADDRESSES,
  type Asked,
  codeOf,
  goodPdu,
  refusalPdu,
  TABLES,
  UNITS,
} from './modbus-marks.ts';
import { pickWeighted, type Random } from './random.ts';

/** A sound frame, whatever carries it. */
export interface Said {
  readonly unit: number;
  readonly pdu: Uint8Array;
}

export type Kind =
  | 'good'
  | 'silence'
  | 'refusal'
  | 'garbled'
  | 'foreign'
  | 'foreign-first'
  | 'twice'
  | 'lying';

const WEIGHTS: readonly (readonly [Kind, number])[] = [
  ['good', 54],
  ['silence', 4],
  ['refusal', 6],
  ['garbled', 12],
  ['foreign', 6],
  ['foreign-first', 8],
  ['twice', 6],
  ['lying', 4],
];

export const pickKind = (random: Random): Kind => pickWeighted(random, WEIGHTS) ?? 'good';

function otherOf<T>(list: readonly [T, ...T[]], than: T, random: Random): T {
  for (;;) {
    const one = random.pick(list);
    if (one !== than) return one;
  }
}

const good = (asked: Asked): Said => ({ unit: asked.unit, pdu: goodPdu(asked) });

/** Sound, and no answer to this: each bears where it really belongs. */
function foreign(asked: Asked, random: Random): Said {
  const otherUnit = { ...asked, unit: otherOf(UNITS, asked.unit, random) };
  const otherTable = { ...asked, table: otherOf(TABLES, asked.table, random) };
  const made: readonly [() => Said, ...(() => Said)[]] = [
    () => good(otherUnit),
    () => good(otherTable),
    () => ({ unit: otherUnit.unit, pdu: refusalPdu(otherUnit) }),
    () => ({ unit: asked.unit, pdu: refusalPdu(otherTable) }),
    // The request of another master, and the answer to a write.
    () => ({ unit: asked.unit, pdu: Uint8Array.of(codeOf(asked), 0, 4, 0, 4) }),
    () => ({ unit: asked.unit, pdu: Uint8Array.of(6, 0, 4, 0, 4) }),
  ];
  return random.pick(made)();
}

/** As the answer, but with another byte count or other registers than asked for. */
function lying(asked: Asked, random: Random): Said {
  const pdu = goodPdu({ ...asked, address: otherOf(ADDRESSES, asked.address, random) });
  const count = random.pick([0, 2, 4, 6, 7, 10, 12, 255]);
  const isLong = random.chance(50);
  const changed = Uint8Array.of(...pdu, ...(isLong ? [0, 42] : []));
  changed[1] = isLong && random.chance(50) ? changed.length - 2 : count;
  return { unit: asked.unit, pdu: changed };
}

/** Every frame in order; a `garbled` one is to be broken by whoever sends it. */
export function framesOf(kind: Kind, asked: Asked, random: Random): Said[] {
  const own = good(asked);
  const made: Readonly<Record<Kind, () => Said[]>> = {
    good: () => [own],
    silence: () => [],
    refusal: () => [{ unit: asked.unit, pdu: refusalPdu(asked) }],
    garbled: () => [random.chance(20) ? foreign(asked, random) : own],
    foreign: () => Array.from({ length: random.between(1, 2) }, () => foreign(asked, random)),
    'foreign-first': () => [foreign(asked, random), own],
    twice: () => [own, random.chance(70) ? own : foreign(asked, random)],
    lying: () => [lying(asked, random), ...(random.chance(50) ? [own] : [])],
  };
  return made[kind]();
}
