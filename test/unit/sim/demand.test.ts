import { describe, expect, it } from 'vitest';
import { createMeter, DAY_MS, HOUR_MS, START, unitsOf } from './memory-rig.ts';

describe('the maximum demand of a simulated meter', () => {
  const NAME = 'demand_active_import_max';

  it('is the highest mean of 15 minutes of its month, with its time', () => {
    const meter = createMeter();
    const wanted = { units: 0n, at: '' };
    const from = Date.parse('2026-11-01T00:00:00+08:00');
    for (let at = from + 900_000; at <= START; at += 300_000) {
      meter.moveTo(at);
      const units = unitsOf(meter.display, 'x_demand_active_present');
      if (units <= wanted.units) continue;
      wanted.units = units;
      wanted.at = new Date(at + 8 * HOUR_MS).toISOString().slice(0, 19);
    }
    meter.moveTo(START);
    expect(unitsOf(meter.display, NAME)).toBe(wanted.units);
    expect(meter.display.show(`${NAME}_at`)).toBe(wanted.at);
  });

  it('is what the energy of those 15 minutes says', () => {
    const meter = createMeter();
    const end = Date.parse(`${meter.display.show(`${NAME}_at`)}+08:00`);
    const energyAt = (at: number) => {
      meter.moveTo(at);
      return Number(meter.display.show('energy_active_import'));
    };
    const kilowatts = (energyAt(end) - energyAt(end - 900_000)) * 4;
    meter.moveTo(START);
    expect(Math.abs(kilowatts - Number(meter.display.show(NAME)))).toBeLessThan(0.05);
  });

  it('never falls within a month over 40 days, and starts anew with the next', () => {
    const meter = createMeter({ kind: 'single' });
    const restarts: string[] = [];
    let before = 0n;
    for (let at = START; at < START + 40 * DAY_MS; at += HOUR_MS) {
      meter.moveTo(at);
      const units = unitsOf(meter.display, NAME);
      if (units < before) restarts.push(new Date(at + 8 * HOUR_MS).toISOString().slice(0, 10));
      before = units;
    }
    expect(restarts).toEqual(['2026-12-01', '2027-01-01']);
  });

  it('is the highest of its tariffs, and of a settled month stays as it was', () => {
    const meter = createMeter();
    const month = meter.memory.recall('settlement', 1);
    const tariffs = [1, 2, 3, 4].map((tariff) => Number(month?.show(`${NAME}_t${tariff}`)));
    expect(Number(month?.show(NAME))).toBe(Math.max(...tariffs));
    // Tariff 1 is from 19:00 to 21:00; the time is that of the end.
    const time = month?.show(`${NAME}_t1_at`)?.slice(11) ?? '';
    expect(time > '19:00:00' && time <= '21:00:00').toBe(true);
    expect(month?.show(`${NAME}_at`)).toMatch(/^2026-10-/);
    meter.moveTo(Date.parse('2026-10-31T23:59:59.999+08:00'));
    expect(month?.show(`${NAME}_t1`)).toBe(meter.display.show(`${NAME}_t1`));
  });

  it('takes in nothing of the month before', () => {
    const meter = createMeter();
    const times = ['00:10:00', '00:14:59', '00:15:00'].map((time) => {
      meter.moveTo(Date.parse(`2026-12-01T${time}+08:00`));
      return meter.display.show(`${NAME}_at`);
    });
    expect(times).toEqual(['0000-00-00T00:00:00', '0000-00-00T00:00:00', '2026-12-01T00:15:00']);
  });

  it('never was where nothing flowed', () => {
    const { display } = createMeter();
    expect(display.show('demand_active_export_max')).toBe('0.0000');
    expect(display.show('demand_active_export_max_at')).toBe('0000-00-00T00:00:00');
    expect(display.show('demand_active_net_max')).toBeNull();
  });
});
