/** Simulated meters in a process of their own, and what they have shown. */
import { closeSync, openSync, readSync } from 'node:fs';
import { findRegister } from '../../src/core/registers.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { SOURCE_AMR } from '../support/build.ts';
import { startSim } from '../support/sim-process.ts';
import { readingIn } from './entry.ts';
import type { Arrival } from './verdict.ts';

export interface Meters {
  readonly ids: readonly string[];
  readonly port: number;
  /** When the meters answered, wall time in milliseconds. */
  answers(): readonly number[];
  /** True where every value is what the meter showed last before the reading was complete. */
  wasShown(arrival: Arrival): boolean;
  /** True where the meter has shown every value at some time. */
  wasEverShown(arrival: Arrival): boolean;
  stop(): Promise<void>;
}

interface Shown {
  readonly at: number;
  readonly value: string | null;
}

/** Reads on where it stopped; the writer appends whole lines. */
function createTail(path: string): () => string[] {
  let offset = 0;
  let rest = '';
  return () => {
    const file = openSync(path, 'r');
    try {
      const chunk = Buffer.alloc(1 << 20);
      for (;;) {
        const size = readSync(file, chunk, 0, chunk.length, offset);
        offset += size;
        rest += chunk.toString('utf8', 0, size);
        if (size < chunk.length) break;
      }
    } finally {
      closeSync(file);
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    return lines;
  };
}

function createJournal(path: string) {
  const tail = createTail(path);
  const times: number[] = [];
  const shown = new Map<string, Shown[]>();
  const read = () => {
    for (const line of tail()) {
      const { at, meter, values }: JournalEntry = JSON.parse(line);
      times.push(at);
      for (const [name, value] of Object.entries(values)) {
        const key = `${meter} ${name}`;
        const list = shown.get(key) ?? [];
        list.push({ at, value });
        shown.set(key, list);
      }
    }
  };
  return { times, shown, read };
}

/** Each value of the arrival with all that the meter has shown of that register. */
function historyOf(arrival: Arrival, shown: ReadonlyMap<string, readonly Shown[]>) {
  const reading = readingIn(arrival);
  if (reading === null) return [];
  return Object.entries(reading.values).map(([id, value]) => ({
    value,
    readAt: Date.parse(reading.readAt),
    history: shown.get(`${reading.meter} ${findRegister(id)?.name}`) ?? [],
  }));
}

/** `count` meters on a fast line; `journal` is the file in which they note their answers. */
export async function startMeters(count: number, journal: string): Promise<Meters> {
  const args = ['--listen', '127.0.0.1:0', '--meters', `${count}`, '--baud', '115200'];
  const sim = await startSim([...args, '--delay', '1', '--journal', journal], SOURCE_AMR);
  const { times, shown, read } = createJournal(journal);
  return {
    ids: sim.meters,
    port: Number(new URL(sim.listening).port),
    answers() {
      read();
      return times;
    },
    wasShown: (arrival) =>
      historyOf(arrival, shown).every(
        ({ value, readAt, history }) => history.findLast(({ at }) => at <= readAt)?.value === value,
      ),
    wasEverShown: (arrival) =>
      historyOf(arrival, shown).every(({ value, history }) =>
        history.some((one) => one.value === value),
      ),
    stop: sim.stop,
  };
}
