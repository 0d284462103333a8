/** What tries of one slot have brought together, and what that tells of the meter. */
import type { ReadFailure } from '../core/driver.ts';
import { NOTHING_READ, type RepeatedRead } from './repeat.ts';

export interface Outcome extends RepeatedRead {
  /** The meter's wall time of the freeze that was read. */
  readonly frozenAt: string | null;
}

/** How far a slot is that is tried again later: what was read is not asked for once more. */
export interface Progress {
  readonly outcome: Outcome;
  /** Tries that met nothing but silence. */
  readonly silences: number;
  /** Losses of the port in a row before which nothing new was read. */
  readonly losses: number;
  /** Tries that found the meter busy. */
  readonly refusals: number;
}

export const UNTRIED: Progress = {
  outcome: { ...NOTHING_READ, frozenAt: null },
  silences: 0,
  losses: 0,
  refusals: 0,
};

const isOf = (family: string) => (failure: ReadFailure) => failure.error.code.startsWith(family);

/** Nothing usable came from the meter: no byte, or no whole frame of its own. */
export const isSilence = (failure: ReadFailure) =>
  isOf('BUS_')(failure) && failure.error.code !== 'BUS_ABORTED';
export const isPortLoss = isOf('PORT_');
export const isBusy = ({ error }: ReadFailure) => error.code === 'METER_BUSY';

/** A driver may say of itself that the meter lacks a register, so that is no sign of life. */
const isAnswer = (failure: ReadFailure) =>
  failure.error.code !== 'METER_UNSUPPORTED' &&
  ['METER_', 'DATA_', 'FRAME_'].some((family) => isOf(family)(failure));

/** Whether the meter was heard: `none` where it was not asked, or the port was away. */
export function evidenceOf({
  values,
  failures,
  attempts,
}: RepeatedRead): 'answer' | 'silence' | 'none' {
  if (values.length > 0 || failures.some(isAnswer)) return 'answer';
  if (attempts === 0) return 'none';
  return failures.some(isSilence) ? 'silence' : 'none';
}
