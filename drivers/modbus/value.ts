/** From the registers that were read to the value of the catalogue. */
import { concatBytes } from '../../src/core/bytes.ts';
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID, type RegisterValue } from '../../src/core/driver.ts';
import type { Register } from '../../src/core/registers.ts';
import { isPlausible, isResidue } from './plausible.ts';
import type { Range } from './reading-plan.ts';
import { LARGEST_EXPONENT, rangesOf, type Source } from './source.ts';
import { inOrder, integerOf, roundFloat, type WordValue, wordValue } from './words.ts';

/** The bytes of a range that was read whole, `null` where it was not. */
export type BytesOf = (range: Range) => Uint8Array | null;

type Shown = Omit<RegisterValue, 'register'>;

/** "No value" of a scale register, as SunSpec has it: 8000H. */
const NO_SCALE = -0x8000n;

const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** `coefficient` x 10^`exponent`, with as many decimals as the exponent tells. */
function scaled(coefficient: bigint, exponent: number): Decimal {
  return exponent < 0
    ? decimal(coefficient, -exponent)
    : decimal(coefficient * 10n ** BigInt(exponent), 0);
}

/** `null` for a float that is no measurement. */
function numberOf(
  word: Exclude<WordValue, { kind: 'none' }>,
  source: Source,
  scale: number,
): Decimal | null {
  const exponent = source.exponent + scale;
  if (word.kind === 'integer') return scaled(word.integer, exponent);
  const step = source.step ?? exponent;
  if (isResidue(word, { exponent, step })) return null;
  return scaled(roundFloat(word, exponent - step), step);
}

function fieldOf(bits: bigint, [low, high]: readonly [number, number]): bigint {
  return (bits >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
}

/** The 16 bits of a register beside the value; the caller has seen that it was read. */
function wordAt(place: { table: Range['table']; address: number }, bytesOf: BytesOf): bigint {
  return integerOf(bytesOf({ ...place, registers: 1 }) ?? new Uint8Array(0));
}

function isNegative({ sign }: Source, bytesOf: BytesOf): boolean {
  if (sign === null) return false;
  const word = wordAt(sign, bytesOf);
  const shown = sign.bit === null ? word : (word >> BigInt(sign.bit)) & 1n;
  return shown === BigInt(sign.negative);
}

/** The power of ten in the scale register, `null` where that says "no value". */
function scaleOf({ scaleAt }: Source, bytesOf: BytesOf): number | null {
  if (scaleAt === null) return 0;
  const scale = BigInt.asIntN(16, wordAt(scaleAt, bytesOf));
  return scale === NO_SCALE ? null : Number(scale);
}

function show({ kind }: Register, source: Source, bytes: Uint8Array, bytesOf: BytesOf): Shown {
  const none = (flag: string) => ({ value: null, flags: [flag], raw: hexOf(bytes) });
  const whole = integerOf(inOrder(bytes, source.order));
  if (source.absent.includes(whole)) return none(FLAG_ABSENT);
  const bits = source.bits === null ? whole : fieldOf(whole, source.bits);
  const word = wordValue(bits, source.type);
  if (word.kind === 'none') return none(word.flag);
  const scale = scaleOf(source, bytesOf);
  if (scale === null) return none(FLAG_ABSENT);
  if (Math.abs(source.exponent + scale) > LARGEST_EXPONENT) return none(FLAG_INVALID);
  const value = numberOf(word, source, scale);
  if (value === null || !isPlausible(value, kind)) return none(FLAG_INVALID);
  const coefficient = isNegative(source, bytesOf) ? -value.coefficient : value.coefficient;
  return { value: { ...value, coefficient }, flags: [] };
}

/** The value in the catalogue's unit; `null` where not all of its registers were read. */
export function registerValue(
  register: Register,
  source: Source,
  bytesOf: BytesOf,
): RegisterValue | null {
  const [bytes, ...beside] = rangesOf(source).map(bytesOf);
  if (bytes === undefined || bytes === null || beside.includes(null)) return null;
  return { register, ...show(register, source, bytes, bytesOf) };
}

/** The registers that were read, by place. */
export interface Image {
  put(range: Range, bytes: Uint8Array): void;
  readonly bytesOf: BytesOf;
}

export function createImage(): Image {
  const words = new Map<string, Uint8Array>();
  return {
    put({ table, address, registers }, bytes) {
      for (let index = 0; index < registers; index++) {
        words.set(`${table}:${address + index}`, bytes.subarray(index * 2, index * 2 + 2));
      }
    },
    bytesOf({ table, address, registers }) {
      const parts: Uint8Array[] = [];
      for (let index = 0; index < registers; index++) {
        const word = words.get(`${table}:${address + index}`);
        if (word === undefined) return null;
        parts.push(word);
      }
      return concatBytes(...parts);
    },
  };
}
