/**
 * Any registers or bits, for people who look for where a meter keeps something: every usual way to
 * take them, side by side.
 *
 *   identifier := table ":" address [":" quantity]
 *   table      := "holding" | "input" | "coil" | "discrete", in any case
 *   address    := decimal, or hexadecimal behind "0x"; as on the wire, from 0
 */
import { concatBytes } from '../../src/core/bytes.ts';
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import { type DecodedValue, FLAG_INVALID, type ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Link } from './link.ts';
import { isReadable, READ_FUNCTIONS, type ReadRequest, type Table } from './pdu.ts';
import {
  inOrder,
  integerOf,
  ORDERS,
  type Order,
  roundFloat,
  WORD_TYPES,
  type WordType,
  wordValue,
} from './words.ts';

const IDENTIFIER = /^(holding|input|coil|discrete):(0x[0-9a-f]{1,4}|\d{1,5})(?::(\d{1,4}))?$/;
const isTable = (word: string): word is Table => Object.hasOwn(READ_FUNCTIONS, word);

/** `null` for anything but an identifier of registers that there can be. */
export function parseIdentifier(identifier: string): ReadRequest | null {
  const [, table = '', at, count = '1'] = IDENTIFIER.exec(identifier.toLowerCase()) ?? [];
  if (!isTable(table)) return null;
  const [address, quantity] = [Number(at), Number(count)];
  return isReadable(READ_FUNCTIONS[table], address, quantity) ? { table, address, quantity } : null;
}

/** Decimals of floats: what their meter's step is nobody knows here. */
const FLOAT_DECIMALS = 6;
/** Bytes that are no float look like very large ones. */
const LARGEST_FLOAT = 10n ** 18n;

const hexAddress = (address: number) => `0x${address.toString(16).toUpperCase().padStart(4, '0')}`;

const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const plain = (name: string, value: string): DecodedValue => ({
  obis: null,
  name,
  value,
  unit: '',
});

/** One way to take the bytes. */
function taken(address: number, bytes: Uint8Array, type: WordType, order: Order): DecodedValue {
  const name = `${hexAddress(address)} ${type}${bytes.length > 2 ? ` ${order}` : ''}`;
  const none = (flag: string) => ({
    ...plain(name, ''),
    value: null,
    flags: [flag],
    raw: hexOf(bytes),
  });
  const word = wordValue(integerOf(inOrder(bytes, order)), type);
  if (word.kind === 'none') return none(word.flag);
  if (word.kind === 'integer') return plain(name, word.integer.toString());
  const rounded = roundFloat(word, FLOAT_DECIMALS);
  const isSensible = rounded < LARGEST_FLOAT && rounded > -LARGEST_FLOAT;
  return isSensible
    ? plain(name, formatDecimal(decimal(rounded, FLOAT_DECIMALS)))
    : none(FLAG_INVALID);
}

interface Way {
  readonly types: readonly WordType[];
  readonly orders: readonly Order[];
}

/** By how many registers are taken together. */
const WAYS: readonly Way[] = [
  { types: ['u16', 'i16', 'bcd16'], orders: ['ABCD'] },
  { types: ['u32', 'i32', 'f32'], orders: ORDERS },
  { types: ['bcd32'], orders: ['ABCD'] },
  { types: ['u64', 'i64', 'f64'], orders: ORDERS },
];

/** As many registers as the type has, from the first on, and again behind them. */
function allOf(address: number, bytes: Uint8Array, type: WordType, orders: readonly Order[]) {
  const { registers } = WORD_TYPES[type];
  const values: DecodedValue[] = [];
  for (let at = 0; at + registers * 2 <= bytes.length; at += registers * 2) {
    const part = bytes.subarray(at, at + registers * 2);
    values.push(...orders.map((order) => taken(address + at / 2, part, type, order)));
  }
  return values;
}

function textOf(address: number, bytes: Uint8Array): DecodedValue[] {
  const text = String.fromCharCode(...bytes).replace(/\0+$/, '');
  return /^[\x20-\x7e]+$/.test(text) ? [plain(`${hexAddress(address)} text`, text)] : [];
}

function hexWords(address: number, bytes: Uint8Array): DecodedValue[] {
  return Array.from({ length: bytes.length / 2 }, (_, index) => {
    const word = hexOf(bytes.subarray(index * 2, index * 2 + 2)).toUpperCase();
    return plain(`${hexAddress(address + index)} hex`, `0x${word}`);
  });
}

/** Every way to take the registers. */
export function showRegisters(address: number, bytes: Uint8Array): DecodedValue[] {
  const numbers = WAYS.flatMap(({ types, orders }) =>
    types.flatMap((type) => allOf(address, bytes, type, orders)),
  );
  return [...hexWords(address, bytes), ...numbers, ...textOf(address, bytes)];
}

/** Bits are packed eight a byte, the first the lowest: clause 6.1. */
function showBits({ table, address, quantity }: ReadRequest, bytes: Uint8Array): DecodedValue[] {
  return Array.from({ length: quantity }, (_, index) => {
    const bit = ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;
    return plain(`${hexAddress(address + index)} ${table}`, String(bit));
  });
}

/** In requests of at most `most` registers; bits in one. */
async function readAll(
  link: Link,
  { table, address, quantity }: ReadRequest,
  most: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let done = 0; done < quantity; done += most) {
    const part = { table, address: address + done, quantity: Math.min(most, quantity - done) };
    parts.push(await link.read(part, options));
  }
  return concatBytes(...parts);
}

/** Throws CONFIG_INVALID for no identifier, and what {@link Link.read} throws. */
export async function readRaw(
  link: Link,
  { identifier, most }: { readonly identifier: string; readonly most: number },
  options: ReadOptions,
): Promise<DecodedValue[]> {
  const request = parseIdentifier(identifier);
  if (request === null) {
    const message = `"${identifier}" is none of holding:0x4000:4, input:30:2, coil:0:16, discrete:0:8`;
    throw new AmrError('CONFIG_INVALID', message);
  }
  const isBits = request.table === 'coil' || request.table === 'discrete';
  const bytes = await readAll(link, request, isBits ? request.quantity : most, options);
  return isBits ? showBits(request, bytes) : showRegisters(request.address, bytes);
}
