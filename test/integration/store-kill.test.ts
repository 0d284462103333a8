import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import { openFixture, temporaryDirectory, withDatabase } from '../support/store-fixture.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
const KILLS = 10;

interface Printed {
  readonly stream: Stream;
  readonly seq: number;
  readonly body: string;
}

function parse(line: string): Printed | null {
  const [, name, seq, body] = /^(\w+) (\d+) (".{36}")$/.exec(line) ?? [];
  const stream = STREAMS.find((known) => known === name);
  return stream === undefined || body === undefined ? null : { stream, seq: Number(seq), body };
}

/** Runs the child until it has printed `lines` lines, kills it, gives what it printed in all. */
async function runAndKill(dataDir: string, lines: number): Promise<Printed[]> {
  const child = spawn(process.execPath, [CHILD, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_, signal) => resolve(signal));
  });
  const printed: Printed[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const row = parse(line);
    if (row !== null) printed.push(row);
    if (printed.length === lines) child.kill('SIGKILL');
  }
  expect(await ended).toBe('SIGKILL');
  return printed;
}

describe('kill -9', () => {
  it('loses no row whose append had resolved', async () => {
    const dataDir = temporaryDirectory();
    const printed: Printed[] = [];
    let epoch: number | null = null;
    for (let kill = 0; kill < KILLS; kill++) {
      printed.push(...(await runAndKill(dataDir, 1 + Math.floor(Math.random() * 400))));
      expect(withDatabase(dataDir, (db) => db.pragma('quick_check', { simple: true }))).toBe('ok');

      const { store, events } = openFixture({ dataDir });
      expect(events).toEqual([]);
      epoch ??= store.epoch;
      expect(store.epoch).toBe(epoch);
      const there = new Map<string, string>();
      for (const stream of STREAMS) {
        const rows = await store.range(stream, 1, 1_000_000);
        for (const { seq, body } of rows) there.set(`${stream} ${seq}`, body);
      }
      const lost = printed.filter(
        ({ stream, seq, body }) => there.get(`${stream} ${seq}`) !== body,
      );
      expect(lost).toEqual([]);
      expect(STREAMS.reduce((sum, stream) => sum + store.head(stream), 0)).toBe(there.size);
      await store.close();
    }
    expect(printed.length).toBeGreaterThan(KILLS);
  }, 120_000);
});
