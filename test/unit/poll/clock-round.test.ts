import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { ClockState } from '../../../src/core/clock.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createNotes } from '../../../src/core/notes.ts';
import type { AmrEvent } from '../../../src/core/reading.ts';
import { type ClockRound, runClockRounds } from '../../../src/poll/clock-round.ts';
import type { Schedule } from '../../../src/poll/slots.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const ZONE = 'Asia/Shanghai';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const at = (wall: string) => Date.parse(`2026-11-23T${wall}+08:00`);
const QUARTERS: Schedule = { kind: 'interval', everyMs: 15 * MINUTE };

interface Case {
  /** Seconds that each meter is off; `null` is silent. */
  readonly meters?: Readonly<Record<string, number | null>>;
  readonly start?: string;
  readonly at?: string;
  readonly schedules?: readonly Schedule[];
  readonly notes?: ReturnType<typeof createNotes>;
  readonly readMs?: number;
}

/** One bus whose meters are as told, and what was sent and told there. */
function rig(options: Case = {}) {
  const { meters = { m1: 90, m2: -3 }, start = '03:00:00', schedules = [QUARTERS] } = options;
  const clock = createVirtualClock(at(start));
  const sent: { wall: string; priority: string }[] = [];
  const events: AmrEvent[] = [];
  const asked: string[] = [];
  const state = { clock: 'synced' as ClockState, meters, sendFails: false };
  const line: { fault: AmrError | null } = { fault: null };
  const wall = () => new Date(clock.now() + 8 * 60 * MINUTE).toISOString().slice(11, 19);
  const round: ClockRound = {
    at: options.at ?? '03:20',
    thresholdMs: 60 * SECOND,
    schedules,
    meters: new Map(
      Object.keys(meters).map((meter) => [
        meter,
        {
          async readClock({ priority, signal }) {
            asked.push(`${meter} ${priority}`);
            await clock.sleep(options.readMs ?? 200, signal);
            const seconds = state.meters[meter];
            if (seconds == null) throw new AmrError('BUS_NO_REPLY', 'no answer came');
            return { meterTime: '', readAt: clock.now(), offsetMs: seconds * SECOND };
          },
        },
      ]),
    ),
    async broadcast({ priority }) {
      sent.push({ wall: wall(), priority });
      if (state.sendFails) throw new AmrError('PORT_LOST', 'unplugged');
    },
  };
  const stop = new AbortController();
  const deps = {
    bus: 'b1',
    line,
    notes: options.notes ?? createNotes(),
    clock,
    clockState: () => state.clock,
    zone: ZONE,
    log: pino({ level: 'silent' }),
    onEvent: (event: AmrEvent) => events.push(event),
  };
  const ended = runClockRounds(round, deps, stop.signal);
  return {
    clock,
    sent,
    events,
    asked,
    state,
    line,
    ended,
    stop,
    /** Lets the time pass until this wall time. */
    async until(time: string) {
      await clock.advance(at(time) - clock.now());
    },
  };
}

describe('the clocks of a bus', () => {
  it('are looked at behind all readings and set before them, with the offsets told', async () => {
    const { sent, events, asked, until } = rig({ meters: { m1: 90, m2: -3, m3: null } });
    await until('03:19:59');
    expect(asked).toEqual([]);
    await until('03:21:00');
    expect(asked).toEqual(['m1 backfill', 'm2 backfill', 'm3 backfill']);
    expect(sent.map(({ priority }) => priority)).toEqual(['control']);
    expect(events).toMatchObject([
      {
        type: 'clock.broadcast',
        severity: 'info',
        bus: 'b1',
        detail: { m1: 90, m2: -3, m3: null },
      },
    ]);
  });

  it('are set once a day, every day', async () => {
    const { sent, clock, until } = rig();
    await until('03:30:00');
    await clock.advance(2 * DAY);
    expect(sent.map(({ wall }) => wall.slice(0, 4))).toEqual(['03:2', '03:2', '03:2']);
  });

  it('are not set twice a day because of a restart', async () => {
    const notes = createNotes();
    const first = rig({ notes });
    await first.until('03:30:00');
    first.stop.abort();
    await first.ended;
    expect(first.sent).toHaveLength(1);
    const again = rig({ notes, start: '03:31:30' });
    await again.until('12:00:00');
    expect([again.sent, again.asked, again.events]).toEqual([[], [], []]);
    await again.clock.advance(DAY);
    expect(again.sent).toHaveLength(1);
  });

  it('are set where the gateway starts some hours late, and not half a day late', async () => {
    const late = rig({ start: '09:10:00', at: '03:20' });
    await late.until('09:12:00');
    expect(late.sent).toHaveLength(1);
    const tooLate = rig({ start: '09:21:30', at: '03:20' });
    await tooLate.until('23:59:00');
    expect(tooLate.asked).toEqual([]);
  });

  it.each([
    ['behind a slot', '03:15', [QUARTERS], '03:16'],
    ['before a slot', '03:29', [QUARTERS], '03:31'],
    ['away from midnight', '00:00', [], '00:05'],
    ['behind a daily plan', '04:00', [{ kind: 'daily', at: '04:04', isFreeze: true }], '04:09'],
    ['before a daily plan', '04:06', [{ kind: 'daily', at: '04:20', isFreeze: false }], '04:06'],
    ['behind a full hour', '04:00', [], '04:05'],
    [
      'away from both of two plans',
      '04:05',
      [QUARTERS, { kind: 'daily', at: '04:10', isFreeze: false }],
      '04:16',
    ],
  ] as const)('are set at the first good moment: %s', async (_, wanted, schedules, moment) => {
    const { sent, until } = rig({ start: '00:00:00', at: wanted, schedules });
    await until('06:00:00');
    expect(sent.map(({ wall }) => wall.slice(0, 5))).toEqual([moment]);
  });

  it.each([
    [{ m1: 120, m2: -3 }, '03:12:30', '03:16'],
    [{ m1: -3, m2: -120 }, '03:15:30', '03:18'],
    [{ m1: 240, m2: -240 }, '03:12:30', '03:20'],
    [{ m1: 120 }, '03:53:00', '04:05'],
    [{ m1: -120 }, '03:59:00', '04:07'],
  ] as const)(
    'are set where no clock jumps over an edge: %j at %s',
    async (meters, start, moment) => {
      const { sent, until } = rig({ start, at: '03:00', meters });
      await until('06:00:00');
      expect(sent.map(({ wall }) => wall.slice(0, 5))).toEqual([moment]);
    },
  );

  it('wait for a good moment again where reading took long', async () => {
    const { sent, until } = rig({ at: '03:20', readMs: 5 * MINUTE });
    await until('04:00:00');
    expect(sent.map(({ wall }) => wall.slice(0, 5))).toEqual(['03:31']);
  });

  it('are left alone where none is off by more than the threshold', async () => {
    const { sent, events, asked, until } = rig({ meters: { m1: 60, m2: -60 } });
    await until('12:00:00');
    expect([sent, events, asked.length]).toEqual([[], [], 2]);
  });

  it('are left alone where one is beyond what meters follow, which is told', async () => {
    const { sent, events, until } = rig({ meters: { m1: 90, m2: -301, m3: 300 } });
    await until('12:00:00');
    expect(sent).toEqual([]);
    expect(events).toMatchObject([
      { type: 'clock.meter-off', severity: 'warning', meter: 'm2', detail: { seconds: -301 } },
    ]);
  });

  it('are left alone where nobody answers', async () => {
    const { sent, events, until } = rig({ meters: { m1: null } });
    await until('12:00:00');
    expect(sent).toEqual([]);
    expect(events).toMatchObject([
      { type: 'clock.broadcast-missed', detail: { reason: 'no meter told its time' } },
    ]);
  });

  it('wait until the gateway knows the time, six hours at the most', async () => {
    const soon = rig();
    soon.state.clock = 'rtc';
    await soon.until('05:05:00');
    expect(soon.asked).toEqual([]);
    soon.state.clock = 'synced';
    await soon.until('05:06:00');
    expect(soon.sent).toHaveLength(1);
    const never = rig();
    never.state.clock = 'unsynced';
    await never.until('12:00:00');
    expect(never.asked).toEqual([]);
    expect(never.events).toMatchObject([
      {
        type: 'clock.broadcast-missed',
        severity: 'warning',
        detail: { reason: 'gateway clock not synchronised' },
      },
    ]);
  });

  it('wait for a port that is away', async () => {
    const bench = rig();
    bench.line.fault = new AmrError('PORT_LOST', 'unplugged');
    await bench.until('03:25:00');
    expect(bench.asked).toEqual([]);
    bench.line.fault = null;
    await bench.until('03:26:00');
    expect(bench.sent).toHaveLength(1);
  });

  it('are not told the time twice where the port went away meanwhile', async () => {
    const { sent, events, state, until } = rig();
    state.sendFails = true;
    await until('12:00:00');
    expect(sent).toHaveLength(1);
    expect(events).toMatchObject([
      { type: 'clock.broadcast-missed', detail: { reason: 'unplugged' } },
    ]);
  });

  it('are left in peace at once when the gateway stops', async () => {
    const bench = rig({ readMs: 10 * MINUTE });
    await bench.until('03:21:00');
    expect(bench.asked).toHaveLength(1);
    bench.stop.abort();
    await bench.clock.advance(0);
    await bench.ended;
    expect([bench.sent, bench.events]).toEqual([[], []]);
  });
});
