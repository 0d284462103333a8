import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { parseBroadcastTime } from '../../../drivers/dlt645/functions/broadcast-time.ts';
import * as built from '../../../drivers/dlt645/functions/command-payloads.ts';
import { errorMeaning } from '../../../drivers/dlt645/functions/err.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { lowFirst, wireFrame } from './wire.ts';

const METER = '123456789012';

/** What `amr decode` shows of one frame with this payload, in the order on the wire. */
function decodeOne(control: number, payload: string) {
  const bytes = wireFrame({ address: METER, control, payload: fromHex(payload) });
  const [frame] = decode(bytes);
  if (frame === undefined) throw new Error('no frame');
  return { ...frame, shown: frame.values.map(({ name, value }) => `${name}: ${value}`) };
}

const credentials = { authority: '02', password: '123456', operator: '12345678' };
/** PA, P0 to P2, C0 to C3. */
const CREDENTIALS = '02 56 34 12 78 56 34 12';

describe('the payload of a command', () => {
  const { old, ...change } = {
    di: '04000C03',
    old: { authority: '02', password: '123456' },
    new: { authority: '03', password: '112233' },
  };

  it.each([
    [
      'a write',
      built.encodeWrite({ ...credentials, di: '04000101', content: lowFirst('24081504') }),
      `01 01 00 04 ${CREDENTIALS} 04 15 08 24`,
    ],
    ['a freeze', built.encodeFreeze('99999915'), '15 99 99 99'],
    ['a speed', built.encodeBaud(0x08), '08'],
    [
      'a password',
      built.encodePasswordChange({ old, ...change }),
      '03 0C 00 04 02 56 34 12 03 33 22 11',
    ],
    ['the answer to it', built.encodePasswordSet(change.new), '03 33 22 11'],
    ['a clearing', built.encodeClear(credentials), CREDENTIALS],
    [
      'a clearing of events',
      built.encodeClearEvents({ ...credentials, di: '030100FF' }),
      `${CREDENTIALS} FF 00 01 03`,
    ],
    [
      'a relay order',
      built.encodeRelay({ ...credentials, command: 'trip', validUntil: '2099-12-31 23:59:58' }),
      `${CREDENTIALS} 1A 00 58 59 23 31 12 99`,
    ],
    ['an output signal', built.encodeOutputPort('tariff switching'), '02'],
    [
      'a security request',
      built.encodeSecurityRequest({
        di: '070000FF',
        operator: '12345678',
        content: lowFirst('0201'),
      }),
      'FF 00 00 07 78 56 34 12 01 02',
    ],
    [
      'a write of 1997',
      built.encodeWrite1997({
        di: 'C011',
        authority: '00',
        password: '123456',
        content: lowFirst('123456'),
      }),
      '11 C0 00 56 34 12 56 34 12',
    ],
    [
      'a password of 1997',
      built.encodePasswordChange1997({ old, new: change.new }),
      '02 56 34 12 03 33 22 11',
    ],
    ['a clearing of 1997', built.encodeClearDemand1997(old), '02 56 34 12'],
  ])('%s is laid out as the grammar says', (_, payload, wanted) => {
    expect(toHex(payload)).toBe(wanted);
  });

  it.each(['12345', '1234567', '12345G'])('takes no password %s', (password) => {
    const wrong = () => built.encodeClear({ ...credentials, password });
    if (password.length < 6) expect(toHex(wrong())).toContain('45 23 01');
    else expect(wrong).toThrow(AmrError);
  });
});

describe('what decode shows of the functions that the vectors lack', () => {
  const SEALED = `98 00 00 00 78 56 34 12 01 02 03 04 ${'0A '.repeat(16)}`;

  it.each([
    ['a follow-up request', 0x12, '01 05 30 03 02', []],
    ['an address written', 0x15, '12 90 78 56 34 12', ['x_address: 123456789012']],
    ['a freeze done', 0x96, '', []],
    ['the speed confirmed', 0x97, '08', ['x_baud: 0x08']],
    ['a password set', 0x98, '03 33 22 11', ['x_password: 03 112233']],
    ['all events cleared', 0x1b, `${CREDENTIALS} FF FF FF FF`, ['x_cleared: FFFFFFFF']],
    [
      'a sealed relay order',
      0x1c,
      SEALED,
      [
        'x_authority: PA=98 password(P2P1P0)=000000',
        'x_operator: operator=12345678',
        'x_mac: 01020304',
        `x_ciphertext: ${'0a'.repeat(16)}`,
      ],
    ],
    ['an output signal', 0x1d, '01', ['x_signal: demand period']],
    ['an output signal nobody knows', 0x1d, '07', ['x_signal: 0x07']],
    ['an output signal confirmed', 0x9d, '00', ['x_signal: clock second pulse']],
    [
      'a security request',
      0x03,
      'FF 00 00 07 78 56 34 12 01 02',
      ['x_operator: operator=12345678', 'x_raw: 0102'],
    ],
    ['a security answer', 0x83, 'FF 00 00 07 01 02 03 04', ['x_raw: 01020304']],
    ['the speed of 1997', 0x0c, '08', ['x_baud: 0x08']],
    ['a password of 1997 set', 0x8f, '03 33 22 11', ['x_password: 03 112233']],
    ['a clearing of 1997', 0x10, '02 56 34 12', []],
    ['a password of 1997 written', 0x04, '12 C2 02 56 34 12 03 33 22 11', ['x_written: ******']],
    ['a password of 1997 read', 0x81, '12 C2 03 33 22 11', []],
    ['a broadcast time that is none', 0x08, '61 00 00 01 01 24', ['x_time: null']],
  ] as const)('%s', (_, control, payload, wanted) => {
    const { shown, error } = decodeOne(control, payload);
    expect([shown, error]).toEqual([wanted, null]);
  });

  it.each([
    ['1A', 'trip'],
    ['1B', 'allow close'],
    ['1C', 'direct close'],
    ['2A', 'alarm'],
    ['2B', 'alarm off'],
    ['3A', 'power keep'],
    ['3B', 'power keep off'],
    ['4A', '0x4A'],
  ])('the relay order %s is %s', (code, word) => {
    const { shown } = decodeOne(0x1c, `${CREDENTIALS} ${code} 00 59 59 23 31 12 99`);
    expect(shown[0]).toBe(`x_command: ${word}`);
  });

  it.each([
    [
      '2007',
      0x17,
      ['', '600 bps', '1200 bps', '2400 bps', '4800 bps', '9600 bps', '19200 bps', ''],
    ],
    ['1997', 0x0c, ['', '300 bps', '600 bps', '1200 bps', '2400 bps', '4800 bps', '9600 bps', '']],
  ])('the speeds of %s, by the bit', (_, control, wanted) => {
    const speeds = wanted.map((_speed, bit) => {
      const { values } = decodeOne(control, (1 << bit).toString(16).padStart(2, '0'));
      return values[0]?.unit;
    });
    expect(speeds).toEqual(wanted);
  });

  it.each([
    ['a read with three bytes', 0x11, '00 00 01'],
    ['a follow-up without its number', 0x12, '01 05 30 03'],
    ['a follow-up answer without its number', 0x92, '01 05 30 03'],
    ['an address of five bytes', 0x93, '12 90 78 56 34'],
    ['a write without content', 0x14, `01 01 00 04 ${CREDENTIALS}`],
    ['a freeze of three bytes', 0x16, '99 99 99'],
    ['two speeds', 0x17, '08 08'],
    ['a password change cut short', 0x18, '03 0C 00 04 02 56 34 12 03 33 22'],
    ['a clearing with more than it takes', 0x19, `${CREDENTIALS} 00`],
    ['a relay order cut short', 0x1c, `${CREDENTIALS} 1A 00 59 59 23 31 12`],
    ['a sealed relay order in the plain length', 0x1c, `98 ${'00 '.repeat(15)}`],
    ['a broadcast time without its year', 0x08, '00 00 00 01 01'],
  ])('%s is told as too short or too long', (_, control, payload) => {
    const { ok, error, values } = decodeOne(control, payload);
    expect([ok, error?.code, values]).toEqual([true, 'FRAME_LENGTH', []]);
  });

  it.each([
    ['2007', 0x12, '01 05 30 03 07', 7],
    ['2007', 0x92, '01 05 30 03 AA BB 07', 7],
    ['2007', 0x91, '00 00 01 00 00 00 00 07', undefined],
    ['1997', 0x82, '1F 90 00 00 00 07', undefined],
  ])('the number of a part of %s (%d)', (_, control, payload, wanted) => {
    expect(decodeOne(control, payload).sequence).toBe(wanted);
  });

  it('names the parts of a long answer only where it knows them', () => {
    const names = (control: number) =>
      decodeOne(control, '1F 90 56 34 12 00 00 00 01 00').values.map(({ name }) => name);
    expect(names(0xa1)).toEqual(['energy_active_import', 'energy_active_import_t1']);
    expect(names(0x82)).toEqual(['x_continued', 'x_continued']);
  });
});

describe('the error byte', () => {
  it.each([
    [0x02, 'dlt645-2007', 'no data'],
    [0x02, 'dlt645-1997', 'no such identifier'],
    [0x01, 'dlt645-2007', 'other error'],
    [0x01, 'dlt645-1997', 'illegal data'],
    [0x06, 'dlt645-2007', 'no data, password wrong or not authorised'],
    [0x08, 'dlt645-2007', 'baud rate cannot change'],
    [0x00, 'dlt645-2007', 'no error bit set'],
  ] as const)('%d of %s is "%s"', (err, edition, meaning) => {
    expect(errorMeaning(err, edition)).toBe(meaning);
  });

  it('is told only where it is one', () => {
    expect(decodeOne(0xd1, '02').error).toMatchObject({ err: '0x02', meaning: 'no data' });
    expect(decodeOne(0xd1, '02 00').error).not.toHaveProperty('err');
    expect(decodeOne(0xc3, '08 01').error).toMatchObject({ err: '0x0108' });
    expect(decodeOne(0xc3, '02')).toMatchObject({
      protocol: 'dlt645-1997',
      error: { err: '0x02', meaning: 'no such identifier' },
    });
  });
});

describe('the edition of a frame', () => {
  it.each([
    ['dlt645-2007', 0x11, '00 00 01 00'],
    ['dlt645-1997', 0x01, '10 90'],
    ['dlt645-1997', 0x03, ''],
    ['dlt645-1997', 0x83, '10 90 56 34 12 00'],
    // 9010 read again: its content has 07 where identifiers of security begin.
    ['dlt645-1997', 0x83, '10 90 12 07 00 00'],
    ['dlt645-1997', 0x83, 'FF 90 12 07 00 00'],
    ['dlt645-2007', 0x03, 'FF 00 00 07 00 00 00 00'],
    ['dlt645-2007', 0x83, 'FF 02 80 07 00 00'],
    ['dlt645-2007', 0x1f, '00'],
    ['dlt645-1997', 0x10, '02 56 34 12'],
  ])('is %s for %d', (edition, control, payload) => {
    expect(decodeOne(control, payload).protocol).toBe(edition);
  });

  it('is the asked one for the broadcast time, which both have', () => {
    const frame = wireFrame({ address: METER, control: 0x08, payload: fromHex('000000010124') });
    expect(decode(frame)[0]?.protocol).toBe('dlt645-2007');
    expect(decode(frame, 'dlt645-1997')[0]?.protocol).toBe('dlt645-1997');
  });

  it('is the asked one of 1997 for what would be security in 2007', () => {
    for (const [control, payload] of [
      [0x83, 'FF 00 00 07 01 02'],
      [0xc3, '08 01'],
    ] as const) {
      const frame = wireFrame({ address: METER, control, payload: fromHex(payload) });
      const editions = (['dlt645-2007', 'dlt645-1997'] as const).map(
        (asked) => decode(frame, asked)[0]?.protocol,
      );
      expect(editions).toEqual(['dlt645-2007', 'dlt645-1997']);
    }
  });
});

describe('a broadcast time', () => {
  it('is read second first', () => {
    expect(parseBroadcastTime(fromHex('56 34 12 15 08 24'))).toBe('2024-08-15 12:34:56');
  });
});

describe('the locked door', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const sources = ['src', 'drivers'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(top, file)),
  );
  const naming = (word: string) =>
    sources.filter((file) => readFileSync(join(root, file), 'utf8').includes(word));

  it('no source file imports what builds switching and writing commands', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(naming('command-payloads')).toEqual([]);
  });

  it('frames are sent where only reading functions and the broadcast time are known', () => {
    const senders = [...naming('encodeFrame('), ...naming("/question.ts'")];
    const files = [...new Set(senders)].filter((file) => !/\/frame\.ts$|\/sim/.test(file)).sort();
    expect(files.length).toBeGreaterThanOrEqual(5);
    expect(files).toContain('drivers/dlt645/question.ts');
    expect(files).toContain('drivers/dlt645/roll-call.ts');
    const texts = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    const imports = [...texts.matchAll(/import \{([^}]*)\} from '[^']*\/codes\.ts'/g)];
    const words = imports.flatMap(([, names = '']) => names.match(/\b[A-Z][A-Z_0-9]+\b/g) ?? []);
    expect([...new Set(words)].sort()).toEqual([
      'BROADCAST_TIME',
      'READ',
      'READ_1997',
      'READ_ADDRESS',
      'READ_FOLLOW_UP',
      'READ_FOLLOW_UP_1997',
    ]);
    const literals = [...texts.matchAll(/control: 0x([0-9a-f]{2})/g)].map(([, code]) => code);
    expect([...new Set(literals)].sort()).toEqual(['01', '11', '13']);
  });
});
