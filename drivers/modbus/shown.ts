/** What `amr decode` shows of one PDU: its function, its direction and every value in it. */
import type { DecodedFrame, DecodedValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { exceptionOf } from './exceptions.ts';
import { FUNCTIONS, WRITE_COILS, WRITE_REGISTERS } from './functions.ts';
import {
  ENCAPSULATED,
  MORE_FOLLOWS,
  OBJECT_NAMES,
  parseIdentification,
  READ_IDENTIFICATION,
} from './identification.ts';
import { countsBits, EXCEPTION, READ_FUNCTIONS, wordAt } from './pdu.ts';

type Direction = 'request' | 'response';

/** The part of a decoded frame that its PDU tells. */
export type ShownPdu = Pick<
  DecodedFrame,
  'direction' | 'control' | 'function' | 'more' | 'error' | 'values'
>;

type Shower = (pdu: Uint8Array) => DecodedValue[];

const one = (name: string, value: string | number): DecodedValue => ({
  obis: null,
  name,
  value: String(value),
  unit: '',
});

/** Words of two bytes behind the function. */
const words =
  (...names: readonly string[]): Shower =>
  (pdu) =>
    names.map((name, index) => one(name, wordAt(pdu, 1 + index * 2)));

/** Registers to the end. Their addresses stand in the request, so they are only numbered. */
function registers(pdu: Uint8Array, from: number): DecodedValue[] {
  return Array.from({ length: (pdu.length - from) / 2 }, (_, index) =>
    one(`register_${index}`, wordAt(pdu, from + index * 2)),
  );
}

function bits(content: Uint8Array, count: number): DecodedValue[] {
  return Array.from({ length: count }, (_, index) =>
    one(`bit_${index}`, ((content[index >> 3] ?? 0) >> (index & 7)) & 1),
  );
}

/** Lower-case hex in the order on the wire, no value where there are no bytes. */
function raw(bytes: Uint8Array): DecodedValue[] {
  return bytes.length === 0 ? [] : [one('x_raw', Buffer.from(bytes).toString('hex'))];
}

const span = words('address', 'quantity');

const showReadAnswer: Shower = (pdu) =>
  countsBits(pdu[0] ?? 0) ? bits(pdu.subarray(2), (pdu.length - 2) * 8) : registers(pdu, 2);

function showIdentification(pdu: Uint8Array): DecodedValue[] {
  const answer = parseIdentification(pdu);
  if (answer.kind === 'exception') return [];
  return [...answer.objects].map(([id, text]) => one(OBJECT_NAMES[id] ?? `object_${id}`, text));
}

const hexByte = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();

interface Showers {
  readonly request: Shower;
  readonly response: Shower;
}

const READING: Showers = { request: span, response: showReadAnswer };
const writing = words('address', 'value');

/** Of the functions whose PDUs have a known layout. */
const SHOWERS: Readonly<Record<number, Showers>> = {
  [READ_FUNCTIONS.coil]: READING,
  [READ_FUNCTIONS.discrete]: READING,
  [READ_FUNCTIONS.holding]: READING,
  [READ_FUNCTIONS.input]: READING,
  5: { request: writing, response: writing },
  6: { request: writing, response: writing },
  [WRITE_COILS]: {
    request: (pdu) => [...span(pdu), ...bits(pdu.subarray(6), wordAt(pdu, 3))],
    response: span,
  },
  [WRITE_REGISTERS]: {
    request: (pdu) => [...span(pdu), ...registers(pdu, 6)],
    response: span,
  },
  [ENCAPSULATED]: {
    request: (pdu) => [one('access', pdu[2] ?? 0), one('object', pdu[3] ?? 0)],
    response: showIdentification,
  },
};

/**
 * Which way a PDU of a known layout goes. Some look the same both ways: behind the request of the
 * same function they are its answer, else the request. A reading request for more than a meter may
 * give has no layout and is one still.
 */
function directionOf(pdu: Uint8Array, before: ShownPdu | null): Direction {
  const [code = 0] = pdu;
  const layouts = FUNCTIONS[code]?.layouts;
  const isAnswer = layouts?.answer(pdu) === pdu.length;
  const isRequest = layouts?.request(pdu) === pdu.length;
  const isAsked = before?.direction === 'request' && before.control === hexByte(code);
  if (isAnswer && (isAsked || !isRequest)) return 'response';
  if (isRequest || (SHOWERS[code] === READING && pdu.length === 5)) return 'request';
  throw new AmrError('FRAME_LENGTH', `function ${code} has no PDU of these ${pdu.length} bytes`);
}

const nameOf = (code: number) => FUNCTIONS[code]?.name ?? `function-${hexByte(code)}`;

function showException(code: number, exception: number): ShownPdu {
  const { name, meaning } = exceptionOf(exception);
  return {
    direction: 'response',
    control: hexByte(code),
    function: nameOf(code & ~EXCEPTION),
    error: {
      code: 'METER_EXCEPTION',
      err: `0x${hexByte(exception)}`,
      meaning: `${name}: ${meaning}`,
    },
    values: [],
  };
}

/** What the encapsulating function carries beside the identification. */
const isOtherEncapsulated = ([code, type]: Uint8Array) =>
  code === ENCAPSULATED && type !== undefined && type !== READ_IDENTIFICATION;

const moreOf = (pdu: Uint8Array, direction: Direction): Pick<ShownPdu, 'more'> =>
  pdu[0] === ENCAPSULATED && direction === 'response' ? { more: pdu[4] === MORE_FOLLOWS } : {};

/**
 * `before` is what came before from the same unit, `null` where nothing did. Throws FRAME_LENGTH
 * where the PDU is none of its function; functions without a layout are shown raw.
 */
export function showPdu(pdu: Uint8Array, before: ShownPdu | null): ShownPdu {
  const [code = 0, second = 0] = pdu;
  if ((code & EXCEPTION) !== 0) {
    if (pdu.length === 2) return showException(code, second);
    throw new AmrError('FRAME_LENGTH', `an exception of ${pdu.length} bytes`);
  }
  const head = { control: hexByte(code), function: nameOf(code), error: null };
  const showers = SHOWERS[code];
  if (showers === undefined || isOtherEncapsulated(pdu)) {
    return { ...head, values: raw(pdu.subarray(1)) };
  }
  const direction = directionOf(pdu, before);
  const values = showers[direction](pdu);
  return { direction, ...head, ...moreOf(pdu, direction), values };
}
