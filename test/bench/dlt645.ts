/**
 * Frames decoded a second, from the stream to the printed values: on a clean stream (`baseline`)
 * and on one with noise before, between and behind the frames (`measured`); `ratio` is measured /
 * baseline. `linearity` is the time for ten times the bytes over the time for the bytes, for both
 * streams and for one of start bytes alone; 10 is linear. All times are processor times.
 */
import { decode } from '../../drivers/dlt645/decode.ts';
import { createFramer } from '../../drivers/dlt645/framer.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { GOOD } from '../unit/dlt645/fixtures.ts';
import type { BenchOptions, Figures } from './run.ts';

const ROUNDS = 7;
const TIMES = 10;
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

/** Processor time, so that what else the machine does counts as little as may be. */
interface Timed {
  readonly ms: number;
  readonly frames: number;
}

function timeOf(work: () => number): Timed {
  const before = process.cpuUsage();
  const frames = work();
  const { user, system } = process.cpuUsage(before);
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
 * for ten parts: so both sides last equally long and leave as much garbage. They take turns.
 */
function growthOf(
  work: (bytes: Uint8Array) => number,
  part: Uint8Array,
  whole: Uint8Array,
): number {
  let parts = Number.POSITIVE_INFINITY;
  let all = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < ROUNDS; turn++) {
    parts = Math.min(parts, timeOf(() => times(TIMES, () => work(part))).ms);
    all = Math.min(all, timeOf(() => work(whole)).ms);
  }
  return (TIMES * all) / parts;
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
