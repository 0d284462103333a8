import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../src/core/decimal.ts';
import { createMeter, DAY_MS, START, unitsOf } from './memory-rig.ts';

const MONTHS = Array.from({ length: 12 }, (_, index) => index + 1);

describe('what follows from the energies of a simulated meter', () => {
  it('parts them into fundamental and harmonics, without a rest, in total and by phase', () => {
    const { display } = createMeter({ solar: true });
    for (const direction of ['import', 'export']) {
      for (const place of ['', '_l1', '_l2', '_l3']) {
        const parts = ['fundamental', 'harmonic'].map((part) =>
          unitsOf(display, `x_energy_active_${direction}_${part}${place}`),
        );
        expect(parts.every((part) => part > 0n)).toBe(true);
        expect((parts[0] ?? 0n) + (parts[1] ?? 0n)).toBe(
          unitsOf(display, `energy_active_${direction}${place}`),
        );
      }
    }
  });

  it('makes an apparent energy that is more than either, less than both, and rises', () => {
    const meter = createMeter();
    let before = 0n;
    for (let day = 0; day < 40; day++) {
      meter.moveTo(START + day * DAY_MS);
      const [active, reactive, apparent] = [
        'energy_active_import_t2',
        'energy_reactive_q1_t2',
        'energy_apparent_import_t2',
      ].map((register) => unitsOf(meter.display, register));
      expect(apparent).toBeGreaterThan(active ?? 0n);
      expect(apparent).toBeLessThan((active ?? 0n) + (reactive ?? 0n));
      expect(apparent).toBeGreaterThan(before);
      before = apparent ?? 0n;
    }
  });

  it('adds the months up to what was counted', () => {
    const { memory, display } = createMeter();
    const used = MONTHS.map((number) =>
      unitsOf(memory.recall('settlement', number), 'x_energy_active_period'),
    );
    const [oldest, newest] = [12, 1].map((number) =>
      unitsOf(memory.recall('settlement', number), 'energy_active_import'),
    );
    const first = used.pop() ?? 0n;
    expect(first).toBeGreaterThan(0n);
    expect(used.reduce((sum, month) => sum + month, oldest ?? 0n)).toBe(newest);
    expect(unitsOf(display, 'x_energy_active_period')).toBe(
      unitsOf(display, 'energy_active_import') - (newest ?? 0n),
    );
  });

  it('loses a watt a phase in iron, and has no apparent energy without a reactive one', () => {
    const [single, three] = [createMeter({ kind: 'single' }), createMeter()];
    // 691 days and 12 hours since 2025-01-01.
    expect(single.display.show('x_energy_iron_loss')).toBe('16.59');
    expect(three.display.show('x_energy_iron_loss')).toBe('49.78');
    expect(single.display.show('x_energy_iron_loss_l2')).toBeNull();
    expect(single.display.show('energy_apparent_import')).toBeNull();
  });
});

describe('what is paid ahead on a simulated meter', () => {
  it.each(['energy', 'amount'])('is bought once a month and adds up, in %s', (of) => {
    const { memory } = createMeter();
    const log = memory.events(`purchase-${of}` as 'purchase-energy');
    const count = log?.count ?? 0;
    expect(count).toBeGreaterThanOrEqual(22);
    let total = 0n;
    for (let number = count; number >= 1; number--) {
      const after = log?.recall(number)?.end ?? null;
      const at = (what: string) => unitsOf(after, `x_purchase_${of}_${what}`);
      expect(after?.show(`x_purchase_${of}_count`)).toBe(String(count - number + 1));
      expect(at('before') + at('bought')).toBe(at('after'));
      expect(unitsOf(after, `x_${of}_remaining`)).toBe(at('after'));
      total += at('bought');
      expect(at('total')).toBe(total);
    }
  });

  it('falls by what each tariff costs', () => {
    const meter = createMeter();
    const look = () => ({
      left: unitsOf(meter.display, 'x_amount_remaining'),
      tariffs: [1, 2, 3, 4].map((tariff) =>
        unitsOf(meter.display, `energy_active_import_t${tariff}`),
      ),
      bought: unitsOf(meter.display, 'x_purchase_amount_total'),
    });
    const before = look();
    meter.moveTo(START + DAY_MS);
    const after = look();
    const prices = [12_000n, 9_000n, 6_000n, 3_000n];
    const cost = prices.reduce(
      (sum, price, index) =>
        sum + ((after.tariffs[index] ?? 0n) - (before.tariffs[index] ?? 0n)) * price,
      0n,
    );
    const spent = before.left - after.left + after.bought - before.bought;
    const cut = spent - cost / 10_000n;
    expect(cost).toBeGreaterThan(0n);
    expect(cut === 0n || cut === 1n).toBe(true);
  });

  it('costs what the tariff of the hour does', () => {
    const meter = createMeter();
    const priceAt = (time: string) => {
      meter.moveTo(Date.parse(`2026-11-23T${time}:00+08:00`));
      return ['x_price', 'x_price_tariff'].map((name) => meter.display.show(name));
    };
    expect(['03:00', '12:00', '19:59', '20:59', '21:00'].map(priceAt)).toEqual(
      ['0.3000', '0.6000', '1.2000', '1.2000', '0.9000'].map((price) => [price, price]),
    );
  });
});

describe('the schedules of a simulated meter', () => {
  it('switch tariffs when the energy does', () => {
    const meter = createMeter();
    const periods = Array.from({ length: 14 }, (_, index) => [
      meter.display.show(`x_period_1_1_${index + 1}_start`),
      meter.display.show(`x_period_1_1_${index + 1}_tariff`),
    ]);
    expect(periods.slice(0, 3)).toEqual([
      ['00:00', '04'],
      ['07:00', '03'],
      ['08:00', '02'],
    ]);
    expect(new Set(periods.map(String)).size).toBe(Number(meter.display.show('x_periods')));
    for (const [start, tariff] of periods) {
      meter.moveTo(Date.parse(`2026-11-23T${start}:00+08:00`));
      const register = `energy_active_import_t${Number(tariff)}`;
      const before = unitsOf(meter.display, register);
      meter.moveTo(Date.parse(`2026-11-23T${start}:00+08:00`) + 900_000);
      expect(unitsOf(meter.display, register)).toBeGreaterThan(before);
    }
  });

  it('are switched twice a year, and leave a freeze', () => {
    const { memory } = createMeter();
    const times = (['zone-switch', 'day-table-switch'] as const).map((kind) =>
      [1, 2, 3].map((number) => memory.recall(kind, number)?.frozenAt),
    );
    expect(times).toEqual([
      ['2026-07-01T00:00:00', '2026-01-01T00:00:00', undefined],
      ['2026-10-01T00:00:00', '2026-04-01T00:00:00', undefined],
    ]);
    expect(memory.recall('zone-switch', 2)?.show('energy_active_import')).toBe(
      memory.recall('settlement', 11)?.show('energy_active_import'),
    );
    expect([254, 255].map((number) => memory.recall('hourly', number)?.frozenAt)).toEqual([
      '2026-11-12T23:00:00',
      undefined,
    ]);
  });
});

describe('the voltage quality of a simulated meter', () => {
  it('is a share of the minutes of the month, in total and by phase', () => {
    const { memory, display } = createMeter();
    const month = memory.recall('settlement', 1);
    expect(month?.show('x_voltage_quality_minutes_l2')).toBe(String(31 * 24 * 60));
    expect(display.show('x_voltage_quality_minutes')).toBe(String(22 * 1440 + 12 * 60 + 7));
    for (const place of ['', '_l1', '_l3']) {
      const units = (what: string) =>
        parseDecimal(month?.show(`x_voltage_quality_${what}${place}`) ?? '')?.coefficient ?? -1n;
      expect(units('within') + units('outside')).toBe(10_000n);
      const out = Number(units('above') + units('below')) / Number(units('minutes'));
      expect(Number(units('outside'))).toBeCloseTo(out * 10_000, 0);
    }
    expect(month?.show('x_voltage_quality_highest_at')).toBe('10-01T03:15');
  });

  it('has no extreme yet as the month begins', () => {
    const { display } = createMeter({}, Date.parse('2026-11-01T01:00:00+08:00'));
    expect(display.show('x_voltage_quality_highest_at')).toMatch(/^0000-/);
  });
});
