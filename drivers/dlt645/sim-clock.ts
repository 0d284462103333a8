import type { MeterMemory } from '../../src/core/slave.ts';

/** 08H as a meter obeys it: clause 7.6 of 2007, which meters of 1997 follow as well. */
const LONGEST_CORRECTION_MS = 300_000;

const pairOf = (byte = 0) => byte.toString(16).padStart(2, '0');

/**
 * Takes ss mm hh DD MM YY, in silence: a time that is further away than five minutes is not taken,
 * nor a second one on the same day of the meter's own calendar.
 */
export function createClockSetting(memory: MeterMemory | undefined) {
  let setOn = '';
  return (payload: readonly number[]): void => {
    if (memory === undefined || payload.length !== 6) return;
    const [second, minute, hour, day, month, year] = payload.map(pairOf);
    const wanted = Date.parse(`20${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    const wall = memory.wallTime();
    const ms = wanted - Date.parse(`${wall}Z`);
    const today = wall.slice(0, 10);
    if (!(Math.abs(ms) <= LONGEST_CORRECTION_MS) || setOn === today) return;
    setOn = today;
    memory.moveClock(ms);
  };
}
