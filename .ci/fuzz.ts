/**
 * Decodes random and mutated frames of DL/T 645 for a given time:
 *
 *   node .ci/fuzz.ts [SECONDS] [SEED]
 *
 * Fails on anything thrown that is no AmrError, on a frame that is not ok and has values, on frames
 * that depend on how the stream was cut, and on memory that grows. The seed of a failure is
 * printed with the bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decode } from '../drivers/dlt645/decode.ts';
import { encodeFrame } from '../drivers/dlt645/frame.ts';
import { createFramer } from '../drivers/dlt645/framer.ts';
import { concatBytes, fromHex, toHex } from '../src/core/bytes.ts';
import { AmrError } from '../src/core/errors.ts';
import { packageRoot } from '../src/host/package-root.ts';

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
/** What a run may keep beyond what it had after its first second. */
const MOST_GROWTH = 64 * 1024 * 1024;
const TRICKY = [0x68, 0x16, 0xfe, 0xaa, 0xff, 0x00, 0x91, 0xb1, 0x92, 0xd1];

const FRAMES = z
  .array(z.object({ frame: z.string() }))
  .parse(
    JSON.parse(readFileSync(join(packageRoot(), 'fixtures/frames/dlt645/vectors.json'), 'utf8')),
  )
  .map(({ frame }) => fromHex(frame));

let state = seed >>> 0;
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const randomByte = () => (random(3) === 0 ? (TRICKY[random(TRICKY.length)] ?? 0) : random(256));
const randomBytes = (most: number) => Uint8Array.from({ length: random(most) }, randomByte);
const someFrame = () => (FRAMES[random(FRAMES.length)] ?? new Uint8Array(0)).slice();

/** A sound frame around any control byte and payload, so that the inner decoders are reached. */
function soundFrame(): Uint8Array {
  const payload = randomBytes(random(8) === 0 ? 255 : 40);
  const known = someFrame();
  const start = known.indexOf(0x68);
  const identifier = known.slice(start + 10, start + 14).map((byte) => byte - 0x33);
  payload.set(identifier.subarray(0, payload.length));
  return encodeFrame({ address: '123456789012', control: randomByte(), payload });
}

function mutated(): Uint8Array {
  const frame = someFrame();
  for (let changes = random(4); changes > 0; changes--) frame[random(frame.length)] = randomByte();
  const cut = random(4) === 0 ? random(frame.length) : frame.length;
  return frame.slice(0, cut);
}

function input(): Uint8Array {
  const makers = [mutated, mutated, soundFrame, someFrame, () => randomBytes(80)];
  const parts = Array.from({ length: 1 + random(4) }, () => makers[random(makers.length)]?.());
  return concatBytes(...parts.filter((part) => part !== undefined));
}

function framesCut(bytes: Uint8Array): number {
  const framer = createFramer();
  let frames = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random(40);
    frames += framer.push(bytes.subarray(at, end)).length;
    at = end;
  }
  return frames;
}

interface Outcome {
  /** Good frames found. */
  readonly good: number;
  /** What is wrong, `null` where nothing is. */
  readonly complaint: string | null;
}

function tryOne(bytes: Uint8Array): Outcome {
  try {
    const frames = decode(bytes, random(2) === 0 ? 'dlt645-2007' : 'dlt645-1997');
    const good = frames.filter(({ ok }) => ok).length;
    if (frames.some(({ ok, values }) => !ok && values.length > 0)) {
      return { good, complaint: 'values without a good frame' };
    }
    const isCut = framesCut(bytes) !== good;
    return { good, complaint: isCut ? 'frames depend on how the stream is cut' : null };
  } catch (thrown) {
    if (thrown instanceof AmrError && thrown.code !== 'INTERNAL')
      return { good: 0, complaint: null };
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { good: 0, complaint: text };
  }
}

function fuzz(): string | null {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  let inputs = 0;
  let good = 0;
  let held: number | null = null;
  while (elapsed() < seconds * 1000) {
    const bytes = input();
    const outcome = tryOne(bytes);
    if (outcome.complaint !== null) return `${outcome.complaint}\n${toHex(bytes)}`;
    inputs += 1;
    good += outcome.good;
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
