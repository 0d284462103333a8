/** A line opened for one command, without any configuration. */
import pino from 'pino';
import type { CountedBus } from '../bus/counted.ts';
import type { BusConfig } from '../config/schema.ts';
import { toHex } from '../core/bytes.ts';
import { systemClock } from '../core/clock.ts';
import { createFieldLine } from '../field.ts';

/**
 * The line open for the time of `work`; afterwards, where asked for, its last bytes on stderr.
 * Rejects with a PORT_ error where it cannot be opened, and with what `work` rejects.
 */
export async function withBus<T>(
  config: BusConfig,
  showTrace: boolean,
  work: (bus: CountedBus) => Promise<T>,
): Promise<T> {
  const log = pino({ level: 'silent' });
  const deps = { clock: systemClock, log, random: Math.random };
  const { bus, link, trace } = createFieldLine('line', config, deps);
  const end = new AbortController();
  const running = link.run(end.signal);
  try {
    await link.firstAttempt;
    return await work(bus);
  } finally {
    end.abort();
    await running;
    for (const { direction, bytes } of showTrace ? trace.entries() : []) {
      process.stderr.write(`${direction} ${toHex(bytes)}\n`);
    }
  }
}
