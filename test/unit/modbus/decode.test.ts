import { describe, expect, it } from 'vitest';
import { decodeModbus } from '../../../drivers/modbus/decode.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import type { DecodedFrame } from '../../../src/core/driver.ts';
import { contentPdu, mbapWire, readPdu, rtuWire } from './codec-wire.ts';

const decodeHex = (hex: string) => decodeModbus(fromHex(hex));
const codesOf = (frames: readonly DecodedFrame[]) =>
  frames.map(({ protocol, ok, error }) => [protocol, ok || error?.code]);
const directionsIn = (...frames: Uint8Array[]) =>
  decodeModbus(concatBytes(...frames)).map(({ direction }) => direction);

describe('the printed frame', () => {
  it('is an object with everything that the bytes tell', () => {
    expect(decodeHex('11 03 06 AE 41 56 52 43 40 49 AD')).toEqual([
      {
        protocol: 'modbus-rtu',
        ok: true,
        direction: 'response',
        address: '17',
        control: '03',
        function: 'read-holding-registers',
        error: null,
        values: [
          { obis: null, name: 'register_0', value: '44609', unit: '' },
          { obis: null, name: 'register_1', value: '22098', unit: '' },
          { obis: null, name: 'register_2', value: '17216', unit: '' },
        ],
      },
    ]);
  });

  it('tells a refusal in words, the frame being good', () => {
    expect(decodeHex('01 84 02 C2 C1')).toEqual([
      {
        protocol: 'modbus-rtu',
        ok: true,
        direction: 'response',
        address: '1',
        control: '84',
        function: 'read-input-registers',
        error: {
          code: 'METER_EXCEPTION',
          err: '0x02',
          meaning: 'illegal data address: the meter lacks one of the registers asked for',
        },
        values: [],
      },
    ]);
  });

  it.each([
    ['an unknown exception', rtuWire(1, [0x83, 0x7f]), '0x7F'],
    ['the exception of an unknown function', rtuWire(1, [0xc1, 1]), '0x01'],
  ])('tells %s by its number', (_, bytes, err) => {
    expect(decodeModbus(bytes)).toMatchObject([{ ok: true, error: { err } }]);
  });

  it.each([
    ['an unknown function', [0x41, 1, 2, 3], 'function-41', '010203'],
    ['a function known by name alone', [0x11, 2, 7, 0xff], 'report-server-id', '0207ff'],
    ['another encapsulated message', [0x2b, 0x0d, 1], 'read-device-identification', '0d01'],
  ])('shows %s as its bytes', (_, pdu, name, raw) => {
    for (const bytes of [rtuWire(1, pdu), mbapWire(1, 1, pdu)]) {
      const values = [{ obis: null, name: 'x_raw', value: raw, unit: '' }];
      expect(decodeModbus(bytes)).toMatchObject([{ ok: true, function: name, values }]);
    }
  });

  it('tells that an identification goes on', () => {
    const pdu = fromHex('2B 0E 01 83 FF 02 01 00 04 41 63 6D 65');
    expect(decodeModbus(rtuWire(5, pdu))).toMatchObject([
      { more: true, values: [{ name: 'vendor_name', value: 'Acme' }] },
    ]);
  });
});

describe('the direction', () => {
  const write = rtuWire(1, [6, 0, 1, 0, 3]);
  // Three bytes of bits are as long as address and quantity.
  const ambiguous = rtuWire(1, [1, 3, 0, 0, 9]);

  it('of what looks the same both ways is the request, and behind one its answer', () => {
    expect(directionsIn(write)).toEqual(['request']);
    expect(directionsIn(write, write)).toEqual(['request', 'response']);
    expect(directionsIn(ambiguous)).toEqual(['request']);
    expect(directionsIn(rtuWire(1, readPdu(1, 5, 20)), ambiguous)).toEqual(['request', 'response']);
  });

  it('is not that of an answer behind the request of another unit or function', () => {
    expect(directionsIn(rtuWire(2, readPdu(1, 5, 20)), ambiguous)).toEqual(['request', 'request']);
    expect(directionsIn(rtuWire(1, readPdu(2, 5, 20)), ambiguous)).toEqual(['request', 'request']);
  });
});

describe('bytes that are no good frame', () => {
  it.each([
    ['a request with a wrong CRC', '01 03 00 00 00 06 C5 C9', 'FRAME_CHECKSUM'],
    ['an answer with a wrong CRC', '11 03 06 AE 41 56 52 43 40 49 AC', 'FRAME_CHECKSUM'],
    ['a refusal with a wrong CRC', '01 84 02 C2 C0', 'FRAME_CHECKSUM'],
    ['one behind noise', 'FF FF 11 03 06 AE 41 56 52 43 40 49 AC', 'FRAME_CHECKSUM'],
    ['an answer without its end', '11 03 06 AE 41 56 52 43 40', 'FRAME_LENGTH'],
    ['an answer without a byte inside', '11 03 06 AE 41 56 52 40 49 AD', 'FRAME_LENGTH'],
    ['a request without its end', '01 03 00 00 00', 'FRAME_LENGTH'],
    ['bytes that begin nothing', 'FF FE', 'FRAME_MALFORMED'],
    ['an idle line and a break, which have a good check', 'FF FF 00 00', 'FRAME_MALFORMED'],
    ['text', '48 54 54 50 2F 31 2E 31 20 34 30 30', 'FRAME_MALFORMED'],
  ])('%s', (_, hex, code) => {
    expect(decodeHex(hex)).toEqual([
      {
        protocol: 'modbus-rtu',
        ok: false,
        error: { code, meaning: expect.stringMatching(/\w/) },
        values: [],
      },
    ]);
  });

  it.each([
    ['a byte count that is not that of the bytes', [3, 4, 1, 2], 'FRAME_LENGTH'],
    ['half a register', [3, 3, 1, 2, 3], true],
    ['a write of more than it holds', [16, 0, 1, 0, 2, 2, 0, 1], 'FRAME_LENGTH'],
    ['an exception of two bytes', [0x83, 2, 2], 'FRAME_LENGTH'],
    ['a request for more than a meter gives', readPdu(3, 0, 126), true],
    ['a request for nothing', readPdu(3, 0, 0), true],
  ])('whatever the check says: %s', (_, pdu, told) => {
    expect(codesOf(decodeModbus(rtuWire(1, pdu)))).toEqual([['modbus-rtu', told]]);
    expect(codesOf(decodeModbus(mbapWire(1, 1, pdu)))).toEqual([['modbus-tcp', told]]);
  });

  it('are told beside the good ones, noise is not', () => {
    const good = rtuWire(17, contentPdu(3, [1, 2]));
    const bad = good.with(-1, 0);
    const noise = Uint8Array.of(0xff, 0xff);
    const told = codesOf(decodeModbus(concatBytes(noise, good, bad, bad, good, noise)));
    expect(told.map(([, what]) => what)).toEqual([true, 'FRAME_CHECKSUM', 'FRAME_CHECKSUM', true]);
  });

  it('are nothing where there are no bytes', () => {
    expect(decodeHex('')).toEqual([]);
  });
});

describe('Modbus TCP', () => {
  const good = mbapWire(1, 1, readPdu(4, 0, 6));

  it.each([
    ['without its end', '00 01 00 00 00 06 01 04 00 00 00', 'FRAME_LENGTH'],
    ['without all but its function', '00 01 00 00 00 06 01 04', 'FRAME_LENGTH'],
    ['with a length that is too small', '00 01 00 00 00 05 01 04 00 00 00 06', 'FRAME_LENGTH'],
    ['with a length that is too large', '00 01 00 00 00 07 01 04 00 00 00 06', 'FRAME_LENGTH'],
  ])('%s is told as broken', (_, hex, code) => {
    expect(codesOf(decodeHex(hex))).toEqual([['modbus-tcp', code]]);
  });

  it('ends where the stream is broken', () => {
    const bytes = concatBytes(good, fromHex('00 02 00 09 00 06'), good);
    expect(codesOf(decodeModbus(bytes))).toEqual([
      ['modbus-tcp', true],
      ['modbus-tcp', 'FRAME_MALFORMED'],
    ]);
  });

  it('is told from RTU, whose address and quantity look like a header', () => {
    // Transaction 0103H, protocol 0, length 2, and a CRC in place of unit and function.
    const rtu = rtuWire(1, readPdu(3, 0, 2));
    expect(codesOf(decodeModbus(rtu))).toEqual([['modbus-rtu', true]]);
    expect(codesOf(decodeModbus(rtu.with(-1, 0)))).toEqual([['modbus-rtu', 'FRAME_CHECKSUM']]);
    for (const transaction of [0x0001, 0x0103, 0x0404, 0xffff]) {
      const tcp = mbapWire(transaction, 1, readPdu(4, 0, 6));
      expect(codesOf(decodeModbus(tcp))).toEqual([['modbus-tcp', true]]);
    }
  });
});
