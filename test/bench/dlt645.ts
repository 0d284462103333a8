/**
 * Frames decoded a second, from the stream to the printed values: on a clean stream (`baseline`)
 * and on one with noise before, between and behind the frames (`measured`); `ratio` is measured /
 * baseline. `linearity` is the time for ten times the bytes over the time for the bytes, for both
 * streams and for one of start bytes alone; 10 is linear, and beyond 11 the bench fails. All times
 * are processor times of this thread, behind a collection of garbage.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { decode } from '../../drivers/dlt645/decode.ts';
import { createFramer } from '../../drivers/dlt645/framer.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { GOOD } from '../unit/dlt645/fixtures.ts';
import type { BenchOptions, Figures } from './run.ts';

const ROUNDS = 7;
/** Of the two sizes in turn, until both have had an undisturbed one. */
const MOST_TURNS = 20;
const TIMES = 10;
const MOST_GROWTH = 11;
/** Copies of all good vectors in one stream. */
const COPIES = 20;
const CHUNK = 64;
const START = 0x68;
const NOISE_BYTES = 24;

/** The same noise every time; start, end and wake-up bytes come often. */
function createNoise() {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  const tricky = [START, START, 0x16, 0xfe, 0x91];
  return () =>
    Uint8Array.from({ length: NOISE_BYTES }, () => {
      const pick = next() % 8;
      return tricky[pick] ?? next();
    });
}

const FRAMES = GOOD.map(({ frame }) =>
  Uint8Array.from(Buffer.from(frame.replaceAll(' ', ''), 'hex')),
);

function streamOf(copies: number, noise: () => Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let copy = 0; copy < copies; copy++) {
    for (const frame of FRAMES) parts.push(noise(), frame);
  }
  return concatBytes(...parts, noise());
}

function inChunks(bytes: Uint8Array): number {
  const framer = createFramer();
  let frames = 0;
  for (let at = 0; at < bytes.length; at += CHUNK) {
    frames += framer.push(bytes.subarray(at, at + CHUNK)).length;
  }
  return frames;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

interface Timed {
  readonly ms: number;
  readonly frames: number;
}

/**
 * The processor time of this thread alone, so that neither what else the machine does counts nor
 * the threads that compile and collect beside it.
 */
function timeOf(work: () => number): Timed {
  collectGarbage();
  const before = process.threadCpuUsage();
  const frames = work();
  const { user, system } = process.threadCpuUsage(before);
  return { ms: (user + system) / 1000, frames };
}

function times(count: number, work: () => number): number {
  let frames = 0;
  for (let done = 0; done < count; done++) frames += work();
  return frames;
}

/** The best of several rounds: disturbances only ever add time. */
function best(work: () => number): Timed {
  const rounds = Array.from({ length: ROUNDS }, () => timeOf(work));
  return rounds.reduce((fastest, one) => (one.ms < fastest.ms ? one : fastest));
}

/**
 * Time for all the bytes at once over the time for a part of them, that being a tenth of the time
 * for ten parts: so both sides last equally long and leave as much garbage. They take turns, and
 * the least of each counts: disturbances only ever add time. Where the least is still too much,
 * there are more turns; what is not linear stays too much.
 */
function growthOf(
  work: (bytes: Uint8Array) => number,
  part: Uint8Array,
  whole: Uint8Array,
): number {
  let parts = Number.POSITIVE_INFINITY;
  let all = Number.POSITIVE_INFINITY;
  const growth = () => (TIMES * all) / parts;
  for (let turn = 0; turn < ROUNDS || (growth() > MOST_GROWTH && turn < MOST_TURNS); turn++) {
    parts = Math.min(parts, timeOf(() => times(TIMES, () => work(part))).ms);
    all = Math.min(all, timeOf(() => work(whole)).ms);
  }
  return growth();
}

/** The figures stand; the exit code says that the decoder is not as it should be. */
function complainOf(linearity: Readonly<Record<string, number>>): void {
  const bad = Object.entries(linearity).filter(([, growth]) => growth > MOST_GROWTH);
  if (bad.length === 0) return;
  const which = bad.map(([name, growth]) => `${name} ${growth}x`).join(', ');
  process.stderr.write(`${TIMES}x the bytes take more than ${MOST_GROWTH}x the time: ${which}\n`);
  process.exitCode = 1;
}

const goodIn = (bytes: Uint8Array) => decode(bytes).filter(({ ok }) => ok).length;
const round = (value: number) => Number(value.toFixed(2));
const perSecond = ({ ms, frames }: Timed) => Math.round((frames * 1000) / ms);

export function run({ say }: BenchOptions): Promise<Figures> {
  const noise = createNoise();
  const silence = () => new Uint8Array(0);
  const clean = streamOf(COPIES, silence);
  const noisy = streamOf(COPIES, noise);
  const starts = new Uint8Array(clean.length).fill(START);
  best(() => goodIn(noisy));

  const cleanTime = best(() => goodIn(clean));
  const noisyTime = best(() => goodIn(noisy));
  const wanted = FRAMES.length * COPIES;
  if (cleanTime.frames !== wanted || noisyTime.frames < wanted) {
    throw new Error(
      `${wanted} frames wanted: ${cleanTime.frames} clean, ${noisyTime.frames} noisy`,
    );
  }
  say(`clean ${perSecond(cleanTime)}, noisy ${perSecond(noisyTime)} frames a second`);

  const linearity: Record<string, number> = {};
  const streams = { clean, noisy, starts };
  for (const [name, bytes] of Object.entries(streams)) {
    const many = concatBytes(...Array.from({ length: TIMES }, () => bytes));
    const decoded = growthOf(goodIn, bytes, many);
    const framed = growthOf(inChunks, bytes, many);
    linearity[name] = round(decoded);
    linearity[`${name}Chunked`] = round(framed);
    say(
      `${name}: ${TIMES}x the bytes take ${round(decoded)}x, in chunks ${round(framed)}x the time`,
    );
  }

  complainOf(linearity);
  return Promise.resolve({
    bench: 'dlt645',
    ratio: Number((perSecond(noisyTime) / perSecond(cleanTime)).toFixed(4)),
    measured: perSecond(noisyTime),
    baseline: perSecond(cleanTime),
    conditions: {
      unit: 'frames/s',
      frames: wanted,
      noisyFrames: noisyTime.frames,
      cleanBytes: clean.length,
      noisyBytes: noisy.length,
      chunkBytes: CHUNK,
      times: TIMES,
      linearity,
    },
  });
}
