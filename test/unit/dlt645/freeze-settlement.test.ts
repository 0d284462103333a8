import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { settlementNumber } from '../../../drivers/dlt645/settlements.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { SettlementResult } from '../../../src/core/driver.ts';
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
const ENERGY = registersNamed('energy_active_import');
const DEMAND = registersNamed('demand_active_import_max');
const UNSET = '9999';

interface Meter {
  /** DDhh of the settlement days. */
  readonly days?: readonly string[];
  /** The meter's clock at the first and at any later question, `YYYY-MM-DD HH:mm:ss`. */
  readonly clocks?: readonly string[];
  readonly blocks?: readonly string[];
  readonly change?: (di: string) => Reply | null;
}

/** A meter whose settlements tell their number in the whole part of every value. */
function meterWith({ days = ['0100'], clocks = [], blocks = [], change = () => null }: Meter) {
  let asked = 0;
  const clock = (part: number, digits: number) => {
    const text = clocks[Math.min(asked, clocks.length - 1)] ?? '2026-11-23 08:15:30';
    return (text.split(' ')[part] ?? '').replace(/\D/g, '').slice(-digits);
  };
  const bus = createFakeBus((di): Reply => {
    const changed = change(di);
    if (changed !== null) return changed;
    // The weekday stands behind the date, so its byte goes first.
    if (di === '04000101') return readAnswer(ADDRESS, di, lowFirst(`${clock(0, 6)}01`));
    if (di === '04000102') {
      const time = lowFirst(clock(1, 6));
      asked += 1;
      return readAnswer(ADDRESS, di, time);
    }
    if (di.startsWith('04000B')) {
      const day = days[Number(di.slice(6)) - 1];
      return day === undefined ? refusal(ADDRESS, 0x02) : readAnswer(ADDRESS, di, lowFirst(day));
    }
    const number = Number.parseInt(di.slice(6), 16);
    const values = [`${number}.00`, `${number}.25`].map((text) => shownNumber(text, 4));
    return readAnswer(ADDRESS, di, ...(di.slice(4, 6) === 'FF' ? values : values.slice(0, 1)));
  });
  const session = createSession(
    bus,
    { address: ADDRESS, model: modelWith([...blocks]) },
    sessionDeps(),
  );
  return {
    bus,
    read: async (month: string, registers = ENERGY): Promise<SettlementResult> => {
      if (session.readSettlement === undefined) throw new Error('no settlements');
      return session.readSettlement(month, registers, options);
    },
  };
}

const shownBy = ({ values }: SettlementResult) =>
  values.map(({ value }) => (value === null ? null : formatDecimal(value)));
const codesOf = ({ failures }: SettlementResult) => failures.map(({ error }) => error.code);

describe('the number of a settlement', () => {
  const first = ['01 00'];
  it.each([
    ['2026-11', first, '2026-11-01T00:00:00', 1],
    ['2026-11', first, '2026-10-31T23:59:59', null],
    ['2026-10', first, '2026-10-31T23:59:59', 1],
    ['2026-10', first, '2026-11-23T08:00:00', 2],
    ['2025-12', first, '2026-11-23T08:00:00', 12],
    ['2025-11', first, '2026-11-23T08:00:00', null],
    ['2020-01', first, '2026-11-23T08:00:00', null],
    ['2026-12', first, '2026-11-23T08:00:00', null],
    ['2026-11', ['25 12'], '2026-11-25T11:59:59', null],
    ['2026-11', ['25 12'], '2026-11-25T12:00:00', 1],
    ['2026-12', ['25 12'], '2027-01-24T00:00:00', 1],
    // Further days count as well: the 11th and the 21st lie between.
    ['2026-11', ['01 00', '11 00', '21 00'], '2026-11-23T08:00:00', 3],
    ['2026-10', ['01 00', '11 00', '21 00'], '2026-11-23T08:00:00', 6],
    ['2026-08', ['01 00', '11 00', '21 00'], '2026-11-23T08:00:00', 12],
    ['2026-07', ['01 00', '11 00', '21 00'], '2026-11-23T08:00:00', null],
    ['2026-11', ['21 00', '01 00'], '2026-12-05T00:00:00', 2],
  ])('of %s with days %j at %s is %s', (month, days, now, number) => {
    expect(settlementNumber(month, days, now)).toBe(number);
  });
});

describe('a settlement', () => {
  it('is read under its number, its time derived', async () => {
    const { read, bus } = meterWith({ days: ['0100', UNSET, UNSET] });
    const result = await read('2026-10');
    expect(result).toMatchObject({
      frozenAt: '2026-10-01T00:00:00',
      isTimeDerived: true,
      failures: [],
    });
    expect(shownBy(result)).toEqual(['2.00']);
    expect(bus.asked).toContain('00010002');
  });

  it('counts the further days that the meter settles on', async () => {
    const { read } = meterWith({ days: ['0100', '1500', '0000'] });
    expect(shownBy(await read('2026-10'))).toEqual(['4.00']);
  });

  it('is read by the blocks of the model', async () => {
    const { read, bus } = meterWith({ blocks: ['0001FF00'] });
    const both = registersNamed('energy_active_import', 'energy_active_import_t1');
    const result = await read('2025-12', both);
    expect(shownBy(result)).toEqual(['12.00', '12.25']);
    expect(bus.asked).toContain('0001FF0C');
  });

  it('is read one by one where the meter refuses its block', async () => {
    const { read } = meterWith({
      blocks: ['0001FF00'],
      change: (di) => (di.startsWith('0001FF') ? refusal(ADDRESS, 0x02) : null),
    });
    const both = registersNamed('energy_active_import', 'energy_active_import_t1');
    expect(shownBy(await read('2026-11', both))).toEqual(['1.00', '1.00']);
  });

  it.each([
    ['that is to come', '2026-12'],
    ['older than the meter keeps', '2025-11'],
  ])('%s is absent', async (_, month) => {
    const { read, bus } = meterWith({});
    expect(codesOf(await read(month))).toEqual(['DATA_FREEZE_ABSENT']);
    expect(bus.asked.some((di) => di.startsWith('00'))).toBe(false);
  });

  it('is given up where the meter settled anew while it was read', async () => {
    const { read } = meterWith({ clocks: ['2026-11-30 23:59:58', '2026-12-01 00:00:02'] });
    const result = await read('2026-11');
    expect(codesOf(result)).toEqual(['DATA_FREEZE_ABSENT']);
    expect(result).toMatchObject({ values: [], frozenAt: null });
  });

  it('holds a maximum demand with its moment', async () => {
    const { read } = meterWith({
      change: (di) =>
        di === '01010002'
          ? readAnswer(ADDRESS, di, shownNumber('7.8123', 3), shownTime('2026-09-30T19:15'))
          : null,
    });
    const { values } = await read('2026-10', DEMAND);
    expect(values).toMatchObject([
      { value: { coefficient: 78123n, decimals: 4 }, at: '2026-09-30T19:15:00', flags: [] },
    ]);
  });

  it('is given up where a demand was reached behind it', async () => {
    const { read } = meterWith({
      change: (di) =>
        di === '01010002'
          ? readAnswer(ADDRESS, di, shownNumber('7.8123', 3), shownTime('2026-10-01T00:15'))
          : null,
    });
    expect(codesOf(await read('2026-10', DEMAND))).toEqual(['DATA_FREEZE_ABSENT']);
  });

  it('names what is never settled', async () => {
    const { read } = meterWith({});
    const result = await read('2026-11', [...ENERGY, ...registersNamed('voltage_l1')]);
    expect(shownBy(result)).toEqual(['1.00']);
    expect(codesOf(result)).toEqual(['METER_UNSUPPORTED']);
  });

  it.each([UNSET, '0000', '3100', '0124'])(
    'is unsupported where the meter settles on no day: %s',
    async (day) => {
      const { read } = meterWith({ days: [day] });
      expect(codesOf(await read('2026-11'))).toEqual(['METER_UNSUPPORTED']);
    },
  );

  it('is not guessed where the meter is silent about its further days', async () => {
    const { read } = meterWith({ change: (di) => (di === '04000B02' ? silence : null) });
    expect(codesOf(await read('2026-11'))).toEqual(['BUS_NO_REPLY']);
  });

  it('costs one exchange at a silent meter', async () => {
    const { read, bus } = meterWith({ change: () => silence });
    expect(codesOf(await read('2026-11'))).toEqual(['BUS_NO_REPLY']);
    expect(bus.asked).toHaveLength(1);
  });

  it('is of a month', async () => {
    const { read } = meterWith({});
    await expect(read('2026-13')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
