import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../drivers/dlt645/decode.ts';
import { type Dlt645Frame, encodeFrame, parseFrame } from '../../drivers/dlt645/frame.ts';
import { createFramer, scan } from '../../drivers/dlt645/framer.ts';
import { concatBytes, toHex } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';
import { largest, shown, WORDINGS } from '../unit/dlt645/digest.ts';
import { NO_VALUE, readAnswer, shownNumber, wireFrame } from '../unit/dlt645/wire.ts';

const START = 0x68;
/** The longest frame there is: 12 bytes around 255. */
const LONGEST_FRAME = 267;

const addressOf = fc
  .array(fc.integer({ min: 0, max: 15 }), { minLength: 12, maxLength: 12 })
  .map((digits) => digits.map((digit) => digit.toString(16).toUpperCase()).join(''));
const byteOf = fc.integer({ min: 0, max: 255 });
/** Start, end and padding bytes far more often than chance would have them. */
const trickyByteOf = fc.oneof(byteOf, fc.constantFrom(START, 0x16, 0xfe, 0x91, 0x04, 0x35));
const bytesOf = (maxLength: number) =>
  fc.array(trickyByteOf, { maxLength }).map((bytes) => Uint8Array.from(bytes));
const frameOf = fc.record({ address: addressOf, control: byteOf, payload: bytesOf(255) });
const shortFrameOf = fc.record({ address: addressOf, control: byteOf, payload: bytesOf(20) });

/** Noise, frame, noise, frame ... noise. */
const streamOf = fc.record({
  frames: fc.array(shortFrameOf, { maxLength: 5 }),
  noise: fc.array(bytesOf(30), { minLength: 6, maxLength: 6 }),
});
type Stream = typeof streamOf extends fc.Arbitrary<infer T> ? T : never;

function lay({ frames, noise }: Stream): { bytes: Uint8Array; starts: number[] } {
  const starts: number[] = [];
  let bytes: Uint8Array = new Uint8Array(0);
  noise.forEach((some, index) => {
    const frame = frames[index];
    bytes = concatBytes(bytes, some);
    if (frame === undefined) return;
    starts.push(bytes.length);
    bytes = concatBytes(bytes, wireFrame(frame));
  });
  return { bytes, starts };
}

/** Where the bytes make a whole frame, by the words of the standard and no state machine. */
function framesByEye(bytes: Uint8Array): number[] {
  const isFrame = (at: number) => {
    const end = at + 12 + (bytes[at + 9] ?? LONGEST_FRAME);
    if (bytes[at] !== START || bytes[at + 7] !== START || end > bytes.length) return false;
    const sum = bytes.subarray(at, end - 2).reduce((total, byte) => total + byte, 0);
    return bytes[end - 2] === (sum & 0xff) && bytes[end - 1] === 0x16;
  };
  return Array.from(bytes.keys()).filter(isFrame);
}

/** The stream cut after each of these bytes. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length];
  const ordered = ends.toSorted((a, b) => a - b);
  return ordered.map((end, index) => bytes.slice(ordered[index - 1] ?? 0, end));
}

function framesIn(chunks: readonly Uint8Array[]): string[] {
  const framer = createFramer();
  return chunks.flatMap((chunk) => framer.push(chunk)).map((frame) => toHex(encodeFrame(frame)));
}

const wireOf = (frame: Dlt645Frame) => toHex(wireFrame(frame));

describe('the codec', () => {
  it('parses what it encodes, and encodes as the standard says', () => {
    fc.assert(
      fc.property(frameOf, (frame) => {
        const wire = encodeFrame(frame);
        expect(parseFrame(wire)).toEqual(frame);
        expect(toHex(wire)).toBe(wireOf(frame));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the framer', () => {
  it('finds every frame and no other, whatever lies between and however the stream is cut', () => {
    let frames = 0;
    fc.assert(
      fc.property(streamOf, fc.array(fc.nat(300)), (stream, places) => {
        const { bytes, starts } = lay(stream);
        // Noise that happens to make a frame is a frame.
        fc.pre(framesByEye(bytes).join() === starts.join());
        const wanted = stream.frames.map(wireOf);
        expect(framesIn([bytes])).toEqual(wanted);
        expect(framesIn(cut(bytes, places))).toEqual(wanted);
        expect(framesIn(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(wanted);
        expect(decode(bytes).filter(({ ok }) => ok)).toHaveLength(wanted.length);
        frames += wanted.length;
      }),
      { numRuns: 500 },
    );
    expect(frames).toBeGreaterThan(500);
  });

  it('finds a frame right behind any noise, as soon as its last byte is there', () => {
    fc.assert(
      fc.property(bytesOf(400), shortFrameOf, (noise, frame) => {
        const bytes = concatBytes(noise, wireFrame(frame));
        fc.pre(framesByEye(bytes).join() === String(noise.length));
        const framer = createFramer();
        expect(framer.push(bytes.subarray(0, -1))).toEqual([]);
        expect(framer.push(bytes.subarray(-1))).toEqual([frame]);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps less than one frame of the past, however long the noise', () => {
    let longest = 0;
    fc.assert(
      fc.property(fc.array(bytesOf(300), { maxLength: 20 }), (chunks) => {
        let pending: Uint8Array = new Uint8Array(0);
        for (const chunk of chunks) {
          const bytes = concatBytes(pending, chunk);
          pending = bytes.slice(scan(bytes).rest);
          expect(pending.length).toBeLessThan(LONGEST_FRAME);
          longest = Math.max(longest, pending.length);
        }
      }),
      { numRuns: 200 },
    );
    expect(longest).toBeGreaterThan(0);
  });
});

describe('every row of the table', () => {
  it('decodes to the digits that the meter had, whatever they are', () => {
    const rowOf = fc.constantFrom(...WORDINGS.entries());
    const countOf = fc.double({ min: 0, max: 1, noNaN: true });
    const cellOf = fc.record({ part: countOf, isNegative: fc.boolean(), isAbsent: fc.boolean() });
    fc.assert(
      fc.property(
        rowOf,
        addressOf,
        fc.array(cellOf, { minLength: 1, maxLength: 49 }),
        ([di, wording], address, cells) => {
          const texts = cells.slice(0, wording.names.length).map((cell) => {
            if (cell.isAbsent) return NO_VALUE;
            const count = Math.round(cell.part * largest(wording));
            return shown(count, wording, wording.signed && cell.isNegative);
          });
          const content = texts.map((text) => shownNumber(text, wording.bytes));
          const [frame] = decode(readAnswer(address, di, ...content));
          expect(frame).toMatchObject({ ok: true, address, di, error: null });
          const values = frame?.values.map(({ value }) => value ?? NO_VALUE);
          expect(values).toEqual(texts);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('decode', () => {
  it('gives objects and never anything but an AmrError, whatever the bytes', () => {
    const answerOf = fc
      .record({
        address: addressOf,
        control: fc.constantFrom(0x91, 0xb1, 0xd1, 0x11, 0xc3, 0x94),
        di: fc.constantFrom(...WORDINGS.keys()),
        content: bytesOf(60),
      })
      .map(({ address, control, di, content }) => {
        const answer = readAnswer(address, di, content);
        return wireFrame({ address, control, payload: parseFrame(answer).payload });
      });
    let good = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(bytesOf(300), answerOf)), (parts) => {
        const bytes = concatBytes(...parts);
        try {
          const frames = decode(bytes);
          good += frames.filter(({ ok }) => ok).length;
          for (const { ok, values, error } of frames) {
            if (!ok) expect([values, error === null]).toEqual([[], false]);
          }
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AmrError);
        }
      }),
      { numRuns: 500 },
    );
    expect(good).toBeGreaterThan(100);
  });
});
