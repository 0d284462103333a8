import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import { type DecodedFrame, FLAG_INVALID } from '../../../src/core/driver.ts';
import { lowFirst, readAnswer, wireFrame } from './wire.ts';

const decodeHex = (hex: string) => decode(fromHex(hex));

/** The only frame in there. */
function decodeOne(bytes: Uint8Array): DecodedFrame {
  const [frame, ...more] = decode(bytes);
  if (frame === undefined) throw new Error('no frame at all');
  expect(more).toEqual([]);
  return frame;
}

const headOf = ({ direction, preamble, address, control, di }: DecodedFrame) => ({
  direction,
  preamble,
  address,
  control,
  di,
});

describe('the printed frame', () => {
  it('is what the command-line contract shows', () => {
    const frame = 'FE FE FE FE 68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16';
    expect(decodeHex(frame)).toEqual([
      {
        protocol: 'dlt645-2007',
        ok: true,
        direction: 'response',
        preamble: 4,
        address: '123456789012',
        control: '91',
        function: 'read',
        di: '00010000',
        more: false,
        error: null,
        values: [
          {
            obis: '1-0:1.8.0',
            name: 'energy_active_import',
            value: '123456.78',
            unit: 'kWh',
          },
        ],
      },
    ]);
  });

  it.each([
    ['the register as it is', '00010000', '00000100', '1-0:1.8.0', 'energy_active_import'],
    ['a settlement', '0001000C', '00000100', null, 'x_energy_active_import_s12'],
    ['a freeze', '05060101', '00000100', null, 'energy_active_import'],
  ])('has the OBIS code of %s alone', (_, di, content, obis, name) => {
    const { values } = decodeOne(readAnswer('123456789012', di, lowFirst(content)));
    expect(values).toEqual([{ obis, name, value: '1.00', unit: 'kWh' }]);
  });

  it.each([
    ['9412', 'x_energy_active_import_t2_s1'],
    ['B814', 'x_demand_active_import_max_t4_s2_at'],
  ])('names the month of %s of 1997, and has no OBIS code', (di, name) => {
    const payload = concatBytes(lowFirst(di), lowFirst('01020304'));
    const frame = decodeOne(wireFrame({ address: '123456789012', control: 0x81, payload }));
    expect(frame.values).toMatchObject([{ obis: null, name }]);
  });

  it('names the error word of the security function by its own bits', () => {
    const frame = wireFrame({
      address: '1'.padStart(12, '0'),
      control: 0xc3,
      payload: lowFirst('0108'),
    });
    expect(decodeOne(frame).error).toEqual({
      code: 'METER_EXCEPTION',
      err: '0x0108',
      meaning: 'identity authentication failed, remote security locked',
    });
  });

  it('tells an abnormal answer from a good one even without an error byte', () => {
    const frame = wireFrame({ address: '1'.padStart(12, '0'), control: 0xd1 });
    expect(decodeOne(frame)).toMatchObject({ ok: true, error: { code: 'METER_EXCEPTION' } });
  });

  it.each([
    ['the register is cut short', '00010000', '123456'],
    ['the register is too long', '00010000', '0012345678'],
    ['nothing follows the identifier', '00010000', ''],
    ['a block ends inside a value', '0201FF00', '22052205220522'],
  ])('has no values where %s', (_, di, content) => {
    const frame = decodeOne(readAnswer('123456789012', di, lowFirst(content)));
    expect(frame).toMatchObject({ ok: true, error: { code: 'FRAME_LENGTH' }, values: [] });
  });

  it.each(['AA', 'DD'])('passes over %s behind the last value of a block', (separator) => {
    const content = lowFirst(`${separator}219822102205`);
    const { values } = decodeOne(readAnswer('123456789012', '0201FF00', content));
    expect(values.map(({ value }) => value)).toEqual(['220.5', '221.0', '219.8']);
  });

  it.each([
    ['phases that the meter does not have', '0201FF00', 'FFFFFFFF2256', ['225.6', null, null]],
    ['a signed register without a value', '02030000', 'FFFFFF', [null]],
    ['a digit that is none', '02030000', '00A000', [null]],
    ['a negative value whose first digit is none', '02030000', 'A00000', ['-20.0000']],
    ['a sign before a digit that is none', '02030000', 'FA0000', [null]],
    ['a negative zero', '02030000', '800000', ['0.0000']],
    ['a top bit that is no sign', '00010000', '90000000', ['900000.00']],
    ['a freeze time that never was', '05060001', '0000000000', [null]],
    ['a freeze time without a value', '05060001', 'FFFFFFFFFF', [null]],
    ['a freeze on a day that there is not', '05060001', '2602300000', [null]],
    ['a freeze in an hour that there is not', '05060001', '2602282400', [null]],
    ['a freeze on a leap day', '05060001', '2402292359', ['2024-02-29 23:59']],
  ])('shows %s', (_, di, content, wanted) => {
    const { values, error } = decodeOne(readAnswer('123456789012', di, lowFirst(content)));
    expect(error).toBeNull();
    expect(values.map(({ value }) => value)).toEqual(wanted);
  });
});

describe('bytes that are not all good frames', () => {
  const good = readAnswer('123456789012', '02010100', lowFirst('2205'));
  const bad = good.map((byte, index) => (index === 10 ? byte + 1 : byte));
  const inner = fromHex('68 01 02 03 04 05 06 68 91 00 00 16');
  const payload = inner.map((byte) => byte - 0x33);
  const nested = wireFrame({ address: '123456789012', control: 0x91, payload });
  const outcomes = (...parts: Uint8Array[]) =>
    decode(concatBytes(...parts)).map(({ ok, error }) => (ok ? 'ok' : error?.code));

  it.each([
    ['two glued frames', [good, good], ['ok', 'ok']],
    ['a bad frame before a good one', [bad, good], ['FRAME_CHECKSUM', 'ok']],
    ['a bad frame behind a good one', [good, bad], ['ok', 'FRAME_CHECKSUM']],
    ['a frame without its end', [good.subarray(0, -1)], ['FRAME_LENGTH']],
    ['a frame that ends in its address', [good, good.subarray(0, 4)], ['ok', 'FRAME_LENGTH']],
    ['a frame with another tail', [good.with(-1, 0x17)], ['FRAME_MALFORMED']],
    ['a frame without its second 68', [good.with(7, 0x67)], ['FRAME_MALFORMED']],
    ['a doubled 68', [good.subarray(0, 1), good], ['ok']],
    ['noise that begins like a long frame', [fromHex('68010203040506689120'), good], ['ok']],
    ['noise that looks like a whole frame', [fromHex('68010203040506689106'), good], ['ok']],
    ['a bad frame with another one in it', [nested.with(-2, 0)], ['FRAME_CHECKSUM']],
    ['no frame', [fromHex('00 FE 16')], ['FRAME_MALFORMED']],
    ['nothing', [], []],
  ] as const)('%s', (_, parts, wanted) => {
    expect(outcomes(...parts)).toEqual(wanted);
  });

  it('counts the FE before each frame by itself', () => {
    const stream = concatBytes(fromHex('00 FE'), good, fromHex('FE FE FE'), bad);
    expect(decode(stream).map(({ preamble }) => preamble)).toEqual([1, 3]);
    expect(decode(stream).map(headOf)[0]).toMatchObject({ address: '123456789012' });
  });
});

describe('a request', () => {
  const ADDRESS = '123456789012';
  const requested = (control: number, hex: string, address = ADDRESS) =>
    decodeOne(wireFrame({ address, control, payload: fromHex(hex) })).values;

  it.each([
    ['08', 0x08, '26 11 24 12 45 30', 'x_time', '261124124530'],
    ['11 from month 24', 0x11, '01 00 00 06 01 30 12 22 24 26', 'x_record_from', '3012222426'],
  ])('%sH with a time that is none says so and shows the bytes', (_, control, hex, name, raw) => {
    expect(requested(control, hex)).toContainEqual({
      obis: null,
      name,
      value: null,
      unit: '',
      flags: [FLAG_INVALID],
      raw,
    });
  });

  it('to write what is not listed tells who wrote which bytes, and no password', () => {
    const values = requested(0x14, '01 01 FF 04 02 56 34 12 44 33 22 11 02 24 11 26');
    expect(values.map(({ name, value }) => [name, value])).toEqual([
      ['x_authority', 'PA=02 password=******'],
      ['x_operator', 'operator=11223344'],
      ['x_raw', '02241126'],
    ]);
    expect(JSON.stringify(values)).not.toMatch(/123456|563412/);
  });

  it('of 1997 to write what is not listed shows no password either', () => {
    const values = requested(0x04, '01 EF 02 56 34 12 99');
    expect(values.map(({ name, value }) => [name, value])).toEqual([
      ['x_authority', 'PA=02 password=******'],
      ['x_raw', '99'],
    ]);
  });

  it.each([
    ['99 99 99 99', 'at once'],
    ['15 99 99 99', 'hourly at minute 15'],
    ['30 23 99 99', 'daily at 23:30'],
    ['00 00 01 99', 'monthly on day 01 at 00:00'],
    ['00 12 24 11', 'on 11-24 at 12:00'],
  ])('to freeze %s means %s', (hex, means) => {
    expect(requested(0x16, hex)).toMatchObject([{ name: 'x_freeze', means: [means] }]);
  });
});
