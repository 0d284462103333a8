import { describe, expect, it } from 'vitest';
import { AmrError } from '../../../src/core/errors.ts';
import { type Bench, energy, failing, MINUTE, shows, start, voltage } from './poller-rig.ts';

/** From the start of the bench to its first slot. */
const FIRST_SLOT = 8 * MINUTE;
const lost = () => new AmrError('PORT_LOST', 'unplugged');

async function end({ stop, clock, ended }: Bench): Promise<void> {
  stop.abort();
  await clock.advance(10_000);
  await ended;
}

describe('a meter that is busy', () => {
  const busyUntil = (at: number) => {
    const asked: { meter: string; at: number }[] = [];
    const bench: Bench = start(
      async (registers, _, meter) => {
        asked.push({ meter, at: bench.clock.monotonic() - FIRST_SLOT });
        const isBusy = meter === 'm1' && bench.clock.monotonic() < FIRST_SLOT + at;
        return isBusy ? failing('METER_BUSY', registers) : shows(registers);
      },
      { meters: ['m1', 'm2'] },
    );
    return { bench, asked };
  };

  it('is asked again after a pause, while others are read, until it answers', async () => {
    const { bench, asked } = busyUntil(5000);
    await bench.clock.advance(FIRST_SLOT + MINUTE);
    expect(asked).toEqual([
      { meter: 'm1', at: 0 },
      { meter: 'm2', at: 0 },
      { meter: 'm1', at: 500 },
      { meter: 'm1', at: 2500 },
      { meter: 'm1', at: 7500 },
    ]);
    expect(bench.readingsOf('m1').map(({ quality }) => quality)).toEqual(['good']);
    await end(bench);
  });

  it('is not asked twice in a row, also where it was heard before', async () => {
    let asks = 0;
    const bench: Bench = start(async (registers) => {
      asks += 1;
      return bench.counters.read === 0 ? shows(registers) : failing('METER_BUSY', registers);
    });
    await bench.clock.advance(FIRST_SLOT + MINUTE);
    expect(bench.counters.read).toBe(1);
    asks = 0;
    await bench.clock.advance(14 * MINUTE);
    expect(asks).toBe(1);
    await end(bench);
  });

  it('is given up when the slot ends before the next pause does', async () => {
    const { bench, asked } = busyUntil(MINUTE * 60);
    await bench.clock.advance(FIRST_SLOT + 15 * MINUTE);
    const slot = asked.filter(({ meter, at }) => meter === 'm1' && at < 15 * MINUTE);
    // 0.5, 2, 5 and 15 s, then a minute each.
    expect(slot).toHaveLength(5 + 14);
    const [reading] = bench.readingsOf('m1');
    expect(reading).toMatchObject({ quality: 'missing', cause: 'METER_BUSY' });
    await end(bench);
  });

  it('is not waited for when the gateway ends', async () => {
    const { bench } = busyUntil(MINUTE * 60);
    await bench.clock.advance(FIRST_SLOT + MINUTE);
    expect(bench.readingsOf('m1')).toEqual([]);
    bench.finish.abort();
    await bench.clock.advance(0);
    await bench.ended;
    expect(bench.readingsOf('m1').map(({ cause }) => cause)).toEqual(['METER_BUSY']);
    expect(bench.counters).toMatchObject({ due: 2, read: 1, missing: 1 });
  });
});

describe('a read that the port cuts off', () => {
  /** A meter that was read once; then one register comes, and the port goes away. */
  const startCutting = async () => {
    const asks: string[][] = [];
    const bench: Bench = start(
      async (registers) => {
        asks.push(registers.map(({ name }) => name));
        const [first, ...rest] = registers;
        if (first === undefined || rest.length === 0 || bench.counters.read === 0) {
          return shows(registers);
        }
        bench.line.fault = lost();
        return { ...shows([first]), failures: [{ registers: rest, error: lost() }] };
      },
      { registers: [voltage, energy] },
    );
    await bench.clock.advance(FIRST_SLOT + MINUTE);
    expect(bench.counters.read).toBe(1);
    asks.length = 0;
    await bench.clock.advance(15 * MINUTE);
    expect([asks, bench.counters.read]).toEqual([[['voltage_l1', 'energy_active_import']], 1]);
    return { bench, asks };
  };

  it('is gone on with when the port is back: what was read is not asked for again', async () => {
    const { bench, asks } = await startCutting();
    bench.line.fault = null;
    await bench.clock.advance(2000);
    expect(asks.slice(1)).toEqual([['energy_active_import']]);
    const reading = bench.readingsOf('m1').at(1);
    expect(Object.keys(reading?.values ?? {})).toEqual([voltage.id, energy.id]);
    expect(reading?.quality).toBe('good');
    await end(bench);
  });

  it('gives what it has when the slot ends with the port still away', async () => {
    const { bench } = await startCutting();
    await bench.clock.advance(15 * MINUTE);
    expect(bench.readingsOf('m1').at(1)).toMatchObject({
      quality: 'suspect',
      values: { [voltage.id]: '1234.56', [energy.id]: null },
      flags: { [energy.id]: ['2.5.259'] },
    });
    expect(bench.counters).toMatchObject({ due: 2, read: 2, missing: 0 });
    await end(bench);
  });
});

describe('a meter at whose question the connection is closed', () => {
  it('does not keep the others from being read, and has its pauses', async () => {
    let questions = 0;
    const bench: Bench = start(
      async (registers, _, meter) => {
        if (meter !== 'm1') return shows(registers);
        questions += 1;
        bench.line.fault = lost();
        void bench.clock.sleep(100).then(() => {
          bench.line.fault = null;
        });
        return { values: [], failures: [{ registers, error: lost() }] };
      },
      { meters: ['m1', 'm2', 'm3'] },
    );
    await bench.clock.advance(FIRST_SLOT + 15 * MINUTE);
    for (const meter of ['m2', 'm3']) {
      const [reading] = bench.readingsOf(meter);
      expect(Date.parse(reading?.readAt ?? '') - Date.parse(reading?.slot ?? '')).toBeLessThan(
        5000,
      );
    }
    expect(bench.readingsOf('m1').map(({ cause }) => cause)).toEqual(['PORT_LOST']);
    expect(questions).toBeLessThan(25);
    await end(bench);
  });
});
