import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { fromHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { FreezeKind, FreezeResult } from '../../../src/core/driver.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createFakeBus, modelWith, options, registersNamed } from './fake-bus.ts';
import { lowFirst, readAnswer, refusal, shownNumber, shownTime } from './wire.ts';

const ADDRESS = '123456789012';
const WANTED = registersNamed('energy_active_import');
const NEVER = lowFirst('0000000000');

/** A meter whose freezes of one kind have these times, the latest first; values tell their number. */
function meterThatFroze(di2: string, times: readonly string[]) {
  const bus = createFakeBus((di) => {
    const number = Number.parseInt(di.slice(6), 16);
    if (!di.startsWith(`05${di2}`)) return refusal(ADDRESS, 0x02);
    const time = times[number - 1];
    if (di.slice(4, 6) !== '00') return readAnswer(ADDRESS, di, shownNumber(`${number}.00`, 4));
    return readAnswer(ADDRESS, di, time === undefined ? NEVER : shownTime(time));
  });
  const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
  return {
    bus,
    read: async (kind: FreezeKind, at: string, registers = WANTED): Promise<FreezeResult> => {
      if (session.readFreeze === undefined) throw new Error('no freezes');
      return session.readFreeze({ kind, at }, registers, options);
    },
  };
}

const shownBy = ({ values }: FreezeResult) =>
  values.map(({ value }) => (value === null ? null : formatDecimal(value)));
const codesOf = ({ failures }: FreezeResult) => failures.map(({ error }) => error.code);

const TIMED = ['2026-11-01', '2026-10-01', '2026-09-01', '2026-08-01', '2026-07-01', '2026-06-01']
  .map((day) => `${day}T00:00`)
  .toSpliced(3, 0, '2026-08-15T12:00');

describe('a timed freeze', () => {
  it.each(TIMED.map((time, index) => [time, `${index + 1}.00`]))(
    'of %s is found by its own time as number %s',
    async (time, value) => {
      const { read } = meterThatFroze('00', TIMED);
      const result = await read('timed', time);
      expect(result).toMatchObject({ frozenAt: `${time}:00`, failures: [] });
      expect(shownBy(result)).toEqual([value]);
    },
  );

  it('is the latest one of a day where no more is said of its time', async () => {
    const { read } = meterThatFroze('00', TIMED);
    expect((await read('timed', '2026-08-15')).frozenAt).toBe('2026-08-15T12:00:00');
  });

  it('costs few questions, though nobody knows its number', async () => {
    const { read, bus } = meterThatFroze('00', TIMED);
    await read('timed', '2026-06-01T00:00');
    // Four at the most among twelve, the values, and the time once more.
    expect(bus.asked.length).toBeLessThanOrEqual(7);
  });

  it.each(['2026-08-15T11:59', '2026-05-01T00:00', '2026-12-01T00:00'])(
    'of %s is absent where no freeze has that time',
    async (time) => {
      const { read, bus } = meterThatFroze('00', TIMED);
      const result = await read('timed', time);
      expect(codesOf(result)).toEqual(['DATA_FREEZE_ABSENT']);
      expect(result.frozenAt).toBeNull();
      expect(bus.asked.every((di) => di.startsWith('050000'))).toBe(true);
    },
  );

  it('has the time that the meter sends', async () => {
    const frame = fromHex('68 12 90 78 56 34 12 68 91 09 34 33 33 38 33 33 48 3B 57 32 16');
    const bus = createFakeBus((di) =>
      di === '05000001' ? frame : readAnswer(ADDRESS, di, shownNumber('5.00', 4)),
    );
    const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
    const wanted = { kind: 'timed', at: '2024-08-15' } as const;
    const result = await session.readFreeze?.(wanted, WANTED, options);
    expect(result?.frozenAt).toBe('2024-08-15T00:00:00');
    expect(new Set(bus.asked)).toEqual(new Set(['05000001', '05000101']));
  });
});

describe('an instant freeze', () => {
  const INSTANT = ['2026-11-23T10:31', '2026-11-20T08:00', '2026-11-02T17:45'];

  it.each(INSTANT.map((time, index) => [time, `${index + 1}.00`]))(
    'of %s is number %s',
    async (time, value) => {
      const { read } = meterThatFroze('01', INSTANT);
      const result = await read('instant', time);
      expect(result.frozenAt).toBe(`${time}:00`);
      expect(shownBy(result)).toEqual([value]);
    },
  );

  it('is one of three', async () => {
    const { read } = meterThatFroze('01', [...INSTANT, '2026-11-01T12:00']);
    expect(codesOf(await read('instant', '2026-11-01T12:00'))).toEqual(['DATA_FREEZE_ABSENT']);
  });

  it('is unsupported where the meter has none', async () => {
    const { read } = meterThatFroze('00', TIMED);
    expect(codesOf(await read('instant', INSTANT[0] ?? ''))).toEqual(['METER_UNSUPPORTED']);
  });
});

describe('a daily freeze', () => {
  it('brings the total and the tariffs that the meter sends', async () => {
    const frame = fromHex(
      '68 12 90 78 56 34 12 68 91 18 34 34 39 38 89 67 45 33 33 33 34 33 33 33 35 33 89 67 33 33 33 33 3C 33 36 16',
    );
    const bus = createFakeBus((di) =>
      di === '05060101' ? frame : readAnswer(ADDRESS, di, shownTime('2024-08-15T00:00')),
    );
    const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
    const names = ['', '_t1', '_t2', '_t3', '_t4'].map((end) => `energy_active_import${end}`);
    const wanted = { kind: 'daily', at: '2024-08-15' } as const;
    const result = await session.readFreeze?.(wanted, registersNamed(...names), options);
    if (result === undefined) throw new Error('no freezes');
    expect(shownBy(result)).toEqual(['1234.56', '100.00', '200.00', '34.56', '900.00']);
  });

  it('is found where the meter skipped days', async () => {
    const { read } = meterThatFroze(
      '06',
      ['2026-11-23', '2026-11-20', '2026-11-19', '2026-11-18'].map((day) => `${day}T00:00`),
    );
    const result = await read('daily', '2026-11-19');
    expect(result.frozenAt).toBe('2026-11-19T00:00:00');
    expect(shownBy(result)).toEqual(['3.00']);
  });

  it('costs few questions where the meter keeps only a few', async () => {
    const { read, bus } = meterThatFroze('06', ['2026-11-23T00:00', '2026-11-22T00:00']);
    expect(codesOf(await read('daily', '2026-10-01'))).toEqual(['DATA_FREEZE_ABSENT']);
    expect(bus.asked.length).toBeLessThanOrEqual(8);
  });

  it('brings the powers of the moment in one answer', async () => {
    const powers = [
      '1.0000',
      '0.1000',
      '0.2000',
      '0.7000',
      '-0.5000',
      '0.1000',
      '-0.2000',
      '0.0000',
    ];
    const bus = createFakeBus((di) =>
      di === '05061001'
        ? readAnswer(ADDRESS, di, ...powers.map((text) => shownNumber(text, 3)))
        : readAnswer(ADDRESS, di, shownTime('2026-11-23T00:00')),
    );
    const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
    const wanted = { kind: 'daily', at: '2026-11-23' } as const;
    const registers = registersNamed('power_active_l3', 'x_power_reactive');
    const result = await session.readFreeze?.(wanted, registers, options);
    if (result === undefined) throw new Error('no freezes');
    expect(shownBy(result)).toEqual(['0.7000', '-0.5000']);
  });
});
