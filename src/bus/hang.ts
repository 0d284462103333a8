/** When a port that gives no byte is opened anew: adapters and connections may hang. */
import type { Clock } from '../core/clock.ts';

/** After so many exchanges without a single byte the port itself may hang. */
const SILENT_EXCHANGES = 10;
/** Where opening anew did not help, it is not tried again so soon: there may be no power. */
const RESTART_PAUSE_MS = 600_000;

/** Takes how many bytes each exchange brought; true when the port is to be opened anew. */
export function createHangWatch(clock: Clock): (bytes: number, isSilence: boolean) => boolean {
  let silent = 0;
  let restartedAt = Number.NEGATIVE_INFINITY;
  return (bytes, isSilence) => {
    if (bytes > 0) {
      silent = 0;
      restartedAt = Number.NEGATIVE_INFINITY;
      return false;
    }
    if (isSilence) silent += 1;
    if (silent < SILENT_EXCHANGES) return false;
    const now = clock.monotonic();
    if (now - restartedAt < RESTART_PAUSE_MS) return false;
    silent = 0;
    restartedAt = now;
    return true;
  };
}
