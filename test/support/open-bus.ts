/** A bus on its real transport. */
import { pino } from 'pino';
import { parseBusUrl } from '../../src/cli/bus-url.ts';
import type { BusConfig } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createFieldLine, type FieldLine } from '../../src/field.ts';

export interface OpenBus extends FieldLine {
  /** What is under way fails; resolves when the port is closed. */
  close(): Promise<void>;
}

/** From a URL as on the command line, too. Rejects with the PORT_ error where it cannot be opened. */
export async function openBus(where: string | BusConfig): Promise<OpenBus> {
  const config = typeof where === 'string' ? parseBusUrl(where) : where;
  const log = pino({ level: 'silent' });
  const deps = { clock: systemClock, log, random: () => 0 };
  const line = createFieldLine('test', config, deps);
  const end = new AbortController();
  const running = line.link.run(end.signal);
  const close = async () => {
    end.abort();
    await running;
  };
  await line.link.firstAttempt.catch(async (thrown: unknown) => {
    await close();
    throw thrown;
  });
  return { ...line, close };
}
