import type { Clock } from '../core/clock.ts';
import type { MeterDisplay } from '../core/slave.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { calendarOf } from './calendar.ts';
import type { MeterKind } from './curve.ts';
import { createEvents } from './events.ts';
import { createLook } from './look.ts';
import { createMemory, freezeOf } from './memory.ts';

/**
 * The display of a simulated meter: a function of its seed and the time, and of nothing else but
 * the drift of its clock and the instant freezes that it was told to take.
 */
export interface DisplayOptions {
  readonly clock: Clock;
  readonly kind: MeterKind;
  readonly seed: number;
  /** IANA name of the zone whose midnights freeze and whose hours set the tariff. */
  readonly zone: string;
  /** Panels on the roof; none by default. */
  readonly solar?: boolean;
  /** How far the meter's own clock is ahead of `clock`; 0 by default. */
  readonly driftMs?: number;
}

/** A meter keeps this many daily freezes. */
const FREEZES_KEPT = 62;

/**
 * Shows energy with 2 decimals (8 digits), voltage 1, current 3, power and demand 4, power factor
 * 3 and frequency 2. Import never falls while the clock moves on; tariffs 1 to 4 sum to the total
 * but for the digits cut off; a single-phase meter has no registers of l2, l3 and reactive energy.
 */
export function createDisplay(options: DisplayOptions): MeterDisplay {
  const { clock, kind, seed, zone, solar = false, driftMs = 0 } = options;
  const calendar = calendarOf(zone);
  const events = createEvents({ kind, seed }, calendar);
  const look = createLook({ kind, seed, solar, calendar, events });

  return {
    show: (register) => look(register, Math.floor(clock.now())),
    showDailyFreeze(daysAgo) {
      if (daysAgo < 0 || daysAgo >= FREEZES_KEPT) return null;
      const at = calendar.day(calendar.indexOf(clock.now()) - daysAgo).start;
      return freezeOf(look, at, formatInstant(at, zone).slice(0, 19));
    },
    memory: createMemory({ clock, calendar, look, events, driftMs }),
  };
}
