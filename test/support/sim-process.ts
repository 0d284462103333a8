import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { JournalEntry } from '../../src/core/slave.ts';
import { BUILT_AMR } from './build.ts';

const announcementSchema = z.object({ listening: z.string(), meters: z.array(z.string()) });

/** Simulated meters in a process of their own: how to reach them, and their addresses. */
export interface SimProcess extends z.infer<typeof announcementSchema> {
  stop(): Promise<void>;
}

/** Runs `amr sim`, built or from source; resolves when the meters listen. */
export async function startSim(
  args: readonly string[],
  program: string = BUILT_AMR,
): Promise<SimProcess> {
  const child = spawn(process.execPath, [program, 'sim', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...announcementSchema.parse(JSON.parse(line)), stop };
  }
  throw new Error(`amr sim ended with ${child.exitCode}`);
}

const entrySchema = z.object({
  at: z.number(),
  meter: z.string(),
  item: z.string(),
  values: z.record(z.string(), z.string().nullable()),
});

/** What the meters showed, in the order in which they were asked. */
export function readJournal(path: string): JournalEntry[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => entrySchema.parse(JSON.parse(line)));
}
