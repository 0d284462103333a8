/*
 * Loaded into the gateway before anything else: measures how long its event loop is held up, from
 * SIGUSR2 on, and writes the percentile 99 in milliseconds to the file AMR_CHAOS_LOOP at the end.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 1;

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  process.on('SIGUSR2', () => histogram.reset());
  process.on('exit', () => {
    const file = process.env['AMR_CHAOS_LOOP'] ?? '';
    writeFileSync(file, `${histogram.percentile(99) / 1e6}\n`);
  });
}
