import { describe, expect, it } from 'vitest';
import { broadcastTimeFrame } from '../../../drivers/dlt645/clock-broadcast.ts';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { parseBroadcastTime } from '../../../drivers/dlt645/functions/broadcast-time.ts';
import { findItem, findRow, singleDi } from '../../../drivers/dlt645/items.ts';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { FLAG_ABSENT, FLAG_INVALID } from '../../../src/core/driver.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createFakeBus, modelWith, options, registersNamed } from './fake-bus.ts';
import { ALL_ROWS, CONTENT_ROWS, createChecklist, ENERGY, METER, readFrom } from './quirks.ts';
import { lowFirst, readAnswer, refusal, shownNumber } from './wire.ts';

const { quirk, untested } = createChecklist(CONTENT_ROWS);

/** 68, address 123456789012, 68, C 91. */
const HEAD = '68 12 90 78 56 34 12 68 91';
const VOLTAGES = '0201FF00';

/** What `amr decode` prints as the values of the only frame there. */
function shownIn(hex: string): Record<string, string | null> {
  const [frame, ...others] = decode(fromHex(hex));
  expect([frame?.ok, frame?.error, others]).toEqual([true, null, []]);
  return Object.fromEntries(frame?.values.map(({ name, value }) => [name, value]) ?? []);
}

const voltages = (l1: string, l2: string, l3: string) => ({
  voltage_l1: l1,
  voltage_l2: l2,
  voltage_l3: l3,
});

describe('values beside the standard', () => {
  quirk('FF fill for missing phases', 'is no value, and the first phase stays', async () => {
    // L 0A, DI 00 FF 01 02 + 33, 56 22 + 33, then FF + 33 = 32.
    const hex = `${HEAD} 0A 33 32 34 35 89 55 32 32 32 32 95 16`;
    const names = ['voltage_l1', 'voltage_l2', 'voltage_l3'];
    const { result, values } = await readFrom(hex, { blocks: [VOLTAGES], names });
    expect(values).toEqual({ voltage_l1: '225.6', voltage_l2: null, voltage_l3: null });
    expect(result.values.map(({ flags }) => flags)).toEqual([[], [FLAG_ABSENT], [FLAG_ABSENT]]);
  });

  quirk(
    'invalid BCD',
    'is no value but has a flag of its own, and the bytes are kept',
    async () => {
      // Address 910004360618, DI 00010000, 00 00 0E 00 + 33.
      const hex = '68 18 06 36 04 00 91 68 91 08 33 33 34 33 33 33 41 33 F9 16';
      const { result, values } = await readFrom(hex, { address: '910004360618' });
      expect(values).toEqual({ energy_active_import: null });
      expect(result.values).toMatchObject([{ flags: [FLAG_INVALID], raw: '00000e00' }]);
      expect(shownIn(hex)).toEqual({ energy_active_import: null });
    },
  );

  for (const [what, tail] of [
    ['AA', 'DD 67'],
    ['DD', '10 9A'],
  ] as const) {
    quirk(
      'trailing AA or DD in a block, AA separators inside freeze blocks',
      `one ${what} is dropped behind the last value`,
      () => {
        // L 0B, three times 56 22 + 33, then the separator + 33 and CS.
        const hex = `${HEAD} 0B 33 32 34 35 89 55 89 55 89 55 ${tail} 16`;
        expect(shownIn(hex)).toEqual(voltages('225.6', '225.6', '225.6'));
      },
    );
  }

  for (const [what, rest] of [
    // AA + 33 = DD behind the time, the import and the export.
    ['with', '14 34 32 37 38 33 3B 56 44 59 DD AB 89 67 45 DD 34 33 33 33 DD A5'],
    ['without', '11 34 32 37 38 33 3B 56 44 59 AB 89 67 45 34 33 33 33 0B'],
  ] as const) {
    quirk(
      'trailing AA or DD in a block, AA separators inside freeze blocks',
      `an hourly freeze 0504FF01 ${what} separators`,
      () => {
        // Time 00 08 23 11 26, import 78 56 34 12, export 01 00 00 00.
        expect(Object.values(shownIn(`${HEAD} ${rest} 16`))).toEqual([
          '2026-11-23 08:00',
          '123456.78',
          '0.01',
        ]);
      },
    );
  }

  quirk('fewer tariffs than asked', 'the rest is unsupported, not zero', async () => {
    // L 10, DI 0001FF00, total 60, T1 10, T2 50, all + 33.
    const hex = `${HEAD} 10 33 32 34 33 93 33 33 33 43 33 33 33 83 33 33 33 17 16`;
    const names = ['', '_t1', '_t2', '_t3'].map((tariff) => `energy_active_import${tariff}`);
    const outcome = await readFrom(hex, { blocks: ['0001FF00'], names });
    expect(outcome.values).toEqual({
      energy_active_import: '0.60',
      energy_active_import_t1: '0.10',
      energy_active_import_t2: '0.50',
    });
    expect(outcome.failures).toEqual(['METER_UNSUPPORTED']);
  });

  for (const [err, hex] of [
    ['01', '68 12 90 78 56 34 12 68 D1 01 34 8C 16'],
    ['02', '68 12 90 78 56 34 12 68 D1 01 35 8D 16'],
  ] as const) {
    quirk('D1 with ERR 01 instead of 02 for an unknown DI', `${err} is unsupported`, async () => {
      expect(await readFrom(hex)).toMatchObject({ values: {}, failures: ['METER_UNSUPPORTED'] });
    });
  }

  quirk(
    'D1 with ERR 01 instead of 02 for an unknown DI',
    'nothing that was refused is asked again',
    async () => {
      const bus = createFakeBus((di, address) =>
        di === '02010300' ? readAnswer(METER, di, shownNumber('220.5', 2)) : refusal(address, 0x01),
      );
      const session = createSession(
        bus,
        { address: METER, model: modelWith([VOLTAGES]) },
        sessionDeps(),
      );
      const wanted = registersNamed('voltage_l1', 'voltage_l2', 'voltage_l3');
      await session.read(wanted, options);
      await session.read(wanted, options);
      expect(bus.asked.slice(4)).toEqual(['02010300']);
    },
  );

  quirk('sign handling', 'a full forward register is a number', () => {
    // 99 99 99 99 + 33.
    const hex = `${HEAD} 08 33 33 34 33 CC CC CC CC 1C 16`;
    expect(shownIn(hex)).toEqual({ energy_active_import: '999999.99' });
  });

  quirk('sign handling', 'a voltage of 900.0 too', () => {
    // DI 02010100, 00 90 + 33.
    expect(shownIn(`${HEAD} 06 33 34 34 35 33 C3 E3 16`)).toEqual({ voltage_l1: '900.0' });
  });

  quirk('sign handling', 'the top bit of combined energy and of current is one', () => {
    // DI 00000000, 78 56 34 92; DI 02020100, 34 12 80.
    const combined = shownIn(`${HEAD} 08 33 33 33 33 AB 89 67 C5 4B 16`);
    expect(Object.values(combined)).toEqual(['-123456.78']);
    expect(shownIn(`${HEAD} 07 33 34 35 35 67 45 B3 4E 16`)).toEqual({ current_l1: '-1.234' });
  });

  const EVENT_NAMES = [
    'count_l1',
    'minutes_l1',
    'count_l2',
    'minutes_l2',
    'count_l3',
    'minutes_l3',
  ];
  // L 16, DI 03010000, then 1, 65, 2, 70, 3, 80 in three bytes each, all + 33.
  const TRIPLE = `${HEAD} 16 33 33 34 36 34 33 33 98 33 33 35 33 33 A3 33 33 36 33 33 B3 33 33 EE 16`;

  quirk('event totals as 18-byte triple', 'count and minutes of each phase', () => {
    const shown = shownIn(TRIPLE);
    expect(Object.keys(shown)).toEqual(EVENT_NAMES.map((name) => `x_voltage_loss_${name}`));
    expect(Object.values(shown)).toEqual(['1', '65', '2', '70', '3', '80']);
  });

  quirk('event totals as 18-byte triple', 'minutes come first where told so', async () => {
    const bus = createFakeBus((di, address) =>
      di === '03010000' ? fromHex(TRIPLE) : refusal(address, 0x02),
    );
    const countsOf = async (minutesFirst: boolean) => {
      const model = { ...modelWith([]), settings: { minutesFirst } };
      const session = createSession(bus, { address: METER, model }, sessionDeps());
      const noted = await session.readEvents?.(options);
      return (noted?.events ?? [])
        .filter(({ event }) => event === 'voltage_loss')
        .map(({ count, minutes }) => [count, minutes]);
    };
    const listed = [
      [1, 65],
      [2, 70],
      [3, 80],
    ];
    expect(await countsOf(false)).toEqual(listed);
    expect(await countsOf(true)).toEqual(listed.map((pair) => pair.toReversed()));
  });

  quirk('event totals as 18-byte triple', 'nine bytes are the counts alone', () => {
    // L 0D, then 1, 2, 3.
    const shown = shownIn(`${HEAD} 0D 33 33 34 36 34 33 33 35 33 33 36 33 33 C5 16`);
    expect(shown).toEqual({
      x_voltage_loss_count_l1: '1',
      x_voltage_loss_count_l2: '2',
      x_voltage_loss_count_l3: '3',
    });
  });
});

describe('identifiers beside the standard', () => {
  quirk('DI variant in 02: 0280000A of 4 or 3 bytes', 'is what its length says', () => {
    // 78 56 34 12; 78 56 34.
    const four = shownIn(`${HEAD} 08 3D 33 B3 35 AB 89 67 45 57 16`);
    const three = shownIn(`${HEAD} 07 3D 33 B3 35 AB 89 67 11 16`);
    expect([four, three]).toEqual([
      { x_battery_minutes: '12345678' },
      { x_battery_minutes: '345678' },
    ]);
  });

  quirk('frequency DI wrongly taken as 02800007', '02800002 is it; 07 is a temperature', () => {
    // 00 50: 50.00 Hz; 35 82: -23.5 degrees.
    expect(shownIn(`${HEAD} 06 35 33 B3 35 33 83 23 16`)).toEqual({ frequency: '50.00' });
    const temperature = shownIn(`${HEAD} 06 3A 33 B3 35 68 B5 8F 16`);
    expect(Object.values(temperature)).toEqual(['-23.5']);
    expect(registersNamed('frequency').map(singleDi)).toEqual(['02800002']);
    expect(findItem('02800007')?.fields[0]?.register?.name).not.toBe('frequency');
  });

  quirk('event clear mapped to 033002xx', 'clearing demand is 033002, events 033003', () => {
    // Counts of 4 and 5.
    const demand = shownIn(`${HEAD} 07 33 35 63 36 37 33 33 BC 16`);
    const events = shownIn(`${HEAD} 07 33 36 63 36 38 33 33 BE 16`);
    expect([demand, events]).toEqual([{ x_demand_clear_count: '4' }, { x_event_clear_count: '5' }]);
    // 45 30 15 01 08 26, operator 12 34 56 78, FF 00 01 03.
    const record = `${HEAD} 12 34 36 63 36 78 63 48 34 3B 59 45 67 89 AB 32 33 34 36 C6 16`;
    expect(Object.values(shownIn(record))).toEqual(['2026-08-01 15:30:45', '78563412', '030100FF']);
  });

  quirk('double +33H by integrator code', 'is shown as the identifier that a meter sees', () => {
    const [frame] = decode(fromHex('68 12 00 00 00 10 20 68 11 04 66 65 67 66 BF 16'));
    expect(frame).toMatchObject({ ok: true, di: '33343233', values: [] });
    expect(findRow('33343233')).toBeUndefined();
  });

  quirk('double +33H by integrator code', 'our requests have it once', async () => {
    const { bus } = await readFrom(refusal(METER, 0x02));
    // 00 00 01 00 + 33, CS, 16.
    expect(toHex(bus.requests[0]?.subarray(-6) ?? new Uint8Array(0))).toBe('33 33 34 33 68 16');
    expect(bus.asked).toEqual([ENERGY]);
  });

  const baudIn = (hex: string) =>
    decode(fromHex(hex))[0]?.values.map((one) => [one.value, one.unit]);

  quirk('baud Z sent without +33H', 'is no speed', () => {
    // 17, L 1, 3B - 33 = 08; 08 - 33 = D5.
    expect(baudIn('68 01 00 12 01 19 20 68 17 01 3B 70 16')).toEqual([['0x08', '2400 bps']]);
    expect(baudIn('68 01 00 12 01 19 20 68 17 01 08 3D 16')).toEqual([['0xD5', '']]);
  });

  quirk('broadcast time in natural order', 'seconds leave first', () => {
    // 45 30 15 15 08 24 + 33, to 99 six times, C 08, L 6.
    const hex = '68 99 99 99 99 99 99 68 08 06 78 63 48 48 3B 57 71 16';
    expect(toHex(broadcastTimeFrame('2024-08-15 15:30:45'))).toBe(`FE FE FE FE ${hex}`);
    expect(shownIn(hex)).toEqual({ x_time: '2024-08-15 15:30:45' });
  });

  quirk('broadcast time in natural order', 'is no time, or another one, and never turned', () => {
    // 24 08 15 15 30 45: there is no month 30.
    const turned = '68 99 99 99 99 99 99 68 08 06 57 3B 48 48 63 78 71 16';
    expect(shownIn(turned)).toEqual({ x_time: null });
    expect(parseBroadcastTime(lowFirst('110203040506'))).toBe('2011-02-03 04:05:06');
  });

  quirk('meter prefix on the label', 'is no part of the address', () => {
    for (const label of ['DTS123456789012', 'DTSD12345678', 'DDS666']) {
      expect(() => dlt645.parseAddress(label)).toThrow('as printed under the bar code');
    }
  });

  quirk('meter prefix on the label', 'its number and its address are two items', () => {
    // 04000401: 123456789012 sent high byte last; 04000402: 002107040081.
    const address = shownIn(`${HEAD} 0A 34 37 33 37 45 C3 AB 89 67 45 DE 16`);
    const number = shownIn(`${HEAD} 0A 35 37 33 37 B4 33 37 3A 54 33 D6 16`);
    expect([Object.values(address), Object.values(number)]).toEqual([
      ['123456789012'],
      ['002107040081'],
    ]);
    expect(Object.keys(address)).not.toEqual(Object.keys(number));
  });
});

it('every row has a test', () => {
  expect(CONTENT_ROWS).toHaveLength(14);
  expect(untested()).toEqual([]);
  expect(new Set(ALL_ROWS).size).toBe(31);
});
