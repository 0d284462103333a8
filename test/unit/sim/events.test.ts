import { describe, expect, it } from 'vitest';
import type { EventKind } from '../../../src/core/slave.ts';
import { HABITS, type HabitName } from '../../../src/sim/event-habits.ts';
import { createMeter, DAY_MS, START } from './memory-rig.ts';

const NAMES = Object.keys(HABITS) as HabitName[];
const KINDS = NAMES.filter((name): name is Exclude<HabitName, 'relay'> => name !== 'relay');
const phaseOf = (kind: Exclude<HabitName, 'relay'>) => (HABITS[kind].isOfPhase ? 1 : undefined);

describe('every kind of event of a simulated meter', () => {
  it('has as many records as it counts, each begun before it ended and ended before the next', () => {
    const { memory } = createMeter();
    let records = 0;
    for (const kind of KINDS) {
      const log = memory.events(kind, phaseOf(kind));
      const events = Array.from({ length: log?.count ?? -1 }, (_, index) => log?.recall(index + 1));
      const moments = events
        .reverse()
        .flatMap((event) => [event?.begin.frozenAt ?? 'none', event?.end.frozenAt ?? 'none']);
      expect(moments).toEqual(moments.toSorted());
      expect(
        events.every((event) => (event?.begin.frozenAt ?? '') < (event?.end.frozenAt ?? '')),
      ).toBe(true);
      expect(log?.recall((log?.count ?? 0) + 1)).toBeNull();
      records += events.length;
    }
    expect([KINDS.length, records > 300]).toEqual([40, true]);
  });

  it('has no event of a kind that is not dated by the dice of another', () => {
    const salts = NAMES.map((name) => HABITS[name].salt);
    expect(new Set(salts).size).toBe(41);
  });

  it('is unknown to a single-phase meter where it takes three phases', () => {
    const [single, three] = [createMeter({ kind: 'single' }), createMeter()];
    const lacking = KINDS.filter((kind) => single.memory.events(kind, phaseOf(kind)) === null);
    expect(lacking).toEqual(KINDS.filter((kind) => HABITS[kind].needsThree));
    expect(lacking).toHaveLength(12);
    expect(KINDS.filter((kind) => three.memory.events(kind, phaseOf(kind)) === null)).toEqual([]);
  });

  it('clears the demand as every month begins', () => {
    const { memory } = createMeter();
    const log = memory.events('demand-clear');
    expect([log?.count, log?.recall(1)?.begin.frozenAt, log?.recall(2)?.begin.frozenAt]).toEqual([
      23,
      '2026-11-01T00:00:00',
      '2026-10-01T00:00:00',
    ]);
    const settled = memory.recall('settlement', 1);
    for (const register of ['demand_active_import_max', 'demand_active_import_max_at']) {
      expect(log?.recall(1)?.begin.show(register)).toBe(settled?.show(register));
    }
  });
});

describe('the status words of a simulated meter', () => {
  /** The word, and the bit that goes with the event. */
  const BITS: readonly (readonly [kind: EventKind, word: number, bit: number])[] = [
    ['voltage-loss', 4, 0],
    ['undervoltage', 4, 1],
    ['overvoltage', 4, 2],
    ['current-loss', 4, 3],
    ['overcurrent', 4, 4],
    ['overload', 4, 5],
    ['power-reversal', 4, 6],
    ['phase-cut', 4, 7],
    ['current-cut', 4, 8],
    ['voltage-sequence', 7, 0],
    ['current-sequence', 7, 1],
    ['voltage-unbalance', 7, 2],
    ['current-unbalance', 7, 3],
    ['auxiliary-loss', 7, 4],
    ['power-off', 7, 5],
    ['demand-over-import', 7, 6],
  ];

  it.each(BITS)('say %s in word %i, bit %i, while it goes on', (kind, word, bit) => {
    const meter = createMeter({}, START + 100 * DAY_MS);
    const last = meter.memory.events(kind, word === 4 ? 1 : undefined)?.recall(1);
    const [from, to] = [last?.begin, last?.end].map((moment) =>
      Date.parse(`${moment?.frozenAt}+08:00`),
    );
    const bits = [(from ?? 0) - 1, from ?? 0, (to ?? 0) - 1, to ?? 0].map((at) => {
      meter.moveTo(at);
      return (Number(meter.display.show(`x_status_word_${word}`)) >> bit) & 1;
    });
    expect(bits).toEqual([0, 1, 1, 0]);
  });
});
