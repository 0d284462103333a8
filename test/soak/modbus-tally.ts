/** What became of the reads of one bus, and what of it is wrong. */
import { exceptionIn } from '../../drivers/modbus/link.ts';
import { AmrError } from '../../src/core/errors.ts';
import { type Asked, codeOf, exceptionOf, isSameSlot, markOf } from './modbus-marks.ts';

export interface Tally {
  reads: number;
  answered: number;
  refused: number;
  wrongUnit: number;
  wrongTable: number;
  wrongAddress: number;
  wrongSlot: number;
  /** Content that nobody sent: noise that the check let pass. */
  closedByChance: number;
  /** Thrown things that are no error of the contract. */
  defects: number;
  readonly failures: Record<string, number>;
}

export const createTally = (): Tally => ({
  reads: 0,
  answered: 0,
  refused: 0,
  wrongUnit: 0,
  wrongTable: 0,
  wrongAddress: 0,
  wrongSlot: 0,
  closedByChance: 0,
  defects: 0,
  failures: {},
});

/** True for a PDU, in hex, that somebody sent lately. */
export type WasSent = (pdu: string) => boolean;

const hexOf = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('hex');

type Verdict = 'wrongUnit' | 'wrongTable' | 'wrongAddress' | 'wrongSlot' | 'closedByChance' | null;

function judge(asked: Asked, content: Uint8Array, wasSent: WasSent): Verdict {
  const mark = markOf(content);
  const code = codeOf(asked);
  if (!wasSent(hexOf([code, content.length, ...content]))) return 'closedByChance';
  if (mark.unit !== asked.unit) return 'wrongUnit';
  if (mark.code !== code) return 'wrongTable';
  if (mark.address !== asked.address) return 'wrongAddress';
  return isSameSlot(mark, asked.slot) ? null : 'wrongSlot';
}

export function countAnswer(
  tally: Tally,
  { asked, wasSent }: { readonly asked: Asked; readonly wasSent: WasSent },
  content: Uint8Array,
): void {
  tally.answered += 1;
  const verdict = judge(asked, content, wasSent);
  if (verdict !== null) tally[verdict] += 1;
}

export function countFailure(
  tally: Tally,
  { asked, wasSent }: { readonly asked: Asked; readonly wasSent: WasSent },
  thrown: unknown,
): void {
  if (!(thrown instanceof AmrError) || thrown.code === 'INTERNAL') {
    tally.defects += 1;
    return;
  }
  tally.failures[thrown.code] = (tally.failures[thrown.code] ?? 0) + 1;
  const exception = exceptionIn(thrown);
  if (exception === null) return;
  tally.refused += 1;
  if (exception === exceptionOf(asked)) return;
  const isSent = wasSent(hexOf([codeOf(asked) | 0x80, exception]));
  tally[isSent ? 'wrongSlot' : 'closedByChance'] += 1;
}
