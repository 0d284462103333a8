import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { discover } from '../../../drivers/dlt645/discover.ts';
import { createFramer } from '../../../drivers/dlt645/framer.ts';
import { parseBusUrl } from '../../../src/cli/bus-url.ts';
import { planSweeps } from '../../../src/cli/scan-sweeps.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { options } from './fake-bus.ts';
import {
  createChecklist,
  createLineRig,
  ENERGY,
  ENERGY_ANSWER,
  ENERGY_SHOWN,
  FRAME_ROWS,
  METER,
  readFrom,
} from './quirks.ts';
import { createRollCallBus } from './roll-call-bus.ts';

const { quirk, untested } = createChecklist(FRAME_ROWS);

const NOTHING = new Uint8Array(0);
const whole = { values: ENERGY_SHOWN, failures: [] };
/** C 11, L 4. */
const REQUEST = 'FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 16';
/** Address 123456789013, 111111.11 kWh. */
const OF_ANOTHER = '68 13 90 78 56 34 12 68 91 08 33 33 34 33 44 44 44 44 FD 16';
/** DI 00020000, 222222.22 kWh. */
const OTHER_ITEM = '68 12 90 78 56 34 12 68 91 08 33 33 35 33 55 55 55 55 41 16';

const framesIn = (hex: string) => createFramer().push(fromHex(hex));

/** One byte at a time. */
const framesOneByOne = (hex: string) => {
  const framer = createFramer();
  return Array.from(fromHex(hex)).flatMap((byte) => framer.push(Uint8Array.of(byte)));
};

describe('frames beside the standard', () => {
  for (const count of [0, 1, 2, 3, 4, 7]) {
    quirk('0, 1, 2, 3, 4, 7 FE before answers', `${count} are skipped`, async () => {
      const answer = 'FE '.repeat(count) + ENERGY_ANSWER;
      expect(await readFrom(answer)).toMatchObject(whole);
      expect(decode(fromHex(answer))).toMatchObject([{ ok: true, preamble: count }]);
    });
  }

  for (const [what, garbage] of [
    ['the tail of a frame', '56 7B 16'],
    ['wildcards', 'AA AA'],
    ['noise', 'FD BB'],
    ['a lone 68', '68'],
    ['68 and 68 eight bytes on', '68 01 02 03 04 05 06 68 91 08'],
  ] as const) {
    quirk('garbage or tail of another frame before 68', `${what} is passed over`, async () => {
      expect(await readFrom(`${garbage} ${ENERGY_ANSWER}`)).toMatchObject(whole);
    });
  }

  quirk(
    'garbage or tail of another frame before 68',
    'a false head that claims C8 bytes does not swallow the frame in them',
    async () => {
      const falseHead = '68 01 02 03 04 05 06 68 91 C8';
      expect(await readFrom(`${falseHead} ${ENERGY_ANSWER}`)).toMatchObject(whole);
      const padding = ' 00'.repeat(200);
      expect(await readFrom(`${falseHead} ${ENERGY_ANSWER}${padding}`)).toMatchObject(whole);
    },
  );

  quirk(
    'several frames in one read, answers of other meters, stale answers after timeout',
    'only the one of this meter, function and identifier is taken',
    async () => {
      // C D4: a write refused, ERR 02.
      const refusedWrite = '68 12 90 78 56 34 12 68 D4 01 35 90 16';
      const brought = [OF_ANOTHER, OTHER_ITEM, refusedWrite, REQUEST, ENERGY_ANSWER].join(' ');
      expect(framesIn(brought)).toHaveLength(5);
      expect(await readFrom(brought)).toMatchObject(whole);
      for (const wrong of [OF_ANOTHER, OTHER_ITEM, refusedWrite]) {
        expect((await readFrom(wrong)).failures).toEqual(['BUS_FOREIGN_REPLY']);
      }
    },
  );

  quirk(
    'several frames in one read, answers of other meters, stale answers after timeout',
    'an answer after the timeout meets nobody, and 500 ms of silence follow it',
    async () => {
      const { bus, line, read } = createLineRig();
      const lateAt = 1000;
      line.hearAfter(lateAt, fromHex(ENERGY_ANSWER));
      expect((await read('energy_active_import')).failures).toEqual(['BUS_NO_REPLY']);
      line.onRequest(() => line.hear(fromHex(ENERGY_ANSWER)));
      expect(await read('energy_active_import')).toEqual(whole);
      expect(line.sent.at(-1)?.at).toBe(lateAt + 500);
      expect(bus.counters).toMatchObject({ lateFrames: 1, answered: 1 });
    },
  );

  quirk('echo of own request', 'is taken off before the answer', async () => {
    const { bus, line, read } = createLineRig();
    line.onRequest((request) => line.hear(concatBytes(request, fromHex(ENERGY_ANSWER))));
    expect(await read('energy_active_import')).toEqual(whole);
    expect(bus.counters).toMatchObject({ echoes: 1, foreignFrames: 0, strayBytes: 0 });
  });

  quirk('echo of own request', 'is no answer, be it alone or without its first FE', async () => {
    const { line, read } = createLineRig();
    line.onRequest((request) => line.hear(request));
    expect((await read('energy_active_import')).failures).toEqual(['BUS_NO_REPLY']);
    line.onRequest((request) => line.hear(request.slice(1)));
    expect((await read('energy_active_import')).failures).toEqual(['BUS_FOREIGN_REPLY']);
  });

  for (const [what, hex, address, value] of [
    // Address 68 68 68 16 68 16, 4 x 35 + 33.
    [
      'address and data',
      '68 68 68 16 68 16 68 68 91 08 33 33 34 33 68 68 68 68 A2 16',
      '681668166868',
      '353535.35',
    ],
    // The sum of 00000559 is 16, of 00001799 68.
    ['CS = 16', '68 12 90 78 56 34 12 68 91 08 33 33 34 33 8C 38 33 33 16 16', METER, '5.59'],
    ['CS = 68', '68 12 90 78 56 34 12 68 91 08 33 33 34 33 CC 4A 33 33 68 16', METER, '17.99'],
  ] as const) {
    quirk('68 inside address, data, CS; 16 inside', `${what}: the length decides`, async () => {
      expect(framesOneByOne(hex)).toHaveLength(1);
      const values = { energy_active_import: value };
      expect(await readFrom(hex, { address })).toMatchObject({ values, failures: [] });
    });
  }

  quirk('68 inside address, data, CS; 16 inside', 'E3 + 33 = 16 in a status word', () => {
    // DI 04000503, word 35E3: 16 68 on the wire.
    const hex = '68 12 90 78 56 34 12 68 91 06 36 38 33 37 16 68 73 16';
    expect(framesOneByOne(hex).map(({ payload }) => toHex(payload.subarray(4)))).toEqual(['E3 35']);
  });

  quirk('FE inside data', 'is a byte like any other', () => {
    // DI 04000503, CB + 33 = FE, 00 + 33; three FE before it.
    const hex = 'FE FE FE 68 12 90 78 56 34 12 68 91 06 36 38 33 37 FE 33 26 16';
    expect(framesIn(hex).map(({ payload }) => toHex(payload.subarray(4)))).toEqual(['CB 00']);
    expect(framesOneByOne(hex)).toEqual(framesIn(hex));
  });

  quirk('FE inside data', 'as CS it is a sum like any other', async () => {
    const hex = '68 12 90 78 56 34 12 68 91 08 33 33 34 33 79 33 33 33 FE 16';
    expect((await readFrom(hex)).values).toEqual({ energy_active_import: '0.46' });
  });

  quirk('doubled 68 at start', 'costs one byte', async () => {
    // 68, then the frame of 201901120003.
    const hex = '68 68 03 00 12 01 19 20 68 91 08 33 33 34 33 AB 89 67 45 65 16';
    expect(framesOneByOne(hex)).toHaveLength(1);
    expect(await readFrom(hex, { address: '201901120003' })).toMatchObject(whole);
  });

  quirk('request padded with stray bytes, truncated answers', 'ours ends with 16', async () => {
    const { bus } = await readFrom(ENERGY_ANSWER);
    expect(bus.requests.map((request) => toHex(request))).toEqual([REQUEST]);
  });

  quirk('request padded with stray bytes, truncated answers', 'half is no answer', async () => {
    const { values, failures } = await readFrom(ENERGY_ANSWER.slice(0, -9));
    expect([values, failures]).toEqual([{}, ['BUS_PARTIAL_REPLY']]);
    expect(decode(fromHex(`${REQUEST} 00 00 00`))).toMatchObject([{ ok: true, di: ENERGY }]);
  });

  quirk('partial frames', 'byte by byte, with gaps below 500 ms, they are whole', async () => {
    const { line, read } = createLineRig();
    line.onRequest(() => {
      fromHex(ENERGY_ANSWER).forEach((byte, at) => {
        line.hearAfter(450 * (at + 1), Uint8Array.of(byte));
      });
    });
    expect(await read('energy_active_import')).toEqual(whole);
  });

  quirk('partial frames', 'a gap beyond 500 ms ends them', async () => {
    const { line, read } = createLineRig();
    const answer = fromHex(ENERGY_ANSWER);
    line.onRequest(() => {
      line.hearAfter(100, answer.subarray(0, 12));
      line.hearAfter(650, answer.subarray(12));
    });
    expect((await read('energy_active_import')).failures).toEqual(['BUS_PARTIAL_REPLY']);
  });

  quirk('partial frames', 'inside another protocol, here 376.2, they are found', () => {
    // 68, length 2C 00, control 83, routing 6 bytes, AFN 02, F1 01 00, 02, 14 bytes; CS, 16.
    const wrapped = `68 2C 00 83 00 00 5F 00 00 00 02 01 00 02 14 ${ENERGY_ANSWER} 3F 16`;
    expect(framesIn(wrapped).map(({ address }) => address)).toEqual([METER]);
    expect(framesOneByOne(wrapped)).toEqual(framesIn(wrapped));
  });

  // Starts well and goes wrong; the length byte F4 is garbage too.
  const MISREAD = 'FE FE FE FE 68 80 F4 3C E0 1E 86 68 F8 F4 CC 33 80 F8 16';

  quirk('wrong parity or speed', 'brings no value', async () => {
    expect(await readFrom(MISREAD)).toMatchObject({ values: {}, failures: ['BUS_PARTIAL_REPLY'] });
  });

  quirk(
    'wrong parity or speed',
    'invents no meter, and the search says what it heard',
    async () => {
      const bus = createRollCallBus(({ address }) =>
        address === 'AAAAAAAAAAAA' ? fromHex(MISREAD) : NOTHING,
      );
      const found = await discover(bus, { ...options, protocols: ['dlt645-2007'] });
      expect(found).toMatchObject({ meters: [], unresolved: ['AAAAAAAAAAAA'] });
    },
  );

  quirk('wrong parity or speed', '8E1 unless told otherwise, then the usual speeds', () => {
    expect(parseBusUrl('serial:/dev/ttyUSB0')).toMatchObject({
      serial: { parity: 'even', dataBits: 8, stopBits: 1 },
    });
    const sweeps = planSweeps({ bus: 'serial:/dev/ttyUSB0', protocol: 'dlt645' }).flat();
    const ports = sweeps.flatMap(({ line }) => ('serial' in line ? [line.serial] : []));
    expect(ports.map(({ baudRate }) => baudRate)).toEqual([2400, 9600, 1200, 4800, 19_200]);
    expect(new Set(ports.map(({ parity }) => parity))).toEqual(new Set(['even']));
  });
});

it('every row has a test', () => {
  expect(FRAME_ROWS).toHaveLength(10);
  expect(untested()).toEqual([]);
});
