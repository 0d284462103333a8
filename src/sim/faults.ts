import type { BusKind } from '../core/bus.ts';
import { concatBytes } from '../core/bytes.ts';
import { AmrError } from '../core/errors.ts';
import type { SlaveFault } from '../core/slave.ts';
import type { Random } from './random.ts';

const DLT645 = ['dlt645-2007', 'dlt645-1997'];
const MODBUS = ['modbus'];

interface FaultRow {
  readonly text: string;
  /** Default of the timed ones. */
  readonly ms?: number;
  /** Protocols that can have it; all where absent. */
  readonly of?: readonly string[];
  /** True where the bytes of a connection cannot suffer it. */
  readonly isOfLine?: true;
}

/** What can go wrong with a meter's answer, one line each. */
export const FAULTS = {
  silent: { text: 'does not answer' },
  late: { text: 'answers, but later than it should', ms: 2000 },
  echo: {
    text: 'the line gives the request back before the answer, for all meters',
    isOfLine: true,
  },
  'noise-before': { text: 'up to 8 random bytes run into the answer' },
  'noise-after': { text: 'up to 8 random bytes follow the answer at once' },
  'bit-flip': { text: 'one bit in the second half of the answer is turned', isOfLine: true },
  truncated: { text: 'the answer breaks off somewhere in its second half' },
  split: { text: 'the answer has a pause in the middle', ms: 300 },
  glued: { text: 'the answer is followed at once by a copy of the answer before it' },
  'wrong-address': { text: 'the answer carries the next higher address' },
  'wrong-item': { text: 'the answer names another item than was asked for' },
  'bad-record': { text: 'load records are marked as damaged by the meter', of: DLT645 },
  exception: { text: 'exception 04, device failure, in place of the answer', of: MODBUS },
  busy: { text: 'exception 06, device busy, in place of the answer', of: MODBUS },
  'gateway-silent': {
    text: 'exception 0B, the meter behind the gateway is silent, in place of the answer',
    of: MODBUS,
  },
  'lying-count': {
    text: 'the answer says 2 bytes more or less than it has, by turns, its CRC being right',
    of: MODBUS,
  },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;

export interface Fault {
  readonly name: FaultName;
  /** Share of the answers that suffer it, 0 to 1; 1 where absent. */
  readonly probability?: number;
  /** Of `late` and `split`. */
  readonly ms?: number;
}

/** A piece of what goes out; `gapMs` is the silence before it. */
export interface Piece {
  readonly gapMs: number;
  readonly bytes: Uint8Array;
}

function isFaultName(word: string): word is FaultName {
  return Object.hasOwn(FAULTS, word);
}

const SLAVE_FAULTS: readonly string[] = [
  'wrong-address',
  'wrong-item',
  'bad-record',
  'exception',
  'busy',
  'gateway-silent',
  'lying-count',
] satisfies SlaveFault[];

function isSlaveFault(name: FaultName): name is SlaveFault & FaultName {
  return SLAVE_FAULTS.includes(name);
}

/** The faults that the meter itself must commit. */
export function slaveFaultOf(name: FaultName | null): SlaveFault | null {
  return name !== null && isSlaveFault(name) ? name : null;
}

/** Throws CONFIG_INVALID for a fault that a meter of this protocol cannot have there. */
export function checkFault(name: FaultName, protocol: string, kind: BusKind): void {
  const { of, isOfLine }: FaultRow = FAULTS[name];
  if (of !== undefined && !of.includes(protocol)) {
    throw new AmrError('CONFIG_INVALID', `a meter that speaks ${protocol} has no fault "${name}"`);
  }
  if (isOfLine === true && kind !== 'line') {
    throw new AmrError('CONFIG_INVALID', `the fault "${name}" is one of lines, not of ${kind}`);
  }
}

/** `NAME`, `NAME:PROBABILITY` or `NAME:PROBABILITY:MS`; throws CONFIG_INVALID. */
export function parseFault(text: string): Fault {
  const [name = '', share = '1', ms, ...rest] = text.split(':');
  const probability = Number(share);
  if (!isFaultName(name)) {
    throw new AmrError(
      'CONFIG_INVALID',
      `no fault "${name}"; there are ${Object.keys(FAULTS).join(', ')}`,
    );
  }
  if (share === '' || !(probability >= 0 && probability <= 1)) {
    throw new AmrError('CONFIG_INVALID', `"${share}" is no probability from 0 to 1`);
  }
  if (rest.length > 0 || (ms !== undefined && !/^\d{1,6}$/.test(ms))) {
    throw new AmrError('CONFIG_INVALID', `"${text}" is not NAME:PROBABILITY:MS`);
  }
  return { name, probability, ...(ms === undefined ? {} : { ms: Number(ms) }) };
}

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.between(1, 8) }, () => random.between(0, 255));
}

function flipBit(answer: Uint8Array, random: Random): Uint8Array {
  const flipped = answer.slice();
  const at = random.between(Math.floor(answer.length / 2), answer.length - 1);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.between(0, 7));
  return flipped;
}

function msOf({ name, ms }: Fault): number {
  const row = FAULTS[name];
  return ms ?? ('ms' in row ? row.ms : 0);
}

/** The answer as it goes out under this fault; `before` is the line's last answer. */
export function spoil(
  answer: Uint8Array,
  fault: Fault,
  { random, before }: { random: Random; before: Uint8Array },
): Piece[] {
  const whole = (bytes: Uint8Array): Piece[] => [{ gapMs: 0, bytes }];
  const half = Math.floor(answer.length / 2);
  switch (fault.name) {
    case 'silent':
      return [];
    case 'late':
      return [{ gapMs: msOf(fault), bytes: answer }];
    case 'noise-before':
      return whole(concatBytes(noise(random), answer));
    case 'noise-after':
      return whole(concatBytes(answer, noise(random)));
    case 'bit-flip':
      return whole(flipBit(answer, random));
    case 'truncated':
      return whole(answer.slice(0, random.between(half, answer.length - 1)));
    case 'split':
      return [
        { gapMs: 0, bytes: answer.slice(0, half) },
        { gapMs: msOf(fault), bytes: answer.slice(half) },
      ];
    case 'glued':
      return whole(concatBytes(answer, before));
    default:
      return whole(answer);
  }
}
