import { describe, expect, it } from 'vitest';
import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type { MeterDisplay, SlaveOptions } from '../../../src/core/slave.ts';

/** A single-phase meter with two tariffs. */
const SHOWN: Readonly<Record<string, string>> = {
  energy_active_import: '1000.00',
  energy_active_import_t1: '200.00',
  energy_active_import_t2: '300.00',
  energy_active_export: '900000.00',
  x_energy_active_combined: '-5.00',
  energy_apparent_import: '123456.78',
  voltage_l1: '230.1',
  current_l1: '5.123',
  current_n: '-0.001',
  power_active: '-1.2345',
  power_active_l1: '-1.2345',
  x_power_reactive: '0.5000',
  power_apparent: '85.0000',
  power_apparent_l1: '1.4000',
  power_factor: '-0.900',
  frequency: '49.98',
};

const display: MeterDisplay = {
  show: (register) => SHOWN[register] ?? null,
  showDailyFreeze: (daysAgo) => ({
    frozenAt: '2026-11-23T00:00:00',
    show: (register) => (register === 'energy_active_import' ? `${daysAgo}.00` : null),
  }),
};

function createSlave(options: Partial<SlaveOptions> = {}) {
  return createDlt645Slave({ address: '123456789012', display, ...options });
}

/** The frame around this: `address control length payload`, all but the offset as on the wire. */
function frame(address: string, control: string, payload = ''): Uint8Array {
  const field = fromHex(payload).map((byte) => byte + 0x33);
  const body = concatBytes(
    fromHex(`68 ${address} 68 ${control}`),
    Uint8Array.of(field.length),
    field,
  );
  const sum = body.reduce((total, byte) => total + byte, 0);
  return concatBytes(body, Uint8Array.of(sum, 0x16));
}

const OWN = '12 90 78 56 34 12';
const read = (identifier: string) => frame(OWN, '11', identifier);

function answerHex(request: Uint8Array, slave = createSlave({ preamble: 0 })): string | null {
  const answer = slave.receive(request);
  return answer === null ? null : toHex(answer);
}

// The header 68 12 90 78 56 34 12 68 sums up to 86H in all of these.
const GOLDEN = [
  {
    name: 'apparent import 123456.78: DI 00 09 00 00, digits 78 56 34 12',
    request: '68 12 90 78 56 34 12 68 11 04 33 33 3C 33 70 16',
    answer: '68 12 90 78 56 34 12 68 91 08 33 33 3C 33 AB 89 67 45 D4 16',
  },
  {
    name: 'import with tariffs: DI 00 01 FF 00, 00 00 10 00 | 00 00 02 00 | 00 00 03 00',
    request: '68 12 90 78 56 34 12 68 11 04 33 32 34 33 67 16',
    answer: '68 12 90 78 56 34 12 68 91 10 33 32 34 33 33 33 43 33 33 33 35 33 33 33 36 33 6C 16',
  },
  {
    name: 'power -1.2345: DI 02 03 00 00, 45 23 01 with the top bit 45 23 81',
    request: '68 12 90 78 56 34 12 68 11 04 33 33 36 35 6C 16',
    answer: '68 12 90 78 56 34 12 68 91 07 33 33 36 35 78 56 B4 71 16',
  },
  {
    name: 'voltages of one phase: DI 02 01 FF 00, 01 23 | FF FF | FF FF',
    request: '68 12 90 78 56 34 12 68 11 04 33 32 34 35 69 16',
    answer: '68 12 90 78 56 34 12 68 91 0A 33 32 34 35 34 56 32 32 32 32 41 16',
  },
  {
    name: 'voltage L2, which is not there: D1, ERR 02',
    request: '68 12 90 78 56 34 12 68 11 04 33 35 34 35 6C 16',
    answer: '68 12 90 78 56 34 12 68 D1 01 35 8D 16',
  },
  {
    name: 'own address by 13H: 12 90 78 56 34 12',
    request: '68 AA AA AA AA AA AA 68 13 00 DF 16',
    answer: '68 12 90 78 56 34 12 68 93 06 45 C3 AB 89 67 45 07 16',
  },
  {
    name: 'time of the last freeze: DI 05 06 00 01, minute first 00 00 23 11 26',
    request: '68 12 90 78 56 34 12 68 11 04 34 33 39 38 73 16',
    answer: '68 12 90 78 56 34 12 68 91 09 34 33 39 38 33 33 56 44 59 51 16',
  },
  {
    name: 'communication address: DI 04 00 04 01',
    request: '68 12 90 78 56 34 12 68 11 04 34 37 33 37 70 16',
    answer: '68 12 90 78 56 34 12 68 91 0A 34 37 33 37 45 C3 AB 89 67 45 DE 16',
  },
];

/** DI0 first without the offset -> the value bytes, offset taken off. */
const VALUES: Readonly<Record<string, string>> = {
  '00 00 00 00': '00 05 00 80',
  '00 00 02 00': '00 00 00 90',
  '00 02 01 00': '00 00 03 00',
  '00 01 02 02': '23 51 00',
  '00 FF 02 02': '23 51 00 FF FF FF FF FF FF',
  '00 FF 03 02': '45 23 81 45 23 81 FF FF FF FF FF FF',
  '00 00 04 02': '00 50 00',
  '00 FF 05 02': '00 00 85 00 40 01 FF FF FF FF FF FF',
  '00 00 06 02': '00 89',
  '01 00 80 02': '01 00 80',
  '02 00 80 02': '98 49',
  '01 01 06 05': '00 00 00 00',
  '02 01 06 05': '00 01 00 00',
  '3E 01 06 05': '00 61 00 00',
};

/** Nothing under these: unknown items, missing tariffs, settlements, freezes out of range. */
const ABSENT = [
  '00 03 01 00',
  '01 00 01 00',
  '00 00 05 00',
  '00 00 0B 00',
  '00 00 01 02',
  '00 04 01 02',
  '03 00 80 02',
  '00 01 06 05',
  '3F 01 06 05',
  '01 09 06 05',
  '01 02 06 05',
  '00 00 01 01',
  'FF 00 01 00',
];

describe('the simulated DL/T 645 meter', () => {
  it.each(GOLDEN)('answers $name', ({ request, answer }) => {
    expect(answerHex(fromHex(request))).toBe(answer);
  });

  it.each(Object.entries(VALUES))('shows %s as %s', (identifier, value) => {
    const answer = createSlave({ preamble: 0 }).receive(read(identifier));
    const payload = answer?.slice(10, -2).map((byte) => byte - 0x33);
    expect(toHex(payload ?? new Uint8Array())).toBe(`${identifier} ${value}`);
  });

  it.each(ABSENT)('refuses %s with "no data"', (identifier) => {
    expect(answerHex(read(identifier))).toBe('68 12 90 78 56 34 12 68 D1 01 35 8D 16');
  });

  it('covers all rows of the tables above', () => {
    expect([GOLDEN.length, Object.keys(VALUES).length, ABSENT.length]).toEqual([8, 14, 13]);
  });

  it.each([
    ['all wildcards', 'AA AA AA AA AA AA'],
    ['the low digits', '12 90 AA AA AA AA'],
    ['wildcards in between', '12 AA 78 AA 34 AA'],
  ])('answers %s with its real address', (_, address) => {
    const answer = answerHex(frame(address, '11', '02 00 80 02'));
    expect(answer?.slice(0, 26)).toBe('68 12 90 78 56 34 12 68 91');
  });

  it.each([
    ['another address', frame('13 90 78 56 34 12', '11', '00 00 01 00')],
    ['a wildcard that does not fit', frame('13 AA AA AA AA AA', '11', '00 00 01 00')],
    ['a broadcast', frame('99 99 99 99 99 99', '11', '00 00 01 00')],
    ['an answer', frame(OWN, '91', '00 00 01 00')],
    ['an unknown function', frame(OWN, '1F', '00')],
    ['a request without an item', frame(OWN, '11', '00 00')],
    ['a wrong checksum', fromHex('68 12 90 78 56 34 12 68 11 04 33 33 34 33 69 16')],
    ['a wrong end', fromHex('68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 17')],
  ])('is silent to %s', (_, request) => {
    expect(answerHex(request)).toBeNull();
  });

  it('answers as the meter of nines to nobody', () => {
    const slave = createSlave({ address: '999999999999' });
    expect(slave.receive(frame('99 99 99 99 99 99', '11', '00 00 01 00'))).toBeNull();
  });

  it('hears a request byte by byte behind FE and noise', () => {
    const slave = createSlave();
    const request = concatBytes(fromHex('00 68 33 FE FE FE FE'), read('02 00 80 02'));
    const answers = [...request].map((byte) => slave.receive(Uint8Array.of(byte)));
    expect(answers.findIndex((answer) => answer !== null)).toBe(request.length - 1);
  });

  it('finds a request that damaged bytes had swallowed', () => {
    const slave = createSlave();
    slave.receive(fromHex('68 12 90 78 56 34 12 68 91 08 33 33'));
    expect(slave.receive(concatBytes(read('02 00 80 02'), read('02 00 80 02')))).not.toBeNull();
  });

  it('gives up half a request after a pause of more than 500 ms', () => {
    const request = read('02 00 80 02');
    const answerAfter = (pauseMs: number) => {
      const slave = createSlave();
      slave.receive(request.slice(0, 9));
      slave.silence(pauseMs);
      return slave.receive(request.slice(9));
    };
    expect(answerAfter(500)).not.toBeNull();
    expect(answerAfter(501)).toBeNull();
  });

  it('sends the asked number of FE ahead, four by default', () => {
    const heads = [{}, { preamble: 1 }].map((options) =>
      answerHex(read('02 00 80 02'), createSlave(options))?.slice(0, 15),
    );
    expect(heads).toEqual(['FE FE FE FE 68 ', 'FE 68 12 90 78 ']);
  });

  it('tells what it showed', () => {
    const told: unknown[] = [];
    const slave = createSlave({ onAnswer: (item, values) => told.push([item, values]) });
    for (const identifier of ['00 FF 01 00', '00 FF 01 02', '00 02 01 02', '01 00 06 05']) {
      slave.receive(read(identifier));
    }
    expect(told).toEqual([
      [
        '0001FF00',
        {
          energy_active_import: '1000.00',
          energy_active_import_t1: '200.00',
          energy_active_import_t2: '300.00',
        },
      ],
      ['0201FF00', { voltage_l1: '230.1', voltage_l2: null, voltage_l3: null }],
      ['02010200', {}],
      ['05060001', { frozen_at: '2026-11-23T00:00:00' }],
    ]);
  });

  it('carries the next address, or another item, under a fault', () => {
    const slave = createSlave({ preamble: 0 });
    slave.setFault('wrong-address');
    expect(answerHex(read('02 00 80 02'), slave)?.slice(0, 23)).toBe('68 13 90 78 56 34 12 68');
    slave.setFault('wrong-item');
    // 02800003 in place of 02800002: 03 00 80 02 and the offset.
    expect(answerHex(read('02 00 80 02'), slave)?.slice(24, 41)).toBe('91 06 36 33 B3 35');
    slave.setFault(null);
    expect(answerHex(read('02 00 80 02'), slave)?.slice(24, 41)).toBe('91 06 35 33 B3 35');
  });
});
