import { describe, expect, it } from 'vitest';
import { encodeRtu, parseRtu } from '../../../drivers/modbus/rtu.ts';
import { createSniffFramer } from '../../../drivers/modbus/sniffer.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { RTU } from './codec-vectors.ts';
import { bytewise, contentPdu, rtuWire } from './codec-wire.ts';

const throwing = (code: string) => expect.objectContaining({ code });

describe('the RTU frame', () => {
  it('of another implementation is parsed, and written again to the same bytes', () => {
    const again = RTU.map(({ frame, unit }) => {
      const parsed = parseRtu(fromHex(frame));
      expect(parsed.unit).toBe(unit);
      return toHex(encodeRtu(parsed.unit, parsed.pdu));
    });
    expect(again).toEqual(RTU.map(({ frame }) => frame));
    expect(again).toHaveLength(37);
  });

  it('is 256 bytes at the longest', () => {
    const longest = rtuWire(1, contentPdu(3, Array(251).fill(7)));
    expect(parseRtu(longest).pdu).toHaveLength(253);
    expect(() => parseRtu(rtuWire(1, contentPdu(3, Array(252).fill(7))))).toThrow(
      throwing('FRAME_LENGTH'),
    );
  });

  it('has its own copy of the bytes', () => {
    const bytes = rtuWire(1, [0x83, 2]);
    const { pdu } = parseRtu(bytes);
    bytes.fill(0);
    expect(pdu).toEqual(Uint8Array.of(0x83, 2));
  });

  it.each([
    ['no function', '01 7E 80', 'FRAME_LENGTH'],
    ['nothing', '', 'FRAME_LENGTH'],
    ['another CRC', '01 84 02 C2 C0', 'FRAME_CHECKSUM'],
    ['its CRC the other way round', '01 84 02 C1 C2', 'FRAME_CHECKSUM'],
    ['a byte less', '01 84 02 C2', 'FRAME_CHECKSUM'],
    ['a byte more', '01 84 02 C2 C1 FF', 'FRAME_CHECKSUM'],
  ])('is refused with %s', (_, hex, code) => {
    expect(() => parseRtu(fromHex(hex))).toThrow(throwing(code));
  });
});

describe('the framer that knows nothing of the request', () => {
  // Functions without a layout cannot be delimited in a stream; more than 125 registers may not
  // be asked for.
  const delimited = RTU.filter(
    ({ direction, id }) => direction !== null && id !== 'rtu-input-too-many',
  );
  const hexOf = (chunks: readonly Uint8Array[]) => {
    const framer = createSniffFramer();
    const frames = chunks.flatMap((chunk) => framer.push(chunk));
    return frames.map(({ unit, pdu }) => toHex(encodeRtu(unit, pdu)));
  };
  const all = concatBytes(...delimited.map(({ frame }) => fromHex(frame)));
  const wanted = delimited.map(({ frame }) => frame);

  it('finds requests and answers glued together', () => {
    expect(hexOf([all])).toEqual(wanted);
    expect(wanted).toHaveLength(35);
  });

  it('finds them byte by byte, each with its last byte', () => {
    const framer = createSniffFramer();
    const ends = bytewise(all).flatMap((byte, at) =>
      framer.push(byte).length > 0 ? [at + 1] : [],
    );
    let end = 0;
    expect(ends).toEqual(
      wanted.map((frame) => {
        end += fromHex(frame).length;
        return end;
      }),
    );
  });

  it('finds them with bytes between that begin none', () => {
    const noisy = wanted.flatMap((frame) => [fromHex('00 FF 7F'), fromHex(frame)]);
    expect(hexOf(noisy)).toEqual(wanted);
  });

  it('waits for nothing that is longer than a frame', () => {
    // Identifications whose objects are longer than a frame, the second one at the latest.
    const head = fromHex('01 2B 0E 01 83 00 00 02 00');
    for (const length of [240, 243, 244, 245, 246, 255]) {
      const noise = concatBytes(head, Uint8Array.of(length), new Uint8Array(length).fill(0xff));
      const refusal = rtuWire(9, [0x83, 2]);
      expect(hexOf([noise, refusal])).toEqual([toHex(refusal)]);
    }
  });

  it.each([
    ['an answer that is as long as a request with it', [1, 2, 0xcd, 0x03]],
    ['a request that is as long as an answer with it', [3, 4, 0, 0, 2]],
  ])('leaves out a zero byte behind %s', (_, pdu) => {
    const wire = rtuWire(17, pdu);
    expect(hexOf([concatBytes(wire, Uint8Array.of(0))])).toEqual([toHex(wire)]);
  });

  it('takes no frame out of the content of another', () => {
    const inner = rtuWire(1, [0x83, 2]);
    const outer = rtuWire(1, contentPdu(4, [...inner, 0]));
    expect(hexOf(bytewise(outer))).toEqual([toHex(outer)]);
  });
});
