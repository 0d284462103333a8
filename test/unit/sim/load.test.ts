import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../src/core/decimal.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { calendarOf } from '../../../src/sim/calendar.ts';
import { createCurve } from '../../../src/sim/curve.ts';
import { createEnergy, UNITS_PER_KWH } from '../../../src/sim/energy.ts';
import { createDisplay, type DisplayOptions } from '../../../src/sim/load.ts';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-23T04:00:00Z');

function createMeter(options: Partial<DisplayOptions> = {}, start = START) {
  let at = start;
  const clock = { now: () => at, monotonic: () => at, sleep: () => Promise.resolve() };
  const display = createDisplay({
    clock,
    kind: 'three',
    seed: 1,
    zone: 'Asia/Shanghai',
    ...options,
  });
  return {
    display,
    moveTo: (epochMs: number) => {
      at = epochMs;
    },
    digits: (register: string) => parseDecimal(display.show(register) ?? '')?.coefficient ?? -1n,
    number: (register: string) => Number(display.show(register)),
  };
}

/** Spring and autumn clock changes lie within the forty days. */
const SPANS = [
  ['Asia/Shanghai', '2026-10-20T00:00:00Z'],
  ['Europe/Berlin', '2026-10-01T00:00:00Z'],
  ['America/Sao_Paulo', '2026-10-01T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-09-20T00:00:00Z'],
] as const;

describe('the energy of a simulated meter', () => {
  it.each(SPANS)('never falls within 40 days in %s, in any tariff', (zone, from) => {
    const meter = createMeter({ zone, solar: true });
    const registers = ['', '_t1', '_t2', '_t3', '_t4'].map((end) => `energy_active_import${end}`);
    let before = registers.map(() => -1n);
    for (let at = Date.parse(from), hour = 0; hour < 40 * 24; hour++) {
      meter.moveTo(at + hour * HOUR_MS + hour);
      const now = registers.map(meter.digits);
      now.forEach((digits, index) => {
        expect(digits).toBeGreaterThanOrEqual(before[index] ?? 0n);
      });
      before = now;
    }
  });

  it.each(SPANS)('is the sum of its tariffs but for cut digits in %s', (zone, from) => {
    const meter = createMeter({ zone, solar: true });
    for (let hour = 0; hour < 200; hour++) {
      meter.moveTo(Date.parse(from) + hour * 5 * HOUR_MS + hour * 1234);
      for (const name of ['energy_active_import', 'energy_active_export', 'energy_reactive_q1']) {
        const tariffs = [1, 2, 3, 4].map((tariff) => meter.digits(`${name}_t${tariff}`));
        const cut = meter.digits(name) - tariffs.reduce((sum, digits) => sum + digits, 0n);
        expect(cut).toBeGreaterThanOrEqual(0n);
        expect(cut).toBeLessThanOrEqual(3n);
      }
    }
  });

  it('is the integral of the load, to the unit', () => {
    const calendar = calendarOf('Asia/Shanghai');
    const energyAt = createEnergy(
      () => ({ activeMilliwatts: 1_000_000, reactiveMillivars: 0 }),
      calendar,
    );
    const first = energyAt(START).of('import', 0);
    expect(energyAt(START + HOUR_MS).of('import', 0) - first).toBe(UNITS_PER_KWH);
    expect(energyAt(START + 1).of('import', 0) - first).toBe(1_000_000n);
    expect(energyAt(START + 30 * 24 * HOUR_MS).of('import', 0) - first).toBe(720n * UNITS_PER_KWH);
  });

  it('goes on without a step at midnight', () => {
    const energyAt = createEnergy(
      () => ({ activeMilliwatts: 1_000_000, reactiveMillivars: 0 }),
      calendarOf('Asia/Shanghai'),
    );
    const midnight = Date.parse('2026-11-24T00:00:00+08:00');
    const [before, after] = [midnight - 1, midnight].map((at) => energyAt(at).of('import', 0));
    expect((after ?? 0n) - (before ?? 0n)).toBe(1_000_000n);
  });

  it('follows the clock on the wall when that is moved', () => {
    const calendar = calendarOf('Europe/Berlin');
    const wallOf = (date: string, slot: number) =>
      calendar.day(calendar.indexOf(Date.parse(`${date}T12:00:00Z`))).wallSlots.at(slot);
    const slots = [wallOf('2026-03-29', 23), wallOf('2026-03-29', 24), wallOf('2026-03-29', -1)];
    expect(slots).toEqual([23, 36, 287]);
    expect([wallOf('2026-10-25', 35), wallOf('2026-10-25', 36)]).toEqual([35, 24]);
  });

  it('counts the hours of a day with a clock change as they are', () => {
    const calendar = calendarOf('Europe/Berlin');
    const energyAt = createEnergy(
      () => ({ activeMilliwatts: 1_000_000, reactiveMillivars: 0 }),
      calendar,
    );
    const dayOf = (date: string) => {
      const index = calendar.indexOf(Date.parse(`${date}T12:00:00Z`));
      const [from, to] = [calendar.day(index).start, calendar.day(index + 1).start];
      return (energyAt(to).of('import', 0) - energyAt(from).of('import', 0)) / UNITS_PER_KWH;
    };
    expect(['2026-03-29', '2026-10-25', '2026-10-26'].map(dayOf)).toEqual([23n, 25n, 24n]);
  });

  it('goes to the tariff of the hour on the wall', () => {
    const meter = createMeter({ kind: 'single' });
    const growing = (from: string) => {
      meter.moveTo(Date.parse(from));
      const before = [1, 2, 3, 4].map((tariff) => meter.digits(`energy_active_import_t${tariff}`));
      meter.moveTo(Date.parse(from) + HOUR_MS);
      return [1, 2, 3, 4].filter(
        (tariff, index) => meter.digits(`energy_active_import_t${tariff}`) > (before[index] ?? 0n),
      );
    };
    const hours = ['19', '09', '12', '02'].map((hour) => `2026-11-23T${hour}:00:00+08:00`);
    expect(hours.map(growing)).toEqual([[1], [2], [3], [4]]);
  });

  it('feeds in at noon and takes in the evening with panels on the roof', () => {
    const meter = createMeter({ solar: true, kind: 'single' });
    meter.moveTo(Date.parse('2026-11-23T12:00:00+08:00'));
    expect(meter.number('power_active')).toBeLessThan(0);
    const before = meter.digits('energy_active_export');
    meter.moveTo(Date.parse('2026-11-23T19:30:00+08:00'));
    expect(meter.digits('energy_active_export')).toBeGreaterThan(before);
    expect(meter.number('power_active')).toBeGreaterThan(0);
  });
});

describe('the display of a simulated meter', () => {
  it('shows the same for the same seed and moment, whatever was asked before', () => {
    const early = createMeter({}, START - 100 * HOUR_MS);
    early.display.show('energy_active_import');
    early.moveTo(START);
    const fresh = createMeter();
    const other = createMeter({ seed: 2 });
    const registers = ['energy_active_import', 'voltage_l1', 'power_active', 'frequency'];
    const shown = (meter: typeof fresh) => registers.map((name) => meter.display.show(name));
    expect(shown(early)).toEqual(shown(fresh));
    expect(shown(other).slice(0, 3)).not.toEqual(shown(fresh).slice(0, 3));
  });

  it.each(['single', 'three'] as const)('fits together at any hour, %s-phase', (kind) => {
    const meter = createMeter({ kind });
    const phases = kind === 'single' ? ['_l1'] : ['_l1', '_l2', '_l3'];
    for (let hour = 0; hour < 168; hour++) {
      meter.moveTo(START + hour * HOUR_MS);
      for (const phase of phases) {
        const volts = meter.number(`voltage${phase}`);
        expect(volts).toBeGreaterThanOrEqual(215);
        expect(volts).toBeLessThanOrEqual(235);
        const apparent = (volts * meter.number(`current${phase}`)) / 1000;
        const active = meter.number(`power_active${phase}`);
        expect(apparent).toBeCloseTo(meter.number(`power_apparent${phase}`), 2);
        expect(apparent * meter.number(`power_factor${phase}`)).toBeCloseTo(active, 1);
        expect(Math.hypot(active, meter.number(`x_power_reactive${phase}`))).toBeCloseTo(
          apparent,
          2,
        );
      }
      const sum = phases.reduce((total, phase) => total + meter.number(`power_active${phase}`), 0);
      expect(sum).toBeCloseTo(meter.number('power_active'), 3);
      expect(Math.abs(meter.number('frequency') - 50)).toBeLessThan(0.1);
    }
  });

  it('draws less at night, and on a weekday the shop draws more than on Sunday', () => {
    const meter = createMeter();
    const at = (text: string) => {
      meter.moveTo(Date.parse(text));
      return meter.number('power_active');
    };
    const noon = at('2026-11-25T10:00:00+08:00');
    expect(at('2026-11-25T03:00:00+08:00')).toBeLessThan(noon / 2);
    expect(at('2026-11-29T10:00:00+08:00')).toBeLessThan(noon);
  });

  it.each([
    ['single', 27],
    ['three', 69],
  ] as const)('a %s-phase meter has its registers and no others', (kind, count) => {
    const { display } = createMeter({ kind });
    const bases = ['energy_active_import', 'energy_active_export', 'x_energy_active_combined'];
    const names = [
      ...bases,
      ...['q1', 'q2', 'q3', 'q4'].map((quadrant) => `energy_reactive_${quadrant}`),
      'x_energy_reactive_combined_1',
      'x_energy_reactive_combined_2',
    ].flatMap((name) => [name, ...[1, 2, 3, 4].map((tariff) => `${name}_t${tariff}`)]);
    const places = ['', '_l1', '_l2', '_l3'];
    const variables = [
      'power_active',
      'x_power_reactive',
      'power_apparent',
      'power_factor',
    ].flatMap((name) => places.map((place) => name + place));
    const phases = ['voltage', 'current'].flatMap((name) =>
      places.slice(1).map((place) => name + place),
    );
    const all = [...names, ...variables, ...phases, 'current_n', 'frequency'];
    expect(all.filter((name) => findRegister(name) === undefined)).toEqual([]);
    expect(all.filter((name) => display.show(name) !== null)).toHaveLength(count);
    for (const name of ['energy_active_import_t5', 'energy_apparent_net', 'toString']) {
      expect(display.show(name)).toBeNull();
    }
  });

  it('shows the digits that each register has', () => {
    const { display } = createMeter();
    expect(display.show('energy_active_import')).toMatch(/^\d{1,6}\.\d{2}$/);
    expect(display.show('voltage_l2')).toMatch(/^\d{3}\.\d$/);
    expect(display.show('current_l3')).toMatch(/^\d+\.\d{3}$/);
    expect(display.show('power_active')).toMatch(/^\d+\.\d{4}$/);
    expect(display.show('power_factor')).toMatch(/^[01]\.\d{3}$/);
    expect(display.show('frequency')).toMatch(/^\d\d\.\d\d$/);
  });
});

describe('the daily freezes of a simulated meter', () => {
  it('hold what the register showed at local midnight, 62 days back', () => {
    const meter = createMeter({ zone: 'Europe/Berlin' });
    const { display } = meter;
    const freezes = Array.from({ length: 63 }, (_, days) => display.showDailyFreeze(days));
    expect(freezes.filter((freeze) => freeze !== null)).toHaveLength(62);
    expect(freezes[0]?.frozenAt).toBe('2026-11-23T00:00:00');
    // Summer time, two hours ahead of UTC, until 25 October.
    expect(freezes[30]?.frozenAt).toBe('2026-10-24T00:00:00');
    meter.moveTo(Date.parse('2026-10-23T22:00:00Z'));
    expect(display.show('energy_active_import_t3')).toBe(
      freezes[30]?.show('energy_active_import_t3'),
    );
    expect(freezes[30]?.show('voltage_l1')).toBeNull();
  });

  it('move on by one at the next midnight', () => {
    const meter = createMeter();
    const before = meter.display.showDailyFreeze(0);
    meter.moveTo(Date.parse('2026-11-24T00:00:00+08:00'));
    const after = meter.display.showDailyFreeze(1);
    expect(after?.frozenAt).toBe(before?.frozenAt);
    expect(after?.show('energy_active_import')).toBe(before?.show('energy_active_import'));
    expect(meter.display.showDailyFreeze(0)?.frozenAt).toBe('2026-11-24T00:00:00');
  });
});

describe('a load curve', () => {
  it('gives whole numbers below the limit of exact sums', () => {
    const curve = createCurve({ kind: 'three', seed: 4, solar: true });
    let slots = 0;
    for (let day = 20_700; day < 20_714; day++) {
      for (let slot = 0; slot < 288; slot++, slots++) {
        const { activeMilliwatts, reactiveMillivars } = curve(day, slot);
        expect(Number.isInteger(activeMilliwatts) && Number.isInteger(reactiveMillivars)).toBe(
          true,
        );
        expect(Math.abs(activeMilliwatts)).toBeLessThan(100_000_000);
      }
    }
    expect(slots).toBe(14 * 288);
  });
});
