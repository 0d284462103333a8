import { describe, expect, it } from 'vitest';
import { type Bench, MINUTE, shows, silent, start } from './poller-rig.ts';

const FIRST_SLOT = 8 * MINUTE;

async function end({ stop, clock, ended }: Bench): Promise<void> {
  stop.abort();
  await clock.advance(60_000);
  await ended;
}

describe('a poller of several lanes', () => {
  const meters = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6'];

  it.each([1, 3, 6])(
    'reads at most %i meters at the same time, as soon as it may',
    async (lanes) => {
      const state = { under: 0, most: 0 };
      const bench: Bench = start(
        async (registers) => {
          state.under += 1;
          state.most = Math.max(state.most, state.under);
          await bench.clock.sleep(6000 * registers.length);
          state.under -= 1;
          return shows(registers);
        },
        { meters, lanes },
      );
      await bench.clock.advance(FIRST_SLOT + 2 * MINUTE);
      expect(state.most).toBe(lanes);
      const readAts = meters.map((meter) => Date.parse(bench.readingsOf(meter)[0]?.readAt ?? ''));
      const slotAt = Date.parse(bench.readingsOf('m1')[0]?.slot ?? '');
      expect(Math.max(...readAts) - slotAt).toBe((meters.length / lanes) * 6000);
      await end(bench);
    },
  );

  it('never asks one meter twice at the same time, whatever its plans', async () => {
    const under = new Set<string>();
    let clashes = 0;
    const bench: Bench = start(
      async (registers, _, meter) => {
        clashes += under.has(meter) ? 1 : 0;
        under.add(meter);
        await bench.clock.sleep(70_000);
        under.delete(meter);
        return shows(registers);
      },
      { meters: ['m1', 'm2'], plans: [MINUTE, 5 * MINUTE], lanes: 4 },
    );
    await bench.clock.advance(30 * MINUTE);
    expect(bench.readingsOf('m1').length).toBeGreaterThan(20);
    expect(clashes).toBe(0);
    await end(bench);
  });

  it('is not held up by silent meters while a lane is left', async () => {
    const bench: Bench = start(
      async (registers, _, meter) => {
        await bench.clock.sleep(meter === 'm1' ? 20_000 : 100);
        return meter === 'm1' ? silent(registers) : shows(registers);
      },
      { meters, lanes: 2 },
    );
    await bench.clock.advance(FIRST_SLOT + 1000);
    expect(meters.map((meter) => bench.readingsOf(meter).length)).toEqual([0, 1, 1, 1, 1, 1]);
    await end(bench);
  });

  it('accounts for all that was due when it is stopped', async () => {
    const bench: Bench = start(
      async (registers) => {
        await bench.clock.sleep(20_000);
        return shows(registers);
      },
      { meters, lanes: 2 },
    );
    await bench.clock.advance(FIRST_SLOT + 1000);
    await end(bench);
    expect(bench.counters).toMatchObject({ due: 6, read: 2, missing: 4 });
    expect(new Set(bench.rows.map(({ reading }) => reading.meter)).size).toBe(6);
  });
});
