import type { MeterModel } from '../../src/core/model.ts';
import type { Image } from './sim-image.ts';
import type { Table } from './sim-map.ts';

/**
 * What the meter answers, MODBUS Application Protocol V1.1b3:
 *
 *   03 04  address[2] quantity[2]          -> bytes  word{quantity}             clauses 6.3, 6.4
 *   2B     0E  code  object                -> 0E code 82 more next n object{n}  clause 6.21
 *   any    ...                             -> function + 80  exception          clause 7
 */
const TABLES: Readonly<Record<number, Table>> = { 3: 'holding', 4: 'input' };
const ENCAPSULATED = 0x2b;
const IDENTIFICATION = 0x0e;
/** Basic and regular objects, in a stream or one by one. */
const CONFORMITY = 0x82;
const ONE_BY_ONE = 4;
/** The last object of each stream: basic, regular; there are no extended ones. */
const LAST_OBJECTS = [2, 6, 6];
/** So few that a master must come again for the others. */
const OBJECTS_AN_ANSWER = 2;
const MOST_REGISTERS = 125;

const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_ADDRESS = 2;
export const ILLEGAL_VALUE = 3;

export interface Answer {
  readonly pdu: readonly number[];
  readonly item: string;
  readonly values: Record<string, string | null>;
}

export interface FunctionsOptions {
  readonly image: Image;
  readonly model: MeterModel;
  /** In one request. */
  readonly maxRegisters: number;
}

export function exception(code: number, number: number, item: string): Answer {
  return { pdu: [code | 0x80, number], item, values: {} };
}

const hex = (value: number, width: number) =>
  `0x${value.toString(16).toUpperCase().padStart(width, '0')}`;

/** The device's own words for itself, by the number of the object, without what is no ASCII. */
export function deviceObjects({ model, title, products }: MeterModel): string[] {
  const [vendor = ''] = title.en.split(' ');
  const [product = model] = products;
  return [vendor, model, '1.0', '', title.en, product, 'simulated'].map((text) =>
    text.replace(/[^ -~]/g, ''),
  );
}

export function createFunctions({ image, model, maxRegisters }: FunctionsOptions) {
  const objects = deviceObjects(model);

  const read = (code: number, table: Table, parameters: readonly number[]): Answer => {
    const [high = 0, low = 0, quantityHigh = 0, quantityLow = 0] = parameters;
    const [address, quantity] = [high * 256 + low, quantityHigh * 256 + quantityLow];
    const item = `${table} ${hex(address, 4)} x${quantity}`;
    if (parameters.length !== 4) return exception(code, ILLEGAL_VALUE, item);
    if (quantity < 1 || quantity > Math.min(MOST_REGISTERS, maxRegisters)) {
      return exception(code, ILLEGAL_VALUE, item);
    }
    const found = image.read(table, address, quantity);
    if (found === null) return exception(code, ILLEGAL_ADDRESS, item);
    const bytes = found.words.flatMap((word) => [word >> 8, word & 0xff]);
    return { pdu: [code, bytes.length, ...bytes], item, values: found.values };
  };

  const objectBytes = (number: number) => {
    const text = objects[number] ?? '';
    return [number, text.length, ...Array.from(text, (character) => character.charCodeAt(0))];
  };

  const identify = ([type, code = 0, object = 0]: readonly number[]): Answer => {
    const item = `identification ${hex(code, 2)} ${hex(object, 2)}`;
    if (type !== IDENTIFICATION) return exception(ENCAPSULATED, ILLEGAL_FUNCTION, item);
    const isOne = code === ONE_BY_ONE;
    if (isOne && object >= objects.length) return exception(ENCAPSULATED, ILLEGAL_ADDRESS, item);
    const last = isOne ? object : LAST_OBJECTS[code - 1];
    if (last === undefined) return exception(ENCAPSULATED, ILLEGAL_VALUE, item);
    // An object that a stream does not have means its beginning.
    const first = object > last ? 0 : object;
    const end = Math.min(first + OBJECTS_AN_ANSWER - 1, last);
    const isMore = end < last;
    const listed = Array.from({ length: end - first + 1 }, (_, index) => first + index);
    const head = [ENCAPSULATED, IDENTIFICATION, code, CONFORMITY];
    const follows = isMore ? [0xff, end + 1] : [0, 0];
    return {
      pdu: [...head, ...follows, listed.length, ...listed.flatMap(objectBytes)],
      item,
      values: {},
    };
  };

  return {
    answer([code = 0, ...parameters]: readonly number[]): Answer {
      const table = TABLES[code];
      if (table !== undefined) return read(code, table, parameters);
      if (code === ENCAPSULATED) return identify(parameters);
      return exception(code, ILLEGAL_FUNCTION, `function ${hex(code, 2)}`);
    },
  };
}
