import { describe, expect, it } from 'vitest';
import {
  type Answer,
  encodeRead,
  parseAnswer,
  type ReadRequest,
  type Table,
} from '../../../drivers/modbus/pdu.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { RTU, type Vector } from './codec-vectors.ts';
import { contentPdu } from './codec-wire.ts';

const TABLES: Readonly<Record<string, Table>> = {
  '01': 'coil',
  '02': 'discrete',
  '03': 'holding',
  '04': 'input',
};

const pduOf = ({ frame }: Vector) => fromHex(frame).subarray(1, -2);
const throwing = (code: string) => expect.objectContaining({ code });

/** What this one asks for, `null` where it is no reading request that may be sent. */
function requestOf({ control, direction, values, id }: Vector): ReadRequest | null {
  const table = TABLES[control];
  if (table === undefined || direction !== 'request' || id === 'rtu-input-too-many') return null;
  const [address, quantity] = values.map(([, value]) => Number(value));
  return { table, address: address ?? -1, quantity: quantity ?? -1 };
}

describe('a reading request', () => {
  const asking = RTU.filter((row) => requestOf(row) !== null);

  it('is found in the fixtures for each table', () => {
    expect(asking).toHaveLength(8);
    expect(new Set(asking.map(({ control }) => control)).size).toBe(4);
  });

  it.each(asking)('$id: is written as another implementation writes it', (row) => {
    const request = requestOf(row);
    expect(request && toHex(encodeRead(request))).toBe(toHex(pduOf(row)));
  });

  it.each([
    { table: 'holding', address: 0, quantity: 125 },
    { table: 'input', address: 65411, quantity: 125 },
    { table: 'coil', address: 0, quantity: 2000 },
    { table: 'discrete', address: 63536, quantity: 2000 },
  ] as const)('may be for $quantity from $address of the $table table', (request) => {
    expect(encodeRead(request)).toHaveLength(5);
  });

  it.each([
    { table: 'holding', address: 0, quantity: 126 },
    { table: 'input', address: 0, quantity: 0 },
    { table: 'coil', address: 0, quantity: 2001 },
    { table: 'discrete', address: 0, quantity: 2001 },
    { table: 'input', address: 65412, quantity: 125 },
    { table: 'holding', address: -1, quantity: 2 },
    { table: 'holding', address: 65536, quantity: 1 },
    { table: 'holding', address: 0, quantity: 1.5 },
  ] as const)('may not be for $quantity from $address of the $table table', (request) => {
    expect(() => encodeRead(request)).toThrow(throwing('CONFIG_INVALID'));
  });
});

describe('its answer', () => {
  const three: ReadRequest = { table: 'holding', address: 107, quantity: 3 };
  const parse = (request: ReadRequest, hex: string): Answer => parseAnswer(request, fromHex(hex));

  it('holds the bytes of the registers, its own copy of them', () => {
    const pdu = fromHex('03 06 AE 41 56 52 43 40');
    const answer = parseAnswer(three, pdu);
    pdu.fill(0);
    expect(answer).toEqual({ kind: 'registers', bytes: fromHex('AE 41 56 52 43 40') });
  });

  it.each([
    [1, '01 01 01'],
    [8, '01 01 FF'],
    [9, '01 02 FF 01'],
    [2000, `01 FA ${'55 '.repeat(250)}`],
  ])('holds %i bits in as few bytes as they need', (quantity, hex) => {
    const answer = parse({ table: 'coil', address: 0, quantity }, hex);
    expect(answer).toEqual({ kind: 'registers', bytes: fromHex(hex).subarray(2) });
  });

  it('may be 125 registers', () => {
    const content = Array.from({ length: 250 }, (_, index) => index);
    const pdu = Uint8Array.from(contentPdu(4, content));
    const answer = parseAnswer({ table: 'input', address: 0, quantity: 125 }, pdu);
    expect(answer).toEqual({ kind: 'registers', bytes: Uint8Array.from(content) });
  });

  it('may be a refusal', () => {
    expect(parse(three, '83 02')).toEqual({ kind: 'exception', code: 2 });
  });

  it.each([
    ['fewer registers than asked', '03 04 AE 41 56 52', 'FRAME_LENGTH'],
    ['more registers than asked', '03 08 AE 41 56 52 43 40 00 00', 'FRAME_LENGTH'],
    ['half a register', '03 05 AE 41 56 52 43', 'FRAME_LENGTH'],
    ['a byte less than it says', '03 06 AE 41 56 52 43', 'FRAME_LENGTH'],
    ['a byte more than it says', '03 06 AE 41 56 52 43 40 00', 'FRAME_LENGTH'],
    ['no byte count', '03', 'FRAME_LENGTH'],
    ['nothing', '', 'FRAME_LENGTH'],
    ['a refusal without its code', '83', 'FRAME_LENGTH'],
    ['a refusal with more than its code', '83 02 00', 'FRAME_LENGTH'],
    ['another function', '04 06 AE 41 56 52 43 40', 'FRAME_MALFORMED'],
    ['the refusal of another function', '84 02', 'FRAME_MALFORMED'],
  ])('is refused with %s', (_, hex, code) => {
    expect(() => parse(three, hex)).toThrow(throwing(code));
  });
});
