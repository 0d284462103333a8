/**
 * Counts registers that the bus and the driver give to another unit, table, address or slot:
 *
 *   node test/soak/modbus.ts [--exchanges 1000000] [--seed N]
 *
 * Prints one line of JSON; `overlate.indistinguishable` is what no master can tell apart. Exits 1
 * where anything else was given to the wrong one.
 */
import { parseArgs } from 'node:util';
import { misattributed, runModbus } from './modbus-run.ts';

const { values } = parseArgs({
  options: { exchanges: { type: 'string' }, seed: { type: 'string' } },
});
const exchanges = Number(values.exchanges ?? 1_000_000);
const seed = Number(values.seed ?? Date.now() % 2 ** 28);

if (!Number.isInteger(exchanges) || exchanges < 1 || !Number.isInteger(seed)) {
  process.stderr.write('usage: node test/soak/modbus.ts [--exchanges N] [--seed N]\n');
  process.exitCode = 2;
} else {
  const startedAt = performance.now();
  const figures = await runModbus({ exchanges, seed });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${JSON.stringify({ ...figures, seconds })}\n`);
  if (misattributed(figures) + figures.defects > 0) process.exitCode = 1;
}
