import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  functionOf,
  hasMore,
  isAbnormal,
  isResponse,
  parseFrame,
} from '../../../drivers/dlt645/frame.ts';
import { createFramer } from '../../../drivers/dlt645/framer.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { BAD_CHECKSUMS, GOOD } from './fixtures.ts';
import { wireFrame } from './wire.ts';

const WAKE_UP = fromHex('FE FE FE FE');
/** Tails of other frames and idle-line glitches, seen before frames on real lines. */
const NOISE = ['00', '56 7B 16', 'AA AA', 'FD BB', '68', '68 68', '68 12 90 78 56 34 12 68 91 FF'];

/** The frames in these chunks, written back as hex. */
function framesIn(...chunks: Uint8Array[]): string[] {
  const framer = createFramer();
  return chunks.flatMap((chunk) => framer.push(chunk)).map((frame) => toHex(encodeFrame(frame)));
}

const bytewise = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Without the FE before it. */
const bare = ({ frame, preamble }: { frame: string; preamble: number }) =>
  fromHex(frame).subarray(preamble);

describe('the codec', () => {
  it('gives the same bytes again for every good frame', () => {
    const again = GOOD.map((row) => toHex(encodeFrame(parseFrame(bare(row)))));
    expect(again).toEqual(GOOD.map((row) => toHex(bare(row))));
    expect(again).toHaveLength(198);
  });

  it('reads the bits of the control byte', () => {
    const bits = [0x11, 0x91, 0xd1, 0xb1, 0xf2].map((control) => {
      const frame = parseFrame(wireFrame({ address: '0'.repeat(12), control }));
      return [isResponse(frame), isAbnormal(frame), hasMore(frame), functionOf(frame)];
    });
    expect(bits).toEqual([
      [false, false, false, 0x11],
      [true, false, false, 0x11],
      [true, true, false, 0x11],
      [true, false, true, 0x11],
      [true, true, true, 0x12],
    ]);
  });

  it('carries up to 255 bytes and leaves what it was given untouched', () => {
    const payload = Uint8Array.from({ length: 255 }, (_, index) => index);
    const before = payload.slice();
    const wire = encodeFrame({ address: '123456789012', control: 0x91, payload });
    expect(wire).toEqual(wireFrame({ address: '123456789012', control: 0x91, payload }));
    expect(parseFrame(wire).payload).toEqual(payload);
    expect(payload).toEqual(before);
    expect(wire).toEqual(wireFrame({ address: '123456789012', control: 0x91, payload }));
  });

  it.each([
    ['shorter than a header', (wire: Uint8Array) => wire.subarray(0, 5), 'FRAME_LENGTH'],
    ['a byte short', (wire: Uint8Array) => wire.subarray(0, -1), 'FRAME_LENGTH'],
    ['a byte long', (wire: Uint8Array) => concatBytes(wire, WAKE_UP), 'FRAME_LENGTH'],
    ['without 68 at the start', (wire: Uint8Array) => wire.with(0, 0x67), 'FRAME_MALFORMED'],
    ['without 16 at the end', (wire: Uint8Array) => wire.with(-1, 0x17), 'FRAME_MALFORMED'],
    ['with another checksum', (wire: Uint8Array) => wire.with(-2, 0), 'FRAME_CHECKSUM'],
  ])('refuses a frame %s', (_, spoil, code) => {
    const wire = wireFrame({ address: '123456789012', control: 0x91, payload: fromHex('01 02') });
    expect(() => parseFrame(spoil(wire))).toThrow(expect.objectContaining({ code }));
  });
});

describe('every good frame', () => {
  const each = (check: (frame: Uint8Array, wanted: string) => void) => {
    let covered = 0;
    for (const row of GOOD) {
      check(bare(row), toHex(bare(row)));
      covered += 1;
    }
    expect(covered).toBe(198);
  };

  it('is found byte by byte, at its last byte and not before', () => {
    each((frame, wanted) => {
      const framer = createFramer();
      const found = bytewise(frame).map((byte) => framer.push(byte).length);
      expect(found).toEqual([...new Array(frame.length - 1).fill(0), 1]);
      expect(framesIn(...bytewise(frame))).toEqual([wanted]);
    });
  });

  it('is found twice when two are glued', () => {
    each((frame, wanted) => {
      expect(framesIn(concatBytes(frame, frame))).toEqual([wanted, wanted]);
      expect(framesIn(concatBytes(frame, WAKE_UP, frame))).toEqual([wanted, wanted]);
    });
  });

  it('is found behind FE and noise, in one piece and byte by byte', () => {
    let covered = 0;
    each((frame, wanted) => {
      for (const noise of NOISE) {
        const stream = concatBytes(fromHex(noise), WAKE_UP, frame, fromHex(noise), frame);
        expect(framesIn(stream)).toEqual([wanted, wanted]);
        expect(framesIn(...bytewise(stream))).toEqual([wanted, wanted]);
        covered += 1;
      }
    });
    expect(covered).toBe(198 * NOISE.length);
  });

  it('is found behind a frame that is broken', () => {
    each((frame, wanted) => {
      for (const { frame: broken } of BAD_CHECKSUMS) {
        expect(framesIn(fromHex(broken), frame)).toEqual([wanted]);
      }
    });
  });

  it('is found where noise makes a frame around it, in one piece and byte by byte', () => {
    each((frame, wanted) => {
      const payload = frame.map((byte) => byte - 0x33);
      const around = wireFrame({ address: '123456789012', control: 0x91, payload });
      expect(framesIn(around)).toEqual([wanted]);
      expect(framesIn(...bytewise(around))).toEqual([wanted]);
    });
  });

  it('is not found once any one of its bytes is changed', () => {
    each((frame) => {
      for (let at = 0; at < frame.length; at++) {
        const changed = frame.with(at, (frame[at] ?? 0) ^ 0x01);
        expect(framesIn(changed)).toEqual([]);
      }
    });
  });
});

describe('every frame with a bad checksum', () => {
  it('is passed over', () => {
    expect(BAD_CHECKSUMS.flatMap(({ frame }) => framesIn(fromHex(frame)))).toEqual([]);
  });
});
