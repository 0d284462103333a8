/** Randomised exchanges on several lines at a time, and the figures of them all. */
import { createFastClock } from './fast-clock.ts';
import { type LineOutcome, type LineSettings, runLine } from './line-run.ts';
import { createRandom } from './random.ts';

const LINES: readonly LineSettings[] = [
  { habit: 'quarantined', baudRate: 1200, latencyMs: 0 },
  { habit: 'quarantined', baudRate: 2400, latencyMs: 50 },
  { habit: 'quarantined', baudRate: 9600, latencyMs: 200 },
  { habit: 'overlate', baudRate: 2400, latencyMs: 0 },
  { habit: 'copying', baudRate: 2400, latencyMs: 0 },
];

export interface Figures {
  readonly exchanges: number;
  readonly seed: number;
  readonly reads: number;
  readonly answered: number;
  readonly values: number;
  /** Answers of which the beginning alone came, marked so. */
  readonly cutShort: number;
  readonly refused: number;
  /** On all lines. Each must be 0. */
  readonly wrongMeter: number;
  readonly wrongItem: number;
  readonly wrongPlace: number;
  readonly defects: number;
  /** On lines where all that is late begins within latency + first byte + quiet. Must be 0. */
  readonly wrongSlot: number;
  /** What the protocol gives no means to tell apart. */
  readonly indistinguishable: {
    /** Answers with meter and identifier of the open request that began after the quiet time. */
    readonly laterThanQuiet: number;
    /** The same that came once more, after they had been taken, during the next request. */
    readonly copiesOfTaken: number;
    /** Broken frames, or noise, that the one byte of checksum let pass. */
    readonly closedByChance: number;
  };
  readonly lateFrames: number;
  readonly foreignFrames: number;
  readonly echoes: number;
  readonly timeouts: number;
  readonly chanceFrames: number;
  readonly answersByKind: Readonly<Record<string, number>>;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly virtualHours: number;
}

function sum(outcomes: readonly LineOutcome[], of: (outcome: LineOutcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0);
}

function sumByName(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of all) {
    for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

function figuresOf(outcomes: readonly LineOutcome[]): Omit<Figures, 'seed' | 'virtualHours'> {
  const all = (of: (outcome: LineOutcome) => number) => sum(outcomes, of);
  const wrongSlotsWhere = (habit: string) =>
    all(({ settings, tally }) => (settings.habit === habit ? tally.wrongSlot : 0));
  return {
    exchanges: all(({ counters }) => counters.exchanges),
    reads: all(({ tally }) => tally.reads),
    answered: all(({ tally }) => tally.answered),
    values: all(({ tally }) => tally.values),
    cutShort: all(({ tally }) => tally.cutShort),
    refused: all(({ tally }) => tally.refused),
    wrongMeter: all(({ tally }) => tally.wrongMeter),
    wrongItem: all(({ tally }) => tally.wrongItem),
    wrongPlace: all(({ tally }) => tally.wrongPlace),
    defects: all(({ tally }) => tally.defects),
    wrongSlot: wrongSlotsWhere('quarantined'),
    indistinguishable: {
      laterThanQuiet: wrongSlotsWhere('overlate'),
      copiesOfTaken: wrongSlotsWhere('copying'),
      closedByChance: all(({ tally }) => tally.closedByChance),
    },
    lateFrames: all(({ counters }) => counters.lateFrames),
    foreignFrames: all(({ counters }) => counters.foreignFrames),
    echoes: all(({ counters }) => counters.echoes),
    timeouts: all(({ counters }) => counters.timeouts),
    chanceFrames: all(({ chanceFrames }) => chanceFrames),
    answersByKind: sumByName(outcomes.map(({ kinds }) => kinds)),
    failuresByCode: sumByName(outcomes.map(({ tally }) => tally.failures)),
  };
}

/** At least so many exchanges, evenly on all lines. The same seed gives the same figures. */
export async function runExchanges(options: {
  readonly exchanges: number;
  readonly seed: number;
}): Promise<Figures> {
  const { seed } = options;
  const exchanges = Math.ceil(options.exchanges / LINES.length);
  const clock = createFastClock();
  const startedAt = clock.monotonic();
  const running = Promise.all(
    LINES.map((settings, index) =>
      runLine(settings, { clock, random: createRandom(seed * LINES.length + index), exchanges }),
    ),
  );
  await clock.run(running);
  const virtualHours = Math.round((clock.monotonic() - startedAt) / 3_600_000);
  return { ...figuresOf(await running), seed, virtualHours };
}

/** Values given to another meter, identifier, place or slot than their own; must be 0. */
export const misattributed = (figures: Figures) =>
  figures.wrongMeter + figures.wrongItem + figures.wrongPlace + figures.wrongSlot;
