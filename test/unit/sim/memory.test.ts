import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../src/core/decimal.ts';
import type { EventKind } from '../../../src/core/slave.ts';
import { createMeter, DAY_MS, HOUR_MS, START, unitsOf } from './memory-rig.ts';

describe('the settlements of a simulated meter', () => {
  it('are the twelve month ends before, and never rise going back', () => {
    const { display, memory } = createMeter();
    const periods = Array.from({ length: 12 }, (_, index) =>
      memory.recall('settlement', index + 1),
    );
    expect([periods[0]?.frozenAt, periods[10]?.frozenAt, periods[11]?.frozenAt]).toEqual([
      '2026-11-01T00:00:00',
      '2026-01-01T00:00:00',
      '2025-12-01T00:00:00',
    ]);
    expect([memory.recall('settlement', 0), memory.recall('settlement', 13)]).toEqual([null, null]);
    for (const register of [
      'energy_active_import',
      'energy_active_import_t3',
      'energy_reactive_q1_l2',
    ]) {
      let later = unitsOf(display, register);
      for (const period of periods) {
        expect(unitsOf(period, register)).toBeLessThan(later);
        later = unitsOf(period, register);
      }
    }
  });

  it('hold what the register showed at that midnight, and move on by one with the next', () => {
    const meter = createMeter();
    const before = meter.memory.recall('settlement', 1);
    meter.moveTo(Date.parse('2026-11-01T00:00:00+08:00'));
    expect(before?.show('energy_active_import_t2')).toBe(
      meter.display.show('energy_active_import_t2'),
    );
    expect(before?.show('voltage_l1')).toBeNull();
    meter.moveTo(Date.parse('2026-12-01T00:00:00+08:00'));
    expect(meter.memory.recall('settlement', 2)?.frozenAt).toBe(before?.frozenAt);
  });

  it('go back no further than the installation', () => {
    const { memory } = createMeter({}, Date.parse('2025-03-15T12:00:00+08:00'));
    const periods = [1, 2, 3].map((number) => memory.recall('settlement', number)?.frozenAt);
    expect(periods).toEqual(['2025-03-01T00:00:00', '2025-02-01T00:00:00', undefined]);
  });
});

describe('the phases of a simulated meter', () => {
  it('sum up to its energy but for cut digits, over 40 days without a fall', () => {
    const meter = createMeter({ solar: true });
    const names = ['energy_active_import', 'energy_active_export', 'energy_reactive_q1'];
    const phases = names.flatMap((name) => [1, 2, 3].map((phase) => `${name}_l${phase}`));
    let before = phases.map(() => 0n);
    for (let hour = 0; hour < 40 * 24; hour += 5) {
      meter.moveTo(START + hour * HOUR_MS);
      const now = phases.map((phase) => unitsOf(meter.display, phase));
      expect(now.every((units, index) => units >= (before[index] ?? 0n))).toBe(true);
      for (const [index, name] of names.entries()) {
        const sum = now.slice(index * 3, index * 3 + 3).reduce((total, units) => total + units, 0n);
        const cut = unitsOf(meter.display, name) - sum;
        expect(cut >= 0n && cut <= 3n).toBe(true);
      }
      before = now;
    }
  });

  it('are one with a single-phase meter', () => {
    const { display } = createMeter({ kind: 'single' });
    expect(display.show('energy_active_import_l1')).toBe(display.show('energy_active_import'));
    expect(display.show('energy_active_import_l2')).toBeNull();
  });
});

describe('the other freezes of a simulated meter', () => {
  it('are timed on the last twelve full hours', () => {
    const { memory } = createMeter();
    const times = [1, 2, 12, 13].map((number) => memory.recall('timed', number)?.frozenAt);
    expect(times).toEqual([
      '2026-11-23T12:00:00',
      '2026-11-23T11:00:00',
      '2026-11-23T01:00:00',
      undefined,
    ]);
  });

  it('are taken at once, three of them kept, dated by the meter itself', () => {
    const meter = createMeter({ driftMs: 60_000 });
    expect(meter.memory.recall('instant', 1)).toBeNull();
    const shown = meter.display.show('energy_active_import');
    for (let minute = 0; minute < 4; minute++) {
      meter.moveTo(START + minute * 60_000);
      meter.memory.freeze();
    }
    meter.moveTo(START + DAY_MS);
    const kept = [1, 2, 3, 4].map((number) => meter.memory.recall('instant', number));
    expect(kept.map((freeze) => freeze?.frozenAt)).toEqual([
      '2026-11-23T12:11:30',
      '2026-11-23T12:10:30',
      '2026-11-23T12:09:30',
      undefined,
    ]);
    expect(unitsOf(kept[2] ?? null, 'energy_active_import')).toBeGreaterThanOrEqual(
      parseDecimal(shown ?? '')?.coefficient ?? 0n,
    );
    expect(kept[0]?.show('power_active')).toMatch(/^\d+\.\d{4}$/);
  });
});

describe('the load records of a simulated meter', () => {
  it('are of every quarter of an hour, forty days back, and show what the meter showed', () => {
    const meter = createMeter();
    const day = meter.memory.loadRecords({ wallTime: '2026-11-20T23:50:00' }, 3);
    expect(day.map(({ frozenAt }) => frozenAt)).toEqual([
      '2026-11-21T00:00:00',
      '2026-11-21T00:15:00',
      '2026-11-21T00:30:00',
    ]);
    const [earliest] = meter.memory.loadRecords('earliest', 1);
    const [newest] = meter.memory.loadRecords('newest', 1);
    expect(newest?.frozenAt).toBe('2026-11-23T12:00:00');
    expect(earliest?.frozenAt).toBe('2026-10-14T12:15:00');
    expect(meter.memory.loadRecords('earliest', 5000)).toHaveLength(3840);
    meter.moveTo(Date.parse('2026-11-21T00:15:00+08:00'));
    for (const register of ['energy_active_import', 'voltage_l2', 'x_demand_active_present']) {
      expect(day[1]?.show(register)).toBe(meter.display.show(register));
    }
  });

  it('are none after the present, and begin with the earliest for a time before it', () => {
    const { memory } = createMeter();
    expect(memory.loadRecords({ wallTime: '2026-11-23T12:01:00' }, 4)).toEqual([]);
    const [first] = memory.loadRecords({ wallTime: '2020-01-01T00:00:00' }, 1);
    expect(first?.frozenAt).toBe('2026-10-14T12:15:00');
  });
});

describe('the clock of a simulated meter', () => {
  it('is ahead by the drift, and moves when it is told to, and the load does not', () => {
    const meter = createMeter({ driftMs: 90_250 });
    const shown = meter.display.show('energy_active_import');
    expect(meter.memory.wallTime()).toBe('2026-11-23T12:09:00.250');
    meter.memory.moveClock(-100_250);
    expect(meter.memory.wallTime()).toBe('2026-11-23T12:07:20.000');
    expect(meter.display.show('energy_active_import')).toBe(shown);
  });
});

describe('the events of a simulated meter', () => {
  const KINDS: readonly EventKind[] = [
    'power-off',
    'programming',
    'cover-open',
    'relay-trip',
    'relay-close',
  ];

  it('are a few a month, in order, the same for the same seed, more as time goes by', () => {
    const [meter, same, other] = [createMeter(), createMeter(), createMeter({ seed: 2 })];
    const countsOf = ({ memory }: typeof meter) => KINDS.map((kind) => memory.events(kind)?.count);
    expect(countsOf(same)).toEqual(countsOf(meter));
    expect(countsOf(other)).not.toEqual(countsOf(meter));
    for (const kind of KINDS) {
      const log = meter.memory.events(kind);
      const months = 23;
      expect(log?.count).toBeGreaterThan(0);
      expect(log?.count).toBeLessThanOrEqual(3 * months);
      const starts = [1, 2, 3, 4].map((number) => log?.recall(number)?.begin.frozenAt ?? '');
      expect([...starts].sort().reverse()).toEqual(starts);
      expect(log?.recall((log?.count ?? 0) + 1)).toBeNull();
    }
    const before = countsOf(meter);
    meter.moveTo(START + 100 * DAY_MS);
    expect(countsOf(meter).every((count, index) => (count ?? 0) > (before[index] ?? 0))).toBe(true);
  });

  it('open the relay in status word 3 from trip to close, and no longer', () => {
    const meter = createMeter();
    const trip = meter.memory.events('relay-trip')?.recall(1);
    const [from, to] = [trip?.begin, trip?.end].map((moment) =>
      Date.parse(`${moment?.frozenAt}+08:00`),
    );
    const words = [(from ?? 0) - 1, from ?? 0, (to ?? 0) - 1, to ?? 0].map((at) => {
      meter.moveTo(at);
      return meter.display.show('x_status_word_3');
    });
    expect(words).toEqual(['0x0000', '0x0050', '0x0050', '0x0000']);
    meter.moveTo((to ?? 0) - 1);
    const [trips, closes] = (['relay-trip', 'relay-close'] as const).map(
      (kind) => meter.memory.events(kind)?.count ?? 0,
    );
    expect((trips ?? 0) - (closes ?? 0)).toBe(1);
  });

  it('of a phase are there for the phases that the meter has', () => {
    const countOf = (kind: 'single' | 'three') => {
      const { memory } = createMeter({ kind });
      return [0, 1, 2, 3].map((phase) => memory.events('voltage-loss', phase) !== null);
    };
    expect([countOf('single'), countOf('three')]).toEqual([
      [false, true, false, false],
      [false, true, true, true],
    ]);
  });
});

describe('the waveforms and texts of a simulated meter', () => {
  it('fit together: angle with the power factor, distortion with the harmonics', () => {
    const { display } = createMeter();
    const number = (register: string) => Number(display.show(register));
    for (const phase of ['_l1', '_l2', '_l3']) {
      const cosine = Math.cos((number(`x_phase_angle${phase}`) * Math.PI) / 180);
      expect(cosine).toBeCloseTo(number(`power_factor${phase}`), 2);
      for (const wave of ['voltage', 'current']) {
        const orders = Array.from({ length: 20 }, (_, index) => index + 2);
        const contents = orders.map((order) => number(`x_${wave}_harmonic${phase}_${order}`));
        expect(contents.every((content) => content >= 0 && content < 10)).toBe(true);
        expect(Math.hypot(...contents)).toBeCloseTo(number(`x_${wave}_distortion${phase}`), 1);
      }
    }
  });

  it('say what a meter of the kind is', () => {
    const texts = (['single', 'three'] as const).map((kind) => {
      const { display } = createMeter({ kind });
      return ['x_rated_voltage', 'x_tariffs', 'x_combination_active'].map((name) =>
        display.show(name),
      );
    });
    expect(texts).toEqual([
      ['220V', '04', '0x05'],
      ['3x220V', '04', '0x05'],
    ]);
  });
});
