import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { FreezeResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import {
  createFakeBus,
  modelWith,
  options,
  type Reply,
  registersNamed,
  silence,
} from './fake-bus.ts';
import { lowFirst, readAnswer, refusal, shownNumber, shownTime } from './wire.ts';

const ADDRESS = '123456789012';
const WANTED = registersNamed('energy_active_import', 'energy_active_import_t1');
const DAY_MS = 86_400_000;

/** A meter that froze at every midnight up to `latest`; the count of days is in its values. */
function meterThatFroze(latest: string, change: (di: string, asked: number) => Reply | null) {
  let asked = 0;
  let shift = 0;
  const bus = createFakeBus((di) => {
    asked += 1;
    const changed = change(di, asked);
    if (changed !== null) return changed;
    const daysAgo = Number.parseInt(di.slice(6), 16) - 1 - shift;
    const day = new Date(Date.parse(latest) - daysAgo * DAY_MS).toISOString().slice(0, 10);
    if (di.startsWith('050600')) return readAnswer(ADDRESS, di, shownTime(`${day}T00:00`));
    const total = shownNumber(`${day.slice(8)}.50`, 4);
    return readAnswer(ADDRESS, di, total, shownNumber('1.25', 4));
  });
  const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
  return {
    bus,
    /** From now on the meter has one more freeze: every older one has moved on by a number. */
    freezeAnew: () => {
      shift += 1;
    },
    read: async (day: string, registers = WANTED): Promise<FreezeResult> => {
      if (session.readDailyFreeze === undefined) throw new Error('no freeze');
      return session.readDailyFreeze(day, registers, options);
    },
  };
}

const asIs = () => null;
const shownBy = ({ values }: FreezeResult) =>
  values.map(({ value }) => (value === null ? null : formatDecimal(value)));
const codesOf = ({ failures }: FreezeResult) => failures.map(({ error }) => error.code);

describe('the daily freeze', () => {
  it('is the latest where that is of the wanted day', async () => {
    const { bus, read } = meterThatFroze('2026-11-23', asIs);
    const result = await read('2026-11-23');
    expect(result).toMatchObject({ frozenAt: '2026-11-23T00:00:00', failures: [] });
    expect(shownBy(result)).toEqual(['23.50', '1.25']);
    expect(new Set(bus.asked)).toEqual(new Set(['05060001', '05060101']));
  });

  it.each([
    ['2026-11-22', '02', '22.50'],
    ['2026-10-31', '18', '31.50'],
    ['2026-09-23', '3E', '23.50'],
  ])('of %s is number %s', async (day, number, total) => {
    const { bus, read } = meterThatFroze('2026-11-23', asIs);
    const result = await read(day);
    expect(result.frozenAt).toBe(`${day}T00:00:00`);
    expect(shownBy(result)[0]).toBe(total);
    expect(bus.asked).toContain(`050600${number}`);
    expect(bus.asked).toContain(`050601${number}`);
  });

  it.each([
    ['older than the meter keeps', '2026-09-22', ['05060001', '0506003E']],
    ['not frozen yet', '2026-11-24', ['05060001']],
  ])('that is %s is absent', async (_, day, asked) => {
    const { bus, read } = meterThatFroze('2026-11-23', asIs);
    const result = await read(day);
    expect(result).toMatchObject({ frozenAt: null, values: [] });
    expect(codesOf(result)).toEqual(['DATA_FREEZE_ABSENT']);
    expect(result.failures[0]?.registers).toEqual(WANTED);
    expect(bus.asked).toEqual(asked);
  });

  it('is absent where the meter skipped a day, so that the number holds another', async () => {
    const { read } = meterThatFroze('2026-11-23', (di) =>
      di === '05060003' ? readAnswer(ADDRESS, di, shownTime('2026-11-20T00:00')) : null,
    );
    const result = await read('2026-11-21');
    expect(codesOf(result)).toEqual(['DATA_FREEZE_ABSENT']);
    expect(result).toMatchObject({ frozenAt: null, values: [] });
  });

  it.each([
    ['never froze', shownNumber('0', 5)],
    ['has no value there', new Uint8Array(5).fill(0xff)],
  ])('is absent where the meter %s', async (_, time) => {
    const { read } = meterThatFroze('2026-11-23', (di) =>
      di.startsWith('050600') ? readAnswer(ADDRESS, di, time) : null,
    );
    expect(codesOf(await read('2026-11-23'))).toEqual(['DATA_FREEZE_ABSENT']);
  });

  it.each([
    ['2026-11-23', 2],
    ['2026-11-23', 3],
    ['2026-11-21', 3],
    ['2026-11-21', 4],
  ])('of %s is given up when the meter freezes anew before ask %i', async (day, midnight) => {
    const { read, freezeAnew } = meterThatFroze('2026-11-23', (_, asked) => {
      if (asked === midnight) freezeAnew();
      return null;
    });
    const result = await read(day);
    expect(codesOf(result)).toEqual(['DATA_FREEZE_ABSENT']);
    expect(result).toMatchObject({ frozenAt: null, values: [] });
  });

  it('is found one further on where the meter froze anew before its values were asked', async () => {
    const { read, freezeAnew } = meterThatFroze('2026-11-23', (_, asked) => {
      if (asked === 2) freezeAnew();
      return null;
    });
    const result = await read('2026-11-21');
    expect(result).toMatchObject({ frozenAt: '2026-11-21T00:00:00', failures: [] });
    expect(shownBy(result)[0]).toBe('21.50');
  });

  it('names what no daily freeze holds', async () => {
    const { read } = meterThatFroze('2026-11-23', asIs);
    const result = await read('2026-11-23', [...WANTED, ...registersNamed('voltage_l1')]);
    expect(shownBy(result)).toEqual(['23.50', '1.25']);
    expect(codesOf(result)).toEqual(['METER_UNSUPPORTED']);
    expect(result.failures[0]?.registers.map(({ name }) => name)).toEqual(['voltage_l1']);
  });

  it('names the tariffs that the meter does not freeze', async () => {
    const { read } = meterThatFroze('2026-11-23', asIs);
    const result = await read('2026-11-23', registersNamed('energy_active_import_t2'));
    expect(codesOf(result)).toEqual(['METER_UNSUPPORTED']);
    expect(result.values).toEqual([]);
  });

  it('is unsupported where the meter refuses it', async () => {
    const { read } = meterThatFroze('2026-11-23', () => refusal(ADDRESS, 0x02));
    expect(codesOf(await read('2026-11-23'))).toEqual(['METER_UNSUPPORTED']);
  });

  it('is absent where the meter refuses its number and has later ones', async () => {
    const { read } = meterThatFroze('2026-11-23', (di) =>
      Number.parseInt(di.slice(6), 16) > 3 ? refusal(ADDRESS, 0x02) : null,
    );
    expect(codesOf(await read('2026-11-10'))).toEqual(['DATA_FREEZE_ABSENT']);
    expect((await read('2026-11-21')).frozenAt).toBe('2026-11-21T00:00:00');
  });

  describe('of a meter that has none', () => {
    /** It settles at this day and hour, and did so last on 2026-11-01. */
    function settling(day: string) {
      const kept: Readonly<Record<string, Uint8Array>> = {
        '04000B01': lowFirst(day),
        '04000101': lowFirst('26112301'),
        '04000102': lowFirst('081530'),
        '00010001': shownNumber('77.00', 4),
      };
      return meterThatFroze('2026-11-23', (di) => {
        const content = kept[di];
        return content === undefined ? refusal(ADDRESS, 0x02) : readAnswer(ADDRESS, di, content);
      });
    }
    const TOTAL = registersNamed('energy_active_import');

    it('is the settlement of the same moment', async () => {
      const { read, bus } = settling('0100');
      const result = await read('2026-11-01', TOTAL);
      expect(result).toMatchObject({ frozenAt: '2026-11-01T00:00:00', failures: [] });
      expect(shownBy(result)).toEqual(['77.00']);
      expect(bus.asked).toContain('00010001');
    });

    it.each([
      ['another day', '0100', '2026-11-02'],
      ['another hour', '0112', '2026-11-01'],
      ['no day', '9999', '2026-11-01'],
    ])('is unsupported where it settles on %s', async (_, day, wanted) => {
      const { read, bus } = settling(day);
      expect(codesOf(await read(wanted, TOTAL))).toEqual(['METER_UNSUPPORTED']);
      expect(bus.asked.filter((di) => di.startsWith('00'))).toEqual([]);
    });

    it('is not asked for again within a day', async () => {
      const { read, bus } = settling('0100');
      await read('2026-11-01', TOTAL);
      await read('2026-11-01', TOTAL);
      expect(bus.asked.filter((di) => di === '05060001')).toEqual(['05060001']);
    });
  });

  it('costs one exchange at a silent meter', async () => {
    const { bus, read } = meterThatFroze('2026-11-23', () => silence);
    expect(codesOf(await read('2026-11-23'))).toEqual(['BUS_NO_REPLY']);
    expect(bus.asked).toHaveLength(1);
  });

  it('rejects when it is aborted', async () => {
    const aborted = new AmrError('BUS_ABORTED', 'aborted');
    const { read } = meterThatFroze('2026-11-23', (_, asked) => (asked === 2 ? aborted : null));
    await expect(read('2026-11-23')).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });
});
