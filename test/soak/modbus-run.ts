/** Randomised exchanges over several lines and connections at a time, and the figures of them all. */
import pino from 'pino';
import { createLink, type Link } from '../../drivers/modbus/link.ts';
import { createBus } from '../../src/bus/bus.ts';
import type { BusCounters, CountedBus } from '../../src/bus/counted.ts';
import { createPipelinedBus } from '../../src/bus/pipelined.ts';
import type { Bus } from '../../src/core/bus.ts';
import type { Line } from '../../src/core/line.ts';
import { createFastClock, type FastClock } from './fast-clock.ts';
import { createFarEnd, type FarEnd, type Habit, type Sent } from './modbus-far-end.ts';
import { ADDRESSES, type Asked, requestOf, TABLES, UNITS } from './modbus-marks.ts';
import { countAnswer, countFailure, createTally, type Tally } from './modbus-tally.ts';
import { createRandom, type Random } from './random.ts';

interface Settings {
  readonly habit: Habit;
  readonly baudRate: number;
  readonly latencyMs: number;
  /** So that frames of one reader's request may come into an exchange of another. */
  readonly readers: number;
  readonly inFlight: number;
}

const line = { readers: 2, inFlight: 1 } as const;
const connection = { habit: 'numbered', baudRate: Number.POSITIVE_INFINITY } as const;

const BUSES: readonly Settings[] = [
  { ...line, habit: 'quarantined', baudRate: 1200, latencyMs: 0 },
  { ...line, habit: 'quarantined', baudRate: 9600, latencyMs: 50 },
  { ...line, habit: 'quarantined', baudRate: 115_200, latencyMs: 200 },
  { ...line, habit: 'overlate', baudRate: 9600, latencyMs: 0 },
  { ...connection, latencyMs: 0, readers: 2, inFlight: 1 },
  { ...connection, latencyMs: 100, readers: 12, inFlight: 8 },
];
const isBounded = ({ habit }: Settings) => habit === 'quarantined';

interface Outcome {
  readonly settings: Settings;
  readonly tally: Readonly<Tally>;
  readonly counters: Readonly<BusCounters>;
  readonly kinds: Readonly<Record<string, number>>;
  readonly late: number;
}

interface RunParts {
  readonly clock: FastClock;
  readonly random: Random;
  readonly exchanges: number;
}

function busOf({ latencyMs, inFlight, habit }: Settings, over: Line, clock: FastClock): CountedBus {
  const parts = { line: over, clock, log: pino({ level: 'silent' }) };
  return habit === 'numbered'
    ? createPipelinedBus({ name: habit, latencyMs, inFlight }, parts)
    : createBus({ name: habit, latencyMs, turnaroundMs: 2 }, parts);
}

/** The bus, telling `notice` of every exchange when its request goes out. */
function observed(bus: Bus, notice: (timing: Omit<Sent, 'slot'>) => void): Bus {
  return {
    name: bus.name,
    kind: bus.kind,
    exchange: (exchange) =>
      bus.exchange({
        ...exchange,
        onSent() {
          exchange.onSent?.();
          notice(exchange);
        },
      }),
  };
}

function createReader(far: FarEnd, bus: CountedBus, { clock, random }: RunParts) {
  const tally = createTally();
  let slot = 0;
  let last: Omit<Asked, 'slot'> = { unit: UNITS[0], table: 'holding', address: 0 };
  let sentSlot = 0;
  const links = new Map<number, Link>(
    UNITS.map((unit) => {
      const heard = observed(bus, (timing) => far.expect({ ...timing, slot: sentSlot }));
      return [unit, createLink(heard, unit, clock)];
    }),
  );

  /** Often the same again: then what comes too late fits to the letter. */
  function next(): Asked {
    if (random.chance(60)) {
      const [unit, table] = [random.pick(UNITS), random.pick(TABLES)];
      last = { unit, table, address: random.pick(ADDRESSES) };
    }
    slot += 1;
    return { ...last, slot };
  }

  /** Some give up while they wait for the line, some while they wait for the answer. */
  function abortSometimes(abort: AbortController): void {
    if (random.chance(2)) clock.after(random.between(0, 1200), () => abort.abort());
  }

  async function readOnce(asked: Asked): Promise<void> {
    const abort = new AbortController();
    abortSometimes(abort);
    const onSent = () => {
      abortSometimes(abort);
      sentSlot = asked.slot;
    };
    tally.reads += 1;
    const judged = { asked, wasSent: far.wasSent };
    const options = { priority: 'curve', signal: abort.signal, onSent } as const;
    try {
      const link = links.get(asked.unit);
      if (link === undefined) throw new Error('no such unit');
      countAnswer(tally, judged, await link.read(requestOf(asked), options));
    } catch (thrown) {
      countFailure(tally, judged, thrown);
    }
  }

  return { tally, readNext: () => readOnce(next()) };
}

async function runBus(settings: Settings, parts: RunParts): Promise<Outcome> {
  const { habit, latencyMs, baudRate, readers } = settings;
  const { clock, random, exchanges } = parts;
  const kind = habit === 'numbered' ? 'modbus-tcp' : 'serial';
  const info = { kind, address: habit, baudRate, bitsPerByte: 10 } as const;
  const far = createFarEnd({ clock, random, info, latencyMs, habit });
  const bus = busOf(settings, far, clock);
  const { tally, readNext } = createReader(far, bus, parts);

  async function keepReading(): Promise<void> {
    while (bus.counters.exchanges < exchanges) {
      if (random.chance(20)) await clock.sleep(random.between(0, 300));
      await readNext();
    }
  }

  await Promise.all(Array.from({ length: readers }, keepReading));
  return { settings, tally, counters: bus.counters, kinds: far.kinds, late: far.late() };
}

/** Wrong ones: all of these must be 0. */
interface Wrong {
  readonly unit: number;
  readonly table: number;
  readonly address: number;
  readonly slot: number;
}

export interface Figures {
  readonly seed: number;
  /** On lines where all that is late begins within latency + first byte + quiet. */
  readonly exchanges: number;
  readonly answered: number;
  readonly refused: number;
  /** Of `exchanges`: something came after the deadline. */
  readonly late: number;
  readonly misattributed: Wrong;
  /** On connections, where answers are late by anything. */
  readonly numbered: {
    readonly exchanges: number;
    readonly answered: number;
    readonly late: number;
    readonly misattributed: Wrong;
  };
  /** On a line where some are later than the bound; unit and table are told apart there, too. */
  readonly overlate: {
    readonly exchanges: number;
    readonly answered: number;
    readonly unitOrTable: number;
    /** What nothing in the protocol tells apart. */
    readonly indistinguishable: number;
  };
  /** Noise that the check let pass, on all lines. */
  readonly closedByChance: number;
  readonly defects: number;
  readonly lateFrames: number;
  readonly foreignFrames: number;
  readonly echoes: number;
  readonly timeouts: number;
  readonly restarts: number;
  readonly answersByKind: Readonly<Record<string, number>>;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly virtualHours: number;
}

const sum = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number) =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0);

const wrongIn = (outcomes: readonly Outcome[]): Wrong => ({
  unit: sum(outcomes, ({ tally }) => tally.wrongUnit),
  table: sum(outcomes, ({ tally }) => tally.wrongTable),
  address: sum(outcomes, ({ tally }) => tally.wrongAddress),
  slot: sum(outcomes, ({ tally }) => tally.wrongSlot),
});

const totalOf = ({ unit, table, address, slot }: Wrong) => unit + table + address + slot;

function sumByName(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of all) {
    for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

const countsOf = (outcomes: readonly Outcome[]) => ({
  exchanges: sum(outcomes, ({ counters }) => counters.exchanges),
  answered: sum(outcomes, ({ tally }) => tally.answered),
  late: sum(outcomes, ({ late }) => late),
  misattributed: wrongIn(outcomes),
});

function figuresOf(outcomes: readonly Outcome[]): Omit<Figures, 'seed' | 'virtualHours'> {
  const bounded = outcomes.filter(({ settings }) => isBounded(settings));
  const numbered = outcomes.filter(({ settings }) => settings.habit === 'numbered');
  const overlate = countsOf(outcomes.filter(({ settings }) => settings.habit === 'overlate'));
  const { unit, table, address, slot } = overlate.misattributed;
  const all = (of: (outcome: Outcome) => number) => sum(outcomes, of);
  return {
    ...countsOf(bounded),
    refused: sum(bounded, ({ tally }) => tally.refused),
    numbered: countsOf(numbered),
    overlate: {
      exchanges: overlate.exchanges,
      answered: overlate.answered,
      unitOrTable: unit + table,
      indistinguishable: address + slot,
    },
    closedByChance: all(({ tally }) => tally.closedByChance),
    defects: all(({ tally }) => tally.defects),
    lateFrames: all(({ counters }) => counters.lateFrames),
    foreignFrames: all(({ counters }) => counters.foreignFrames),
    echoes: all(({ counters }) => counters.echoes),
    timeouts: all(({ counters }) => counters.timeouts),
    restarts: all(({ counters }) => counters.restarts),
    answersByKind: sumByName(outcomes.map(({ kinds }) => kinds)),
    failuresByCode: sumByName(outcomes.map(({ tally }) => tally.failures)),
  };
}

/**
 * At least so many exchanges within the bound, and as many a bus on the others besides. The same
 * seed gives the same figures, but for the numbers of transactions, which go on.
 */
export async function runModbus(options: {
  readonly exchanges: number;
  readonly seed: number;
}): Promise<Figures> {
  const { seed } = options;
  const exchanges = Math.ceil(options.exchanges / BUSES.filter(isBounded).length);
  const clock = createFastClock();
  const startedAt = clock.monotonic();
  const running = Promise.all(
    BUSES.map((settings, index) =>
      runBus(settings, { clock, random: createRandom(seed * BUSES.length + index), exchanges }),
    ),
  );
  await clock.run(running);
  const virtualHours = Math.round((clock.monotonic() - startedAt) / 3_600_000);
  return { ...figuresOf(await running), seed, virtualHours };
}

/** Content given to another unit, table, address or slot than its own; must be 0. */
export const misattributed = (figures: Figures) =>
  totalOf(figures.misattributed) +
  totalOf(figures.numbered.misattributed) +
  figures.overlate.unitOrTable;
