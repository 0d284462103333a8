/**
 * Decodes random and mutated frames of every protocol in turn, for a given time:
 *
 *   node .ci/fuzz.ts [SECONDS] [SEED]
 *
 * Fails on anything thrown that is no AmrError, on a frame that is not ok and has values, on frames
 * that depend on how the stream was cut, and on memory that grows. The seed of a failure is
 * printed with the bytes.
 */
import { toHex } from '../src/core/bytes.ts';
import { AmrError } from '../src/core/errors.ts';
import { fuzzDlt645 } from './fuzz-dlt645.ts';
import { fuzzModbus } from './fuzz-modbus.ts';
import type { Outcome, Target } from './fuzz-random.ts';

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
/** What a run may keep beyond what it had after its first second. */
const MOST_GROWTH = 64 * 1024 * 1024;

function tryOne(target: Target, bytes: Uint8Array): Outcome {
  try {
    return target.tryOne(bytes);
  } catch (thrown) {
    if (thrown instanceof AmrError && thrown.code !== 'INTERNAL')
      return { good: 0, complaint: null };
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { good: 0, complaint: text };
  }
}

function fuzz(): string | null {
  const targets = [fuzzDlt645(seed), fuzzModbus(seed)];
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  let inputs = 0;
  let good = 0;
  let held: number | null = null;
  while (elapsed() < seconds * 1000) {
    for (const target of targets) {
      const bytes = target.input();
      const outcome = tryOne(target, bytes);
      if (outcome.complaint !== null) {
        return `${target.name}: ${outcome.complaint}\n${toHex(bytes)}`;
      }
      inputs += 1;
      good += outcome.good;
    }
    if (held === null && elapsed() > 1000) held = process.memoryUsage().heapUsed;
  }
  process.stdout.write(`${inputs} inputs, ${good} good frames, seed ${seed}\n`);
  const growth = process.memoryUsage().heapUsed - (held ?? Number.POSITIVE_INFINITY);
  return growth > MOST_GROWTH ? `the memory grew by ${growth} bytes` : null;
}

if (!Number.isFinite(seconds) || seconds <= 0 || !Number.isInteger(seed)) {
  process.stderr.write('usage: node .ci/fuzz.ts [SECONDS] [SEED]\n');
  process.exitCode = 2;
} else {
  const complaint = fuzz();
  if (complaint !== null) {
    process.stderr.write(`seed ${seed}: ${complaint}\n`);
    process.exitCode = 1;
  }
}
