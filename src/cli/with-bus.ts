/** A line opened for one command, without any configuration. */
import pino from 'pino';
import { type CountedBus, createBus } from '../bus/bus.ts';
import type { BusConfig } from '../config/schema.ts';
import { toHex } from '../core/bytes.ts';
import { systemClock } from '../core/clock.ts';
import { createTransport } from '../field.ts';
import { createLink } from '../transport/link.ts';
import { createTrace, traced } from '../transport/trace.ts';

/**
 * The line open for the time of `work`; afterwards, where asked for, its last bytes on stderr.
 * Rejects with a PORT_ error where it cannot be opened, and with what `work` rejects.
 */
export async function withBus<T>(
  config: BusConfig,
  showTrace: boolean,
  work: (bus: CountedBus) => Promise<T>,
): Promise<T> {
  const clock = systemClock;
  const log = pino({ level: 'silent' });
  const trace = createTrace(clock, log);
  const make = () => traced(createTransport(config, clock), trace);
  const link = createLink({ make, clock, log, random: Math.random });
  const end = new AbortController();
  const running = link.run(end.signal);
  try {
    await link.firstAttempt;
    const timing = { latencyMs: config.latency, turnaroundMs: config.turnaround };
    return await work(
      createBus({ name: link.info.address, ...timing }, { line: link, clock, log }),
    );
  } finally {
    end.abort();
    await running;
    for (const { direction, bytes } of showTrace ? trace.entries() : []) {
      process.stderr.write(`${direction} ${toHex(bytes)}\n`);
    }
  }
}
