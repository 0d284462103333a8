/** Reads over one line until so many exchanges are done. */
import pino from 'pino';
import { readItem } from '../../drivers/dlt645/exchange.ts';
import { createBus } from '../../src/bus/bus.ts';
import type { BusCounters } from '../../src/bus/counted.ts';
import { createFarEnd, type Habit } from './far-end.ts';
import type { FastClock } from './fast-clock.ts';
import { ITEMS, METERS } from './marks.ts';
import type { Random } from './random.ts';
import { countAnswer, countFailure, createTally, type Read, type Tally } from './tally.ts';

export interface LineSettings {
  readonly habit: Habit;
  readonly baudRate: number;
  readonly latencyMs: number;
}

export interface LineOutcome {
  readonly settings: LineSettings;
  readonly tally: Readonly<Tally>;
  readonly counters: Readonly<BusCounters>;
  /** How often the far end answered in each way. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Frames that noise had made on the line. */
  readonly chanceFrames: number;
}

/** So that frames of one reader's request may come into an exchange of another. */
const READERS = 2;
const MOST_VALUES = 9;

export async function runLine(
  settings: LineSettings,
  { clock, random, exchanges }: { clock: FastClock; random: Random; exchanges: number },
): Promise<LineOutcome> {
  const { baudRate, latencyMs, habit } = settings;
  const info = { kind: 'serial', address: habit, baudRate, bitsPerByte: 11 } as const;
  const line = createFarEnd({ clock, random, info, latencyMs, habit });
  const bus = createBus(
    { name: habit, latencyMs, turnaroundMs: 2 },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  const tally = createTally();
  let slot = 0;
  let last: Pick<Read, 'meter' | 'item'> = { meter: 0, item: 0 };

  /** Often the same again: then what comes too late fits to the letter. */
  function nextRead(): Read {
    if (random.chance(60)) {
      last = { meter: random.below(METERS.length), item: random.below(ITEMS.length) };
    }
    slot += 1;
    const isBlock = ITEMS[last.item]?.isBlock ?? false;
    const chanceFrames = line.chance.count;
    return { ...last, slot, chanceFrames, values: isBlock ? random.between(2, MOST_VALUES) : 1 };
  }

  /** Some give up while they wait for the line, some while they wait for the answer. */
  function abortSometimes(abort: AbortController): void {
    if (random.chance(2)) clock.after(random.between(0, 600), () => abort.abort());
  }

  async function readOnce(read: Read): Promise<void> {
    const abort = new AbortController();
    abortSometimes(abort);
    const onSent = () => {
      abortSometimes(abort);
      line.expect(read);
    };
    tally.reads += 1;
    const judged = { read, chance: line.chance };
    const options = { priority: 'curve', signal: abort.signal, onSent } as const;
    const [address, di] = [METERS[read.meter] ?? '', ITEMS[read.item]?.di ?? ''];
    try {
      countAnswer(tally, judged, await readItem(bus, address, di, options));
    } catch (thrown) {
      countFailure(tally, judged, thrown);
    }
  }

  async function keepReading(): Promise<void> {
    while (bus.counters.exchanges < exchanges) {
      if (random.chance(20)) await clock.sleep(random.between(0, 300));
      await readOnce(nextRead());
    }
  }

  await Promise.all(Array.from({ length: READERS }, keepReading));
  const { counters } = bus;
  return { settings, tally, counters, kinds: line.kinds, chanceFrames: line.chance.count };
}
