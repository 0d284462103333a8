/** The one word on a whole reading; rules that judge the numbers themselves add flags before. */
import type { ClockState } from '../core/clock.ts';
import { FLAG_ABSENT, type ReadFailure, type RegisterValue } from '../core/driver.ts';
import type { Quality } from '../core/reading.ts';

export interface Judged {
  readonly values: readonly RegisterValue[];
  readonly failures: readonly ReadFailure[];
}

/** Not there by the meter's own word: a phase or a tariff that it does not have. */
const isLacking = ({ error }: ReadFailure) => error.code === 'METER_UNSUPPORTED';
const isDoubted = ({ flags }: RegisterValue) => flags.some((flag) => flag !== FLAG_ABSENT);

/**
 * `missing` when not one register was read, `suspect` when one could not be read or is flagged,
 * `time-doubtful` when all is well but the gateway does not know the time. A register that the
 * meter says it does not have is flagged, but casts no doubt on the others.
 */
export function qualityOf({ values, failures }: Judged, clock: ClockState): Quality {
  if (values.length === 0) return 'missing';
  if (!failures.every(isLacking) || values.some(isDoubted)) return 'suspect';
  return clock === 'unsynced' ? 'time-doubtful' : 'good';
}
