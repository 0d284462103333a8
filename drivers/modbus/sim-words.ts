import { formatDecimal, parseDecimal } from '../../src/core/decimal.ts';

/**
 * How a Modbus meter keeps what it shows: digits become the bits of one register or several.
 * Written apart from the master's side; it shares no code with it.
 */
export type Kind =
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'bcd16'
  | 'bcd32';
export type Order = 'ABCD' | 'CDAB' | 'BADC' | 'DCBA';

export interface Form {
  readonly kind: Kind;
  /** One unit of the number in the registers is 10^this of the catalogue's unit. */
  readonly exponent: number;
  /** Of floats: 10^this of the catalogue's unit is the meter's own step; 0 for integers. */
  readonly step: number;
  /** Lowest and highest bit that the number has for itself; all of them where `null`. */
  readonly field: readonly [number, number] | null;
}

/** What the registers hold, and the digits that a correct reader makes of it. */
export interface Kept {
  readonly bits: bigint;
  readonly digits: string | null;
}

/** Registers that a number of the kind takes. */
export function registersOf(kind: Kind): number {
  return Math.trunc(Number.parseInt(kind.replace(/\D/g, ''), 10) / 16);
}

const isFloat = (kind: Kind) => kind === 'f32' || kind === 'f64';

/** `coefficient` x 10^`power`, what does not fit a whole number cut off toward zero. */
function shift(coefficient: bigint, power: number): bigint {
  return power < 0 ? coefficient / 10n ** BigInt(-power) : coefficient * 10n ** BigInt(power);
}

/** `units` x 10^`exponent` with all digits. */
function digitsOf(units: bigint, exponent: number): string {
  if (exponent >= 0) return formatDecimal({ coefficient: shift(units, exponent), decimals: 0 });
  return formatDecimal({ coefficient: units, decimals: -exponent });
}

/** The smallest and the largest whole number of the kind. */
function limitsOf({ kind, field }: Form): readonly [bigint, bigint] {
  const width = BigInt(field === null ? registersOf(kind) * 16 : field[1] - field[0] + 1);
  if (kind.startsWith('bcd')) return [0n, 10n ** (width / 4n) - 1n];
  if (kind.startsWith('i')) return [-(1n << (width - 1n)), (1n << (width - 1n)) - 1n];
  return [0n, (1n << width) - 1n];
}

function wholeOf(digits: string, exponent: number): bigint | null {
  const shown = parseDecimal(digits);
  return shown === null ? null : shift(shown.coefficient, -shown.decimals - exponent);
}

/** True where the digits fit into the number without being cut off at its largest. */
export function fits(digits: string, form: Form): boolean {
  if (isFloat(form.kind)) return true;
  const [low, high] = limitsOf(form);
  const whole = wholeOf(digits, form.exponent);
  return whole !== null && whole >= low && whole <= high;
}

/** A register that is too small shows its largest number. */
function within(number: bigint, [low, high]: readonly [bigint, bigint]): bigint {
  if (number < low) return low;
  return number > high ? high : number;
}

function keepWhole(digits: string, form: Form): Kept | null {
  const { kind, exponent, field } = form;
  const wanted = wholeOf(digits, exponent);
  if (wanted === null) return null;
  const whole = within(wanted, limitsOf(form));
  const bits = kind.startsWith('bcd')
    ? BigInt(`0x${whole}`)
    : BigInt.asUintN(registersOf(kind) * 16, whole);
  return { bits: bits << BigInt(field?.[0] ?? 0), digits: digitsOf(whole, exponent) };
}

/** More decimals than any float of a meter's step has, so that the text of a float is exact. */
const ALL_DECIMALS = 100;

/** The nearest whole number to `coefficient` / 10^`decimals`, a half to the even one. */
function nearest(coefficient: bigint, decimals: number): bigint {
  if (decimals <= 0) return shift(coefficient, -decimals);
  const unit = 10n ** BigInt(decimals);
  const whole = coefficient / unit;
  const rest = 2n * (coefficient % unit);
  const size = rest < 0n ? -rest : rest;
  if (size < unit || (size === unit && whole % 2n === 0n)) return whole;
  return coefficient < 0n ? whole - 1n : whole + 1n;
}

/** IEEE 754 binary32 or binary64 nearest to the decimal, and what it is rounded to again. */
function keepFloat(digits: string, { kind, exponent, step }: Form): Kept | null {
  const steps = wholeOf(digits, step);
  if (steps === null) return null;
  const value = Number(digitsOf(steps, step - exponent));
  const view = new DataView(new ArrayBuffer(8));
  if (kind === 'f32') view.setFloat32(0, value);
  else view.setFloat64(0, value);
  const kept = kind === 'f32' ? view.getFloat32(0) : view.getFloat64(0);
  const exact = BigInt(kept.toFixed(ALL_DECIMALS).replace('.', ''));
  const again = nearest(exact, ALL_DECIMALS - exponent + step);
  const bits = kind === 'f32' ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
  return { bits, digits: digitsOf(again, step) };
}

/** `null` for what is no plain decimal. */
export function keep(digits: string, form: Form): Kept | null {
  return isFloat(form.kind) ? keepFloat(digits, form) : keepWhole(digits, form);
}

/** The registers in the order of their addresses. */
export function wordsOf(bits: bigint, kind: Kind, order: Order): number[] {
  const words = Array.from({ length: registersOf(kind) }, (_, at) =>
    Number((bits >> BigInt(16 * at)) & 0xffffn),
  );
  // The least significant word is first here.
  if (order === 'ABCD' || order === 'BADC') words.reverse();
  if (order === 'ABCD' || order === 'CDAB') return words;
  return words.map((word) => ((word & 0xff) << 8) | (word >> 8));
}
