import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../src/core/reading.ts';
import type { Register } from '../../../src/core/registers.ts';
import { type Bench, energy, MINUTE, START, shows, silent, start, voltage } from './poller-rig.ts';

const HOUR = 60 * MINUTE;
const HALF_MINUTE = 30_000;
const REGISTERS = [energy, voltage];
/** What an unanswered request takes of the line, its deadline and the quiet time behind it. */
const SILENCE_MS = 2500;
const ANSWER_MS = 200;
/** As the drivers do: after two silent requests and no answer the rest is not asked. */
const SILENCES = 2;

interface Line {
  readonly bench: Bench;
  /** Meters that do not answer at present. */
  readonly dead: Set<string>;
  /** Requests that a meter was sent and did not answer. */
  readonly unanswered: Map<string, number>;
  /** When each request was sent, and to whom. */
  readonly asked: { at: number; meter: string }[];
}

const named = (count: number) => Array.from({ length: count }, (_, index) => `m${index + 1}`);

/** One request a register, one after the other. */
function line(
  meters: readonly string[],
  {
    every,
    dead = [],
    answerMs = ANSWER_MS,
    jitter = every / 10,
  }: { every: number; dead?: readonly string[]; answerMs?: number; jitter?: number },
): Line {
  const away = new Set(dead);
  const unanswered = new Map<string, number>();
  const asked: Line['asked'] = [];

  async function read(registers: readonly Register[], _: unknown, meter: string) {
    for (let request = 1; request <= registers.length; request++) {
      asked.push({ at: bench.clock.monotonic(), meter });
      const isDead = away.has(meter);
      await bench.clock.sleep(isDead ? SILENCE_MS : answerMs);
      if (!isDead) continue;
      unanswered.set(meter, (unanswered.get(meter) ?? 0) + 1);
      if (request >= SILENCES) break;
    }
    return away.has(meter) ? silent(registers) : shows(registers);
  }

  const bench = start(read, { meters, plans: [every], registers: REGISTERS, jitter });
  return { bench, dead: away, unanswered, asked };
}

const qualities = (readings: readonly Reading[]) => readings.map(({ quality }) => quality);
const uniform = (count: number, quality: string) => Array.from({ length: count }, () => quality);

async function end({ stop, clock, ended }: Bench): Promise<void> {
  stop.abort();
  await clock.advance(10_000);
  await ended;
}

describe('meters that do not answer', () => {
  it('take no slot from a live one, read every 30 s beside four of them', async () => {
    const { bench, dead, unanswered } = line(named(5), {
      every: HALF_MINUTE,
      dead: ['m1', 'm2', 'm3', 'm4'],
    });
    await bench.clock.advance(HOUR + 20_000);
    expect(qualities(bench.readingsOf('m5'))).toEqual(uniform(120, 'good'));
    for (const meter of dead) {
      const readings = bench.readingsOf(meter);
      expect(new Set(readings.map(({ slot }) => slot)).size).toBe(120);
      expect(readings.map(({ cause }) => cause)).toEqual(uniform(120, 'BUS_NO_REPLY'));
      // At most four in the first slot, for which there is little time, one in each of the next
      // two, then 1, 2, 4, 8, 15, 15 minutes on.
      expect(unanswered.get(meter)).toBeLessThanOrEqual(12);
    }
    unanswered.clear();
    await bench.clock.advance(HOUR);
    expect([...unanswered.values()]).toEqual([4, 4, 4, 4]);
    await end(bench);
  });

  it.each([1, 4])('take no slot from the others of eight, %i of them dead', async (count) => {
    const dead = named(count);
    const { bench, unanswered } = line(named(8), { every: 15 * MINUTE, dead });
    await bench.clock.advance(12 * HOUR);
    for (const meter of named(8).slice(count)) {
      expect(qualities(bench.readingsOf(meter))).toEqual(uniform(48, 'good'));
    }
    for (const meter of dead) {
      expect(qualities(bench.readingsOf(meter))).toEqual(uniform(48, 'missing'));
      expect(unanswered.get(meter)).toBe(4 + 47);
    }
    const spentMs = [...unanswered.values()].reduce((sum, requests) => sum + requests, 0);
    expect((spentMs * SILENCE_MS) / (12 * HOUR)).toBeLessThan(0.003 * count);
    await end(bench);
  });

  it('are read again in their next slot after they are back', async () => {
    const { bench, dead } = line(named(8), { every: 15 * MINUTE, dead: ['m3'] });
    await bench.clock.advance(5 * HOUR);
    dead.clear();
    await bench.clock.advance(HOUR);
    const readings = bench.readingsOf('m3');
    expect(qualities(readings)).toEqual([...uniform(20, 'missing'), ...uniform(4, 'good')]);
    expect(Object.keys(readings.at(20)?.values ?? {})).toEqual(REGISTERS.map(({ id }) => id));
    await end(bench);
  });

  it('are read again within 15 minutes where slots are shorter, and in every slot from then on', async () => {
    const { bench, dead } = line(named(4), { every: HALF_MINUTE, dead: ['m2'] });
    await bench.clock.advance(2 * HOUR);
    dead.clear();
    await bench.clock.advance(HOUR);
    const later = qualities(bench.readingsOf('m2')).slice(240);
    const first = later.indexOf('good');
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(30);
    expect(later.slice(first)).toEqual(uniform(later.length - first, 'good'));
    await end(bench);
  });

  it('are found out by two requests; their retries, and later slots, come behind all others', async () => {
    const { bench, dead, asked } = line(named(3), { every: MINUTE, jitter: 0 });
    await bench.clock.advance(90_000);
    dead.add('m1');
    const rounds: string[] = [];
    for (let round = 0; round < 2; round++) {
      asked.length = 0;
      await bench.clock.advance(MINUTE);
      rounds.push(asked.map(({ meter }) => meter).join(' '));
    }
    expect(rounds).toEqual(['m1 m1 m2 m2 m3 m3 m1 m1', 'm2 m2 m3 m3 m1']);
    await end(bench);
  });

  it('are found again on a line that is never free', async () => {
    const slots = 40;
    const { bench, dead } = line(named(4), {
      every: HALF_MINUTE,
      dead: ['m1'],
      // Three meters of two requests: a little more than there is time for.
      answerMs: HALF_MINUTE / 6 + 10,
    });
    await bench.clock.advance((slots * HALF_MINUTE) / 2);
    dead.clear();
    await bench.clock.advance((slots * HALF_MINUTE) / 2 + 16 * MINUTE);
    expect(qualities(bench.readingsOf('m1'))).toContain('good');
    await end(bench);
  });

  it('are all asked in their next slot once the first answers after a time of silence', async () => {
    const meters = named(6);
    const { bench, dead } = line(meters, { every: HALF_MINUTE });
    for (const meter of meters) {
      await bench.clock.advance(5 * MINUTE);
      dead.add(meter);
    }
    await bench.clock.advance(2 * HOUR);
    dead.clear();
    await bench.clock.advance(HOUR);
    const firstGood = meters.map((meter) => {
      const later = bench
        .readingsOf(meter)
        .filter(({ readAt }) => Date.parse(readAt) > START + 150 * MINUTE);
      return later.findIndex(({ quality }) => quality === 'good');
    });
    const [first, last] = [Math.min(...firstGood), Math.max(...firstGood)];
    expect(first).toBeGreaterThanOrEqual(0);
    expect(last - first).toBeLessThanOrEqual(1);
    await end(bench);
  });
});
