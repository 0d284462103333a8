/**
 * Where a SunSpec meter has its meter model: found once, remembered, and checked in every read.
 *
 *   map    := marker (model length point*)* end
 *   marker := "SunS" in 2 registers at 40000, 50000 or 0
 *   end    := FFFFH
 *
 * SunSpec Device Information Model Specification, clause 6; all in holding registers.
 */
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Notes } from '../../src/core/notes.ts';
import type { Link } from './link.ts';
import { wordAt } from './pdu.ts';
import type { Proof } from './read-ranges.ts';
import type { Range } from './reading-plan.ts';
import type { Source } from './source.ts';
import { type Family, familyOf, type PointSource } from './sunspec-points.ts';
import { integerOf } from './words.ts';

/** A meter model in a device. */
export interface SunspecBlock {
  /** 201..204, 211..214. */
  readonly model: number;
  /** Of the register that holds the model's id. */
  readonly base: number;
}

export interface SunspecFinder {
  /**
   * The first meter model of the device. Throws METER_UNSUPPORTED where there is none, and what
   * {@link Link.read} throws, refusals of the marker's place apart.
   */
  find(options: ReadOptions): Promise<SunspecBlock>;
  /** What was remembered is not there: the next read looks anew. */
  forget(): void;
}

const MARKERS = [40_000, 50_000, 0];
const MARKER = 0x53756e53n;
const END = 0xffff;
/** No device has so many models; a chain that goes on is none. */
const MOST_MODELS = 64;
const HEADER = 2;
const KEY = 'modbus.sunspec';

/** Not available, in an int16. */
const NO_INT16 = 0x8000n;

/** The registers that say which model this is, and how long. */
export const headerOf = ({ base }: SunspecBlock): Range => ({
  table: 'holding',
  address: base,
  registers: HEADER,
});

/** Still there while its header has the id of the model. */
export const proofOf = (block: SunspecBlock): Proof => ({
  range: headerOf(block),
  holds: (header) => wordAt(header, 0) === block.model,
});

function familyAt({ model }: SunspecBlock): Family {
  const family = familyOf(model);
  if (family !== undefined) return family;
  throw new AmrError('CONFIG_INVALID', `${model} is no meter model of SunSpec`);
}

/** Where the point is in this device. Throws CONFIG_INVALID for models that are no meters. */
export function locate({ point, exponent, step }: PointSource, found: SunspecBlock): Source {
  const { isFloat } = familyAt(found);
  const data = found.base + HEADER;
  const plain = { table: 'holding', order: 'ABCD', exponent, bits: null, sign: null } as const;
  if (isFloat) {
    const address = data + point.floatOffset;
    return { ...plain, address, registers: 2, type: 'f32', step, scaleAt: null, absent: [] };
  }
  const isWord = point.type === 'int16';
  return {
    ...plain,
    address: data + point.offset,
    registers: isWord ? 1 : 2,
    type: isWord ? 'i16' : 'u32',
    step: null,
    scaleAt: { table: 'holding', address: data + point.scaleOffset },
    absent: isWord ? [NO_INT16] : [],
  };
}

function recall(notes: Notes): SunspecBlock | null {
  const match = /^(\d{3})@(\d{1,5})$/.exec(notes.recall(KEY) ?? '');
  if (match === null || familyOf(Number(match[1])) === undefined) return null;
  return { model: Number(match[1]), base: Number(match[2]) };
}

const readTwo = (link: Link, address: number, options: ReadOptions) =>
  link.read({ table: 'holding', address, quantity: HEADER }, options);

async function hasMarker(link: Link, address: number, options: ReadOptions): Promise<boolean> {
  try {
    return integerOf(await readTwo(link, address, options)) === MARKER;
  } catch (thrown) {
    const isRefusal = thrown instanceof AmrError && thrown.code === 'METER_UNSUPPORTED';
    if (isRefusal) return false;
    throw thrown;
  }
}

/** The first meter model of the chain that begins here, `null` where it ends without. */
async function walk(link: Link, start: number, options: ReadOptions): Promise<SunspecBlock | null> {
  let base = start;
  for (let count = 0; count < MOST_MODELS && base < END - HEADER; count++) {
    const header = await readTwo(link, base, options);
    const [model, length] = [wordAt(header, 0), wordAt(header, 2)];
    if (model === END) return null;
    const family = familyOf(model);
    if (family !== undefined && length >= family.length) return { model, base };
    base += HEADER + length;
  }
  return null;
}

async function search(link: Link, options: ReadOptions): Promise<SunspecBlock> {
  for (const marker of MARKERS) {
    if (!(await hasMarker(link, marker, options))) continue;
    const found = await walk(link, marker + HEADER, options);
    if (found !== null) return found;
  }
  const message = `no SunSpec meter model behind a marker at ${MARKERS.join(', ')}`;
  throw new AmrError('METER_UNSUPPORTED', message);
}

export function createSunspecFinder(link: Link, notes: Notes): SunspecFinder {
  return {
    async find(options) {
      const known = recall(notes);
      if (known !== null) return known;
      const found = await search(link, options);
      notes.note(KEY, `${found.model}@${found.base}`);
      return found;
    },
    forget: () => notes.note(KEY, null),
  };
}
