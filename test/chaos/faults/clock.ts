/** A wall clock that steps. Everything else in the gateway goes by a clock that does not. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readingIn } from '../entry.ts';
import type { Fault } from '../fault.ts';
import type { Rig } from '../rig.ts';
import { until } from '../until.ts';

const HOUR_MS = 3_600_000;

function createClock({ dir }: Rig) {
  const file = join(dir, 'clock');
  const set = (aheadMs: number) => {
    writeFileSync(`${file}.new`, `${Math.round(aheadMs)}\n`);
    renameSync(`${file}.new`, file);
  };
  return { set, surroundings: { preload: ['clock'], env: { AMR_CHAOS_CLOCK: file } } };
}

const hasEvent = ({ headend }: Rig, type: string) =>
  headend.arrivals.some(({ stream, body }) => stream === 'event' && JSON.parse(body).type === type);

/** A reading that was read by the clock as it is after the step. */
const hasReadingNear = ({ headend }: Rig, at: () => number) =>
  headend.arrivals.some((arrival) => {
    const reading = readingIn(arrival);
    return (
      reading !== null &&
      reading.quality === 'good' &&
      Math.abs(Date.parse(reading.readAt) - at()) < 60_000
    );
  });

function step(byMs: number): Fault['run'] {
  return async (rig: Rig) => {
    const clock = createClock(rig);
    clock.set(0);
    await rig.start(clock.surroundings);
    await rig.flow(2 * rig.settings.meters);
    clock.set(byMs);
    await until('the step to be told', () => hasEvent(rig, 'clock.stepped'));
    await until('a reading after it', () => hasReadingNear(rig, () => Date.now() + byMs), 120_000);
    await rig.flow(2 * rig.settings.meters);
  };
}

async function bootAt1970(rig: Rig): Promise<void> {
  const clock = createClock(rig);
  const bootedAt = Date.now();
  clock.set(-bootedAt);
  await rig.start(clock.surroundings);
  await rig.flow(4 * rig.settings.meters);
  if (!rig.headend.clocks.has('unsynced')) rig.complain('it trusts a clock of 1970');
  clock.set(0);
  await until('the step to be told', () => hasEvent(rig, 'clock.stepped'));
  await until('a reading after it', () => hasReadingNear(rig, Date.now), 120_000);
  await rig.flow(2 * rig.settings.meters);
}

const common = {
  quick: false,
  needs: ['mosquitto'],
  // A step of an hour makes as many slots as there are periods in it.
  settings: { meters: 4, everyS: 10 },
  bounds: { hasTrueTime: false, gapMs: 30_000 },
} as const;

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    ...common,
    name: 'clock-forward',
    breaks: 'the clock is put on by an hour',
    run: step(HOUR_MS),
  },
  {
    ...common,
    name: 'clock-back',
    breaks: 'the clock is put back by an hour',
    run: step(-HOUR_MS),
  },
  {
    ...common,
    name: 'clock-1970',
    breaks: 'it boots in 1970 and hears the time later',
    run: bootAt1970,
  },
];
