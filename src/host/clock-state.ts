/** What the operating system knows of the time. */
import { existsSync } from 'node:fs';
import type { Clock, ClockState } from '../core/clock.ts';

/** systemd-timesyncd makes this file once it has set the clock. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';
/** A clock that shows an earlier time than this has lost it. */
const EARLIEST = Date.parse('2026-01-01T00:00:00Z');
const LOOK_MS = 10_000;

/** `unsynced` when plainly wrong, else what `source` says; auto knows timesyncd alone. */
export function watchClockState(
  clock: Clock,
  {
    source = 'auto',
    mark = SYNCHRONISED,
  }: { source?: 'auto' | 'synced' | 'rtc'; mark?: string } = {},
): () => ClockState {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isSynchronised = false;
  return () => {
    if (clock.now() < EARLIEST) return 'unsynced';
    if (source !== 'auto') return source;
    if (clock.monotonic() - lookedAt >= LOOK_MS) {
      lookedAt = clock.monotonic();
      isSynchronised = existsSync(mark);
    }
    return isSynchronised ? 'synced' : 'rtc';
  };
}
