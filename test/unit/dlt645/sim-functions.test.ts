import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { createMeter, type Digits, FOR_ALL, frame, frozen, OWN } from './sim-rig.ts';

/** Forty tariffs: 41 values of 4 bytes, 8 with their times, make answers of one frame and of two. */
const TARIFFS = Array.from({ length: 40 }, (_, index) => index + 1);
const MANY: Digits = {
  demand_active_import_max: '1.0000',
  demand_active_import_max_at: '2026-11-03T19:15:00',
  energy_active_import: '1.00',
  ...Object.fromEntries(
    TARIFFS.flatMap((tariff) => [
      [`energy_active_import_t${tariff}`, `${tariff}.00`],
      [`demand_active_import_max_t${tariff}`, `${tariff}.0000`],
      [`demand_active_import_max_t${tariff}_at`, '2026-11-03T19:15:00'],
    ]),
  ),
};
const DEMANDS = '00 FF 01 01';
const bytesOf = (answer: string | null) => (answer ?? '').split(' ').slice(1);

describe('an answer that is too long for one frame', () => {
  it('goes on under 12H, numbered from 1, and joins to the whole', () => {
    const meter = createMeter(MANY);
    const parts = [meter.ask('11', DEMANDS), meter.ask('12', `${DEMANDS} 01`)];
    expect(parts.map((part) => part?.slice(0, 3))).toEqual(['B1:', '92:']);
    const [first = [], last = []] = parts.map(bytesOf);
    expect([first.length, last.length]).toEqual([200, 4 + 41 * 8 - 196 + 1]);
    expect([first.slice(0, 4), last.slice(0, 4), last.at(-1)]).toEqual([
      DEMANDS.split(' '),
      DEMANDS.split(' '),
      '01',
    ]);
    const joined = [...first.slice(4), ...last.slice(4, -1)];
    const single = [0, ...TARIFFS].map((tariff) => {
      const di1 = tariff.toString(16).padStart(2, '0').toUpperCase();
      return meter.read(`00 ${di1} 01 01`);
    });
    expect(joined.join(' ')).toBe(single.join(' '));
  });

  it('marks every part but the last', () => {
    const record = frozen('2026-11-23T00:15:00', { frequency: '50.00' });
    const meter = createMeter({}, { records: new Array(9).fill(record) });
    // Nine records of 33 bytes: 196 bytes, then 101.
    expect(meter.ask('11', '02 00 01 06 14')?.slice(0, 3)).toBe('B1:');
    const more = createMeter({}, { records: new Array(20).fill(record) });
    more.ask('11', '02 00 01 06 14');
    const marks = [1, 2, 3].map((number) => more.ask('12', `02 00 01 06 0${number}`)?.slice(0, 3));
    expect(marks).toEqual(['B2:', 'B2:', '92:']);
  });

  it('fits in one frame up to 200 bytes', () => {
    const meter = createMeter(MANY);
    expect(bytesOf(meter.ask('11', '00 FF 01 00'))).toHaveLength(4 + 41 * 4);
    expect(meter.ask('12', '00 FF 01 00 01')).toBe('D2: 02');
  });

  it.each([
    ['before any read', [], '01'],
    ['of another number', ['11'], '02'],
    ['of a number that was answered', ['11', '12'], '01'],
    ['after a read of something else', ['11', 'short'], '01'],
  ])('is refused %s', (_, before, number) => {
    const meter = createMeter(MANY);
    const steps: Readonly<Record<string, () => void>> = {
      11: () => meter.ask('11', DEMANDS),
      12: () => meter.ask('12', `${DEMANDS} 01`),
      short: () => meter.ask('11', '00 00 01 00'),
    };
    for (const step of before) steps[step]?.();
    expect(meter.ask('12', `${DEMANDS} ${number}`)).toBe('D2: 02');
  });

  it('is refused from the frame on that the meter has forgotten, until it is read anew', () => {
    const record = frozen('2026-11-23T00:15:00', { frequency: '50.00' });
    const records = new Array(20).fill(record);
    const meter = createMeter({}, { records }, { forgetsAfter: 1 });
    const ask = (number: string) => meter.ask('12', `02 00 01 06 ${number}`)?.slice(0, 6).trim();
    for (let time = 0; time < 2; time++) {
      meter.ask('11', '02 00 01 06 14');
      expect([ask('01'), ask('02'), ask('01')]).toEqual(['B2: 02', 'D2: 02', 'D2: 02']);
    }
  });

  it('is refused under another identifier, and stays there for the right one', () => {
    const meter = createMeter(MANY);
    meter.ask('11', DEMANDS);
    expect(meter.ask('12', '00 FF 02 01 01')).toBe('D2: 02');
    expect(meter.ask('12', `${DEMANDS} 01`)?.slice(0, 3)).toBe('92:');
  });

  it('starts anew with every read, and is untouched by reads of other meters', () => {
    const meter = createMeter(MANY);
    const first = meter.ask('11', DEMANDS);
    meter.ask('12', `${DEMANDS} 01`);
    expect(meter.ask('11', DEMANDS)).toBe(first);
    expect(meter.ask('11', '00 00 01 00', '13 90 78 56 34 12')).toBeNull();
    expect(meter.ask('12', `${DEMANDS} 01`)?.slice(0, 3)).toBe('92:');
  });

  it('names the neighbouring item in every part under that fault', () => {
    const meter = createMeter(MANY);
    meter.slave.setFault('wrong-item');
    expect(meter.ask('11', DEMANDS)?.slice(0, 15)).toBe('B1: 01 FF 01 01');
    expect(meter.ask('12', `${DEMANDS} 01`)?.slice(0, 15)).toBe('92: 01 FF 01 01');
  });
});

describe('the clock of the simulated meter', () => {
  const at = (wallTime: string) => createMeter({}, { wallTime });
  // 12:39:56 on 23 November 2026, seconds first.
  const TIME = '56 39 12 23 11 26';

  it.each([
    ['five minutes on', '2026-11-23T12:34:56.000', ['clock 300000']],
    ['to the thousandth', '2026-11-23T12:40:00.250', ['clock -4250']],
    ['not six minutes on', '2026-11-23T12:33:56.000', []],
    ['not another day', '2026-11-24T12:39:56.000', []],
  ])('is set by 08H, %s, in silence', (_, wallTime, told) => {
    for (const address of [FOR_ALL, OWN]) {
      const meter = at(wallTime);
      expect([meter.ask('08', TIME, address), meter.told]).toEqual([null, told]);
    }
  });

  it.each(['56 39 12 23 11', '5A 39 12 23 11 26', '56 39 12 23 13 26'])(
    'is not set by %s',
    (payload) => {
      const meter = at('2026-11-23T12:39:50.000');
      expect([meter.ask('08', payload, FOR_ALL), meter.told]).toEqual([null, []]);
    },
  );

  it('is set by the first broadcast of a day alone', () => {
    const meter = at('2026-11-23T12:39:50.000');
    for (let times = 0; times < 2; times++) expect(meter.ask('08', TIME, FOR_ALL)).toBeNull();
    expect(meter.told).toHaveLength(1);
  });

  it('is not set by what is meant for another meter', () => {
    const meter = at('2026-11-23T12:39:50.000');
    expect([meter.ask('08', TIME, '13 90 78 56 34 12'), meter.told]).toEqual([null, []]);
  });
});

describe('the other functions of the simulated meter', () => {
  it('freezes at once and confirms, where it alone is told to', () => {
    const meter = createMeter({});
    expect(meter.ask('11', '01 00 01 05')).toBe('D1: 02');
    expect(meter.ask('16', '99 99 99 99')).toBe('96:');
    expect(meter.told).toEqual(['freeze']);
    expect(meter.read('01 00 01 05')).toBe('34 12 23 11 26');
    expect(meter.read('01 01 01 05')).toBe('00 07 00 00');
  });

  it('freezes in silence where all are told to', () => {
    const meter = createMeter({});
    expect([meter.ask('16', '99 99 99 99', FOR_ALL), meter.told]).toEqual([null, ['freeze']]);
  });

  it('has a schedule of freezes that nobody may change', () => {
    const meter = createMeter({});
    expect(meter.ask('16', '15 99 99 99')).toBe('D6: 04');
    expect(meter.ask('16', '15 99 99 99', FOR_ALL)).toBeNull();
    expect(meter.told).toEqual([]);
  });

  it.each(['14', '17', '18', '19', '1A', '1B', '1C', '1D'])('does not authorise %sH', (control) => {
    const refused = (Number.parseInt(control, 16) | 0xc0).toString(16).toUpperCase();
    const meter = createMeter({});
    expect(meter.ask(control, '02 00 00 00 01 00 00 00 1A 00')).toBe(`${refused}: 04`);
    expect(meter.ask(control, '02', FOR_ALL)).toBeNull();
    expect(meter.told).toEqual([]);
  });

  it('answers the relay command with these bytes', () => {
    const answer = createMeter({}).slave.receive(frame(OWN, '1C', '02'));
    // 86H of the header, DCH, 01 and 37H sum up to 19AH.
    expect(toHex(answer ?? fromHex(''))).toBe('68 12 90 78 56 34 12 68 DC 01 37 9A 16');
  });

  it('refuses security for want of keys, in two bytes', () => {
    const meter = createMeter({});
    const payload = 'FF 00 00 07 00 00 00 00 11 22 33 44 55 66 77 88';
    expect(meter.ask('03', payload)).toBe('C3: 08 00');
    expect(meter.ask('03', payload, '13 90 78 56 34 12')).toBeNull();
  });

  it.each(['15', '1F'])('is silent to %sH', (control) => {
    const meter = createMeter({});
    expect(meter.ask(control, '12 90 78 56 34 12', 'AA AA AA AA AA AA')).toBeNull();
  });
});
