/**
 * The clocks of the meters of one bus, looked at once a day and set for all at once where one of
 * them is off. Offsets are the meter's clock less the gateway's.
 */
import type { Logger } from 'pino';
import type { Clock, ClockState } from '../core/clock.ts';
import type { DriverSession, TimeBroadcast } from '../core/driver.ts';
import { toAmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import type { Notes } from '../core/notes.ts';
import type { AmrEvent } from '../core/reading.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { type BroadcastReason, LARGEST_DRIFT_MS, mayBroadcast } from './broadcast-guard.ts';
import { DAILY_WINDOW_MS, type Schedule, type Slot, slotAfter } from './slots.ts';

/** What is done on one bus. */
export interface ClockRound {
  /** Not before this wall time, `HH:mm`; then at the first moment that the guard allows. */
  readonly at: string;
  /** A meter must be off by more than this before anything is sent. */
  readonly thresholdMs: number;
  /** The meters that hear the broadcast, by id, and whose clock can be read. */
  readonly meters: ReadonlyMap<string, Pick<Required<DriverSession>, 'readClock'>>;
  /** Of all plans on the bus: their slots and freezes are kept away from. */
  readonly schedules: readonly Schedule[];
  readonly broadcast: (options: TimeBroadcast) => Promise<void>;
}

export interface ClockRoundDeps {
  readonly bus: string;
  readonly line: Pick<Line, 'fault'>;
  /** Of the bus: the last broadcast, so that a restart does not repeat it. */
  readonly notes: Notes;
  readonly clock: Clock;
  readonly clockState: () => ClockState;
  readonly zone: string;
  readonly log: Logger;
  readonly onEvent: (event: AmrEvent) => void;
}

/** Milliseconds by meter, `null` where it did not tell its time. */
type Offsets = ReadonlyMap<string, number | null>;

const LAST_BROADCAST = 'clock.broadcast';
/** While a good moment is waited for. */
const LOOK_MS = 10_000;
/** However far the next slot is: the wall clock may be set meanwhile. */
const LONGEST_SLEEP_MS = 60_000;

/** One look at the clocks, with all that follows from it. Never rejects. */
function createRound(round: ClockRound, deps: ClockRoundDeps, signal: AbortSignal) {
  const { clock, zone, line, notes, log } = deps;

  function tell(event: Pick<AmrEvent, 'type' | 'severity' | 'detail' | 'meter'>): void {
    deps.onEvent({ at: formatInstant(clock.now(), zone), bus: deps.bus, ...event });
  }
  const tellMissed = (reason: string) =>
    tell({ type: 'clock.broadcast-missed', severity: 'warning', detail: { reason } });

  function reasonNow(offsetsMs: readonly number[]): BroadcastReason | 'the port is away' {
    if (line.fault !== null) return 'the port is away';
    const last = notes.recall(LAST_BROADCAST);
    return mayBroadcast({
      isConfigured: true,
      clockState: deps.clockState(),
      now: clock.now(),
      lastBroadcastAt: last === null ? null : Number(last),
      offsetsMs,
      schedules: round.schedules,
      zone,
    }).reason;
  }

  /** The first moment of the slot at which the guard has nothing against it, or what it still has. */
  async function reasonInTime({ closesAt }: Slot, offsetsMs: readonly number[]) {
    for (;;) {
      const reason = reasonNow(offsetsMs);
      const isOver = reason === 'due' || reason === 'already sent today';
      if (isOver || signal.aborted || clock.now() >= closesAt) return reason;
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** Behind everything that is due: a clock is as wrong a minute later. */
  async function readOffsets(): Promise<Offsets> {
    const offsets = new Map<string, number | null>();
    for (const [meter, session] of round.meters) {
      if (signal.aborted) break;
      try {
        const reading = await session.readClock({ clock, zone, priority: 'backfill', signal });
        offsets.set(meter, reading.offsetMs);
      } catch (thrown) {
        log.debug({ meter, code: toAmrError(thrown).code }, 'clock of the meter not read');
        offsets.set(meter, null);
      }
    }
    return offsets;
  }

  /** The offsets that were told, `null` where they leave nothing to send. */
  function offsetsToSet(offsets: Offsets): number[] | null {
    const told = [...offsets].flatMap(([meter, ms]) => (ms === null ? [] : [{ meter, ms }]));
    const beyond = told.filter(({ ms }) => Math.abs(ms) > LARGEST_DRIFT_MS);
    for (const { meter, ms } of beyond) {
      const detail = { seconds: inSeconds(ms) };
      tell({ type: 'clock.meter-off', severity: 'warning', meter, detail });
    }
    if (told.length === 0) tellMissed('no meter told its time');
    if (told.length === 0 || beyond.length > 0) return null;
    const all = told.map(({ ms }) => ms);
    return all.some((ms) => Math.abs(ms) > round.thresholdMs) ? all : null;
  }

  /** Before all others: the moment was found good, and must not pass in a queue. */
  async function send(offsets: Offsets): Promise<void> {
    // Noted first: what may have been sent must not be sent again.
    notes.note(LAST_BROADCAST, String(clock.now()));
    try {
      await round.broadcast({ clock, zone, priority: 'control', signal });
      const entries = [...offsets].map(([meter, ms]) => [
        meter,
        ms === null ? null : inSeconds(ms),
      ]);
      tell({ type: 'clock.broadcast', severity: 'info', detail: Object.fromEntries(entries) });
    } catch (thrown) {
      if (!signal.aborted) tellMissed(toAmrError(thrown).message);
    }
  }

  return async (slot: Slot): Promise<void> => {
    const reason = await reasonInTime(slot, [0]);
    if (signal.aborted || reason === 'already sent today') return;
    if (reason !== 'due') return tellMissed(reason);
    const offsets = await readOffsets();
    const told = signal.aborted ? null : offsetsToSet(offsets);
    if (told === null) return;
    const then = await reasonInTime(slot, told);
    if (signal.aborted) return;
    if (then !== 'due') return tellMissed(then);
    await send(offsets);
  };
}

/** Looks at the clocks every day, and ends with the signal. */
export async function runClockRounds(
  round: ClockRound,
  deps: ClockRoundDeps,
  signal: AbortSignal,
): Promise<void> {
  const { clock, zone } = deps;
  const schedule: Schedule = { kind: 'daily', at: round.at, isFreeze: false };
  const perform = createRound(round, deps, signal);
  let doneAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const now = clock.now();
    // A slot that is open as the gateway starts is taken. A clock that was set back brings the slot
    // once more; what was sent is noted.
    const since = Math.max(now - DAILY_WINDOW_MS, Math.min(doneAt, now));
    const slot = slotAfter(since, schedule, zone);
    if (now >= slot.opensAt) {
      await perform(slot);
      doneAt = slot.opensAt;
    } else {
      const wait = Math.min(slot.opensAt - now, LONGEST_SLEEP_MS);
      await clock.sleep(wait, signal).catch(() => undefined);
    }
  }
}

const inSeconds = (ms: number) => Math.round(ms / 1000);
