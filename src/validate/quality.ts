/** The one word on a whole reading; rules that judge the numbers themselves add flags before. */
import type { ClockState } from '../core/clock.ts';
import type { ReadFailure, RegisterValue } from '../core/driver.ts';
import type { Quality } from '../core/reading.ts';

export interface Judged {
  readonly values: readonly RegisterValue[];
  readonly failures: readonly ReadFailure[];
}

/**
 * `missing` when not one register was read, `suspect` when one is absent or flagged,
 * `time-doubtful` when all is well but the gateway does not know the time.
 */
export function qualityOf({ values, failures }: Judged, clock: ClockState): Quality {
  if (values.length === 0) return 'missing';
  if (failures.length > 0 || values.some(({ flags }) => flags.length > 0)) return 'suspect';
  return clock === 'unsynced' ? 'time-doubtful' : 'good';
}
