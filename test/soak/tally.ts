/** What became of the reads of one line, and what of it is wrong. */
import type { ItemAnswer } from '../../drivers/dlt645/ask.ts';
import type { FieldValue } from '../../drivers/dlt645/values.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Asked } from './answers.ts';
import type { ChanceFrames } from './closed-by-chance.ts';
import { isSameSlot, itemHex, type Mark, METERS, markHex, markOf, refusalMark } from './marks.ts';

/** One read, of however many frames. */
export interface Read extends Omit<Asked, 'sequence'> {
  /** How many frames noise had made when it began. */
  readonly chanceFrames: number;
}

export interface Tally {
  reads: number;
  answered: number;
  values: number;
  /** Of those answered: the beginning alone came, and the driver says so. */
  cutShort: number;
  refused: number;
  wrongMeter: number;
  wrongItem: number;
  /** A value at another place of its block, or a block that is not whole. */
  wrongPlace: number;
  wrongSlot: number;
  /** Frames that noise had made and that the checksum let pass. */
  closedByChance: number;
  /** Thrown things that are no error of the contract. */
  defects: number;
  readonly failures: Record<string, number>;
}

export const createTally = (): Tally => ({
  reads: 0,
  answered: 0,
  values: 0,
  cutShort: 0,
  refused: 0,
  wrongMeter: 0,
  wrongItem: 0,
  wrongPlace: 0,
  wrongSlot: 0,
  closedByChance: 0,
  defects: 0,
  failures: {},
});

/** What is judged, and by what. */
interface Judged {
  readonly read: Read;
  readonly chance: ChanceFrames;
}

type Verdict = 'wrongMeter' | 'wrongItem' | 'wrongPlace' | 'wrongSlot' | 'closedByChance' | null;

function marksOf(values: readonly FieldValue[]): Mark[] {
  return values.flatMap(({ value }) =>
    value === null || typeof value === 'string' ? [] : [markOf(value)],
  );
}

/** All values are to be there, or fewer where the driver says that the answer was cut short. */
function judgeMarks(marks: readonly Mark[], read: Read, isCutShort: boolean): Verdict {
  if (marks.some(({ meter }) => meter !== read.meter)) return 'wrongMeter';
  if (marks.some(({ item }) => item !== read.item)) return 'wrongItem';
  if (marks.some((mark) => !isSameSlot(mark, read.slot))) return 'wrongSlot';
  const isWhole = isCutShort ? marks.length < read.values : marks.length === read.values;
  return isWhole && marks.every(({ place }, at) => place === at) ? null : 'wrongPlace';
}

/** The refusal's one byte bears the meter and a part of the slot. */
function judgeRefusal(err: string, read: Read, chance: ChanceFrames): Verdict {
  const wanted = refusalMark(read.meter, read.slot);
  const mark = Number(err);
  if (mark === wanted) return null;
  if (chance.hold(err.slice(2).toLowerCase())) return 'closedByChance';
  return mark >> 6 === read.meter ? 'wrongSlot' : 'wrongMeter';
}

function countError(tally: Tally, { read, chance }: Judged, error: AmrError): void {
  tally.failures[error.code] = (tally.failures[error.code] ?? 0) + 1;
  const { err } = error.context;
  if (typeof err !== 'string') return;
  tally.refused += 1;
  const verdict = judgeRefusal(err, read, chance);
  if (verdict !== null) tally[verdict] += 1;
}

export function countAnswer(tally: Tally, judged: Judged, answer: ItemAnswer): void {
  const { read, chance } = judged;
  const { values, cutShort, address } = answer;
  const marks = marksOf(values);
  tally.answered += 1;
  tally.values += marks.length;
  if (cutShort !== undefined) {
    tally.cutShort += 1;
    countError(tally, judged, cutShort);
  }
  if (address !== METERS[read.meter]) tally.wrongMeter += 1;
  let verdict = judgeMarks(marks, read, cutShort !== undefined);
  // A frame that ends the answer too early need not hold a value.
  const isByChance =
    marks.some((mark) => chance.hold(markHex(mark))) ||
    (verdict === 'wrongPlace' && chance.hold(itemHex(read.item), read.chanceFrames));
  if (marks.length < values.length || (verdict !== null && isByChance)) verdict = 'closedByChance';
  if (verdict !== null) tally[verdict] += 1;
}

export function countFailure(tally: Tally, judged: Judged, thrown: unknown): void {
  if (thrown instanceof AmrError && thrown.code !== 'INTERNAL') countError(tally, judged, thrown);
  else tally.defects += 1;
}
