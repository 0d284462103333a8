import { describe, expect, it } from 'vitest';
import { AmrError } from '../../../src/core/errors.ts';
import { readingSchema } from '../../../src/core/reading.ts';
import { MINUTE, shows, silent, start } from './poller-rig.ts';

describe('the poller', () => {
  it('stores one reading for each slot of each meter, on the wall clock of the zone', async () => {
    const bench = start(async (registers) => shows(registers), { meters: ['m1', 'm2'] });
    await bench.clock.advance(60 * MINUTE);
    expect(bench.rows.map(({ reading }) => `${reading.meter} ${reading.slot}`)).toEqual([
      'm1 2026-11-23T10:15:00.000+08:00',
      'm2 2026-11-23T10:15:00.000+08:00',
      'm1 2026-11-23T10:30:00.000+08:00',
      'm2 2026-11-23T10:30:00.000+08:00',
      'm1 2026-11-23T10:45:00.000+08:00',
      'm2 2026-11-23T10:45:00.000+08:00',
      'm1 2026-11-23T11:00:00.000+08:00',
      'm2 2026-11-23T11:00:00.000+08:00',
    ]);
    expect(bench.counters).toMatchObject({ due: 8, read: 8, missing: 0 });
    for (const { reading, stream } of bench.rows) {
      expect(stream).toBe('curve');
      expect(readingSchema.parse(reading)).toMatchObject({
        kind: 'interval',
        source: 'poll',
        quality: 'good',
        values: { '1-0:1.8.0': '1234.56' },
      });
    }
    bench.stop.abort();
    await bench.ended;
  });

  it('names a slot that failed after all tries as missing, with the cause', async () => {
    let tries = 0;
    const bench = start(async (registers) => {
      tries += 1;
      return silent(registers);
    });
    await bench.clock.advance(10 * MINUTE);
    expect(tries).toBe(3);
    expect(bench.rows.map(({ reading }) => reading)).toMatchObject([
      { quality: 'missing', values: {}, cause: 'BUS_NO_REPLY' },
    ]);
    expect(bench.counters).toMatchObject({ due: 1, read: 0, missing: 1 });
    bench.stop.abort();
    await bench.ended;
  });

  it('waits for a port that is away and reads the slot when it is back', async () => {
    const bench = start(async (registers) => shows(registers));
    bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
    await bench.clock.advance(12 * MINUTE);
    expect(bench.rows).toEqual([]);
    bench.line.fault = null;
    await bench.clock.advance(MINUTE);
    expect(bench.rows.map(({ reading }) => [reading.slot, reading.quality])).toEqual([
      ['2026-11-23T10:15:00.000+08:00', 'good'],
    ]);
    bench.stop.abort();
    await bench.ended;
  });

  it('gives a slot up when it ends with the port still away, and says so', async () => {
    const bench = start(async (registers) => shows(registers));
    bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
    await bench.clock.advance(24 * MINUTE);
    expect(bench.rows.map(({ reading }) => [reading.slot, reading.cause])).toEqual([
      ['2026-11-23T10:15:00.000+08:00', 'PORT_LOST'],
    ]);
    bench.stop.abort();
    await bench.ended;
  });

  it('keeps readings while the store refuses them', async () => {
    const bench = start(async (registers) => shows(registers));
    bench.state.refusals = 5;
    await bench.clock.advance(9 * MINUTE);
    expect(bench.rows).toHaveLength(1);
    expect(bench.counters.read).toBe(1);
    bench.stop.abort();
    await bench.ended;
  });

  it('accounts for what was due when it is stopped', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const bench = start(
      async (registers) => {
        await answered;
        return shows(registers);
      },
      { meters: ['m1', 'm2', 'm3'] },
    );
    await bench.clock.advance(9 * MINUTE);
    bench.stop.abort();
    answer();
    await bench.ended;
    expect(bench.rows.map(({ reading }) => reading.cause ?? reading.quality)).toEqual([
      'good',
      'GATEWAY_STOPPED',
      'GATEWAY_STOPPED',
    ]);
    expect(bench.counters).toMatchObject({ due: 3, read: 1, missing: 2 });
  });

  it('reads what is due, and no more, when it is to finish', async () => {
    const bench = start(
      async (registers) => {
        await bench.clock.sleep(7 * MINUTE);
        return shows(registers);
      },
      { meters: ['m1', 'm2'] },
    );
    await bench.clock.advance(9 * MINUTE);
    bench.finish.abort();
    await bench.clock.advance(60 * MINUTE);
    await bench.ended;
    expect(bench.counters).toMatchObject({ due: 2, read: 2, missing: 0 });
  });

  it('names slots that went by while the bus was busy', async () => {
    const bench = start(
      async (registers) => {
        await bench.clock.sleep(40 * MINUTE);
        return shows(registers);
      },
      { meters: ['m1'] },
    );
    await bench.clock.advance(49 * MINUTE);
    const slots = bench.rows.map(({ reading }) => [reading.slot.slice(11, 16), reading.cause]);
    expect(slots).toEqual([
      ['10:15', undefined],
      ['10:30', 'SLOT_EXPIRED'],
    ]);
    bench.stop.abort();
    await bench.clock.advance(60 * MINUTE);
    await bench.ended;
  });

  it('follows a wall clock that was set by years, with an event and without a flood', async () => {
    const bench = start(async (registers) => shows(registers));
    await bench.clock.advance(9 * MINUTE);
    bench.clock.step(3 * 365 * 24 * 60 * MINUTE);
    await bench.clock.advance(20 * MINUTE);
    expect(bench.rows.map(({ stream }) => stream)).toEqual(['curve', 'event', 'event', 'curve']);
    expect(bench.rows.map(({ reading }) => Reflect.get(reading, 'type')).filter(Boolean)).toEqual([
      'clock.stepped',
      'poll.slots-skipped',
    ]);
    bench.stop.abort();
    await bench.ended;
  });

  it('gives every slot once over a step of the clock by an hour in either direction', async () => {
    const bench = start(async (registers) => shows(registers));
    await bench.clock.advance(9 * MINUTE);
    bench.clock.step(60 * MINUTE);
    await bench.clock.advance(20 * MINUTE);
    bench.clock.step(-60 * MINUTE);
    await bench.clock.advance(180 * MINUTE);
    const slots = bench.rows
      .filter(({ stream }) => stream === 'curve')
      .map(({ reading }) => reading.slot);
    expect(new Set(slots).size).toBe(slots.length);
    const first = Date.parse(slots[0] ?? '');
    expect(slots.map((slot) => (Date.parse(slot) - first) / (15 * MINUTE))).toEqual(
      slots.map((_, index) => index),
    );
    bench.stop.abort();
    await bench.ended;
  });

  it('reads plans that meet in a slot together: one reading of all registers', async () => {
    const bench = start(async (registers) => shows(registers), {
      plans: [15 * MINUTE, 5 * MINUTE],
    });
    await bench.clock.advance(9 * MINUTE);
    const rows = bench.rows.map(({ reading, stream }) => [
      stream,
      reading.slot.slice(11, 16),
      Object.keys(reading.values),
    ]);
    expect(rows).toEqual([
      ['curve', '10:10', ['1-0:1.8.0', '1-0:32.7.0']],
      ['curve', '10:15', ['1-0:1.8.0', '1-0:32.7.0']],
    ]);
    bench.stop.abort();
    await bench.ended;
  });

  it('writes what ends while a port is away, though longer slots wait for it', async () => {
    const bench = start(async (registers) => shows(registers), {
      plans: [15 * MINUTE, MINUTE],
    });
    await bench.clock.advance(8 * MINUTE);
    bench.rows.length = 0;
    bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
    await bench.clock.advance(5 * MINUTE + 1000);
    expect(bench.rows.map(({ reading }) => [reading.slot.slice(11, 16), reading.cause])).toEqual([
      ['10:16', 'PORT_LOST'],
      ['10:17', 'PORT_LOST'],
      ['10:18', 'PORT_LOST'],
      ['10:19', 'PORT_LOST'],
    ]);
    bench.stop.abort();
    await bench.ended;
  });

  it('keeps the longest of the slots that meet, with the registers of all, for the port', async () => {
    const bench = start(async (registers) => shows(registers), {
      plans: [15 * MINUTE, MINUTE],
    });
    await bench.clock.advance(7 * MINUTE + 30_000);
    bench.rows.length = 0;
    bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
    await bench.clock.advance(4 * MINUTE);
    expect(bench.rows.map(({ reading }) => [reading.slot.slice(11, 16), reading.cause])).toEqual([
      ['10:16', 'PORT_LOST'],
      ['10:17', 'PORT_LOST'],
    ]);
    bench.line.fault = null;
    await bench.clock.advance(2000);
    const late = bench.rows.find(({ reading }) => reading.slot.slice(11, 16) === '10:15');
    expect(late?.reading.quality).toBe('good');
    expect(Object.keys(late?.reading.values ?? {})).toEqual(['1-0:1.8.0', '1-0:32.7.0']);
    bench.stop.abort();
    await bench.ended;
  });

  it('tries a slot again whose reading was cut off by the loss of the port', async () => {
    let calls = 0;
    const bench = start(async (registers) => {
      calls += 1;
      if (calls > 1) return shows(registers);
      bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
      throw bench.line.fault;
    });
    await bench.clock.advance(9 * MINUTE);
    expect([calls, bench.rows.length, bench.counters.due]).toEqual([1, 0, 0]);
    bench.line.fault = null;
    await bench.clock.advance(MINUTE);
    expect(bench.rows.map(({ reading }) => reading.quality)).toEqual(['good']);
    expect(bench.counters).toMatchObject({ due: 1, read: 1, missing: 0 });
    bench.stop.abort();
    await bench.ended;
  });

  it('goes on at once after a clock that was hours ahead, with new revisions', async () => {
    const bench = start(async (registers) => shows(registers));
    await bench.clock.advance(9 * MINUTE);
    bench.clock.step(-8 * 60 * MINUTE);
    await bench.clock.advance(8 * 60 * MINUTE + 15 * MINUTE);
    const curve = bench.rows.filter(({ stream }) => stream === 'curve');
    const identities = curve.map(({ reading }) => `${reading.slot} ${reading.rev ?? 0}`);
    expect(new Set(identities).size).toBe(identities.length);
    expect(identities[1]).toBe('2026-11-23T02:30:00.000+08:00 0');
    expect(identities).toContain('2026-11-23T10:15:00.000+08:00 0');
    expect(identities).toContain('2026-11-23T10:15:00.000+08:00 1');
    bench.stop.abort();
    await bench.ended;
  });
});
