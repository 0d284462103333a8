/** A wall clock that steps. Everything else in the gateway goes by a clock that does not. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readingIn } from '../entry.ts';
import type { Fault } from '../fault.ts';
import type { Rig } from '../rig.ts';
import { positionOf } from '../store-view.ts';
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

/** How often the headend has heard that the clock was set. */
const stepsTold = ({ headend }: Rig) =>
  headend.arrivals.filter(
    ({ stream, body }) => stream === 'event' && JSON.parse(body).type === 'clock.stepped',
  ).length;

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

const isTold = (rig: Rig, times: number) => () => stepsTold(rig) >= times;
const isReadNow = (rig: Rig, aheadMs: number) => () =>
  hasReadingNear(rig, () => Date.now() + aheadMs);

/** Slots of the hour that was jumped over are missing, and said to be; then it goes on. */
async function stepForward(rig: Rig): Promise<void> {
  const { meters } = rig.settings;
  const clock = createClock(rig);
  clock.set(0);
  await rig.start(clock.surroundings);
  await rig.flow(2 * meters);
  clock.set(HOUR_MS);
  await until('the step to be told', isTold(rig, 1));
  await until('a reading after it', isReadNow(rig, HOUR_MS));
  await until('the hour to be acknowledged', () => {
    const { head, acked } = positionOf(rig.dataDir) ?? { head: 1, acked: 0 };
    return head === acked;
  });
  await rig.flow(2 * meters);
}

/** The hour that comes again has been read already: nothing is read twice. */
async function stepBack(rig: Rig): Promise<void> {
  const { meters } = rig.settings;
  const clock = createClock(rig);
  clock.set(HOUR_MS);
  await rig.start(clock.surroundings);
  await rig.flow(2 * meters);
  clock.set(0);
  await until('the step to be told', isTold(rig, 1));
  clock.set(HOUR_MS);
  await until('the step to be told', isTold(rig, 2));
  await rig.flow(4 * meters);
}

async function bootAt1970(rig: Rig): Promise<void> {
  const clock = createClock(rig);
  const bootedAt = Date.now();
  clock.set(-bootedAt);
  await rig.start(clock.surroundings);
  await rig.flow(4 * rig.settings.meters);
  if (!rig.headend.clocks.has('unsynced')) rig.complain('it trusts a clock of 1970');
  clock.set(0);
  await until('the step to be told', isTold(rig, 1));
  await until('a reading after it', isReadNow(rig, 0));
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
    run: stepForward,
  },
  {
    ...common,
    name: 'clock-back',
    breaks: 'the clock is put back by an hour, and on again',
    run: stepBack,
  },
  {
    ...common,
    name: 'clock-1970',
    breaks: 'it boots in 1970 and hears the time later',
    run: bootAt1970,
  },
];
