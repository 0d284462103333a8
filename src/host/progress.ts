/** Whether the daemon gets on: a timer that runs says nothing about a loop that hangs. */
import type { Clock } from '../core/clock.ts';

/** The longest rightful pause of a bus: between two attempts at a port that is away. */
const LONGEST_PAUSE_MS = 45_000;

/**
 * Alive while every number of `progress` has changed within the last 45 s. It is looked at on
 * every call; call it at least every 20 s.
 */
export function watchProgress(progress: () => readonly number[], clock: Clock): () => boolean {
  let marks = progress().map((count) => ({ count, at: clock.monotonic() }));
  return () => {
    const now = clock.monotonic();
    marks = progress().map((count, index) => {
      const mark = marks[index];
      return mark?.count === count ? mark : { count, at: now };
    });
    return marks.every(({ at }) => now - at <= LONGEST_PAUSE_MS);
  };
}
