import { describe, expect, it } from 'vitest';
import { encodeMbap } from '../../../drivers/modbus/mbap.ts';
import { createMbapFramer } from '../../../drivers/modbus/mbap-framer.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { TCP } from './codec-vectors.ts';
import { bytewise, contentPdu, mbapWire } from './codec-wire.ts';

const framesIn = (chunks: readonly Uint8Array[]) => {
  const framer = createMbapFramer();
  return chunks.flatMap((chunk) => framer.push(chunk));
};

/** Frames as hex, then the end of the stream as its code. */
function shown(chunks: readonly Uint8Array[]): string[] {
  const framer = createMbapFramer();
  const frames = chunks.flatMap((chunk) => framer.push(chunk));
  expect(framer.isBroken).toBe(framer.fault !== null);
  const codes = framer.fault === null ? [] : [framer.fault.code];
  return [...frames.map((frame) => toHex(encodeMbap(frame))), ...codes];
}

const good = mbapWire(1, 1, contentPdu(3, [0, 1]));

describe('the frame of Modbus TCP', () => {
  const wanted = TCP.map(({ frame }) => frame);
  const all = concatBytes(...wanted.map(fromHex));

  it('of another implementation is found, and written again to the same bytes', () => {
    expect(shown([all])).toEqual(wanted);
    expect(wanted).toHaveLength(9);
  });

  it('is found however the stream is cut, with its last byte', () => {
    expect(shown(bytewise(all))).toEqual(wanted);
    const framer = createMbapFramer();
    expect(framer.push(good.subarray(0, -1))).toEqual([]);
    expect(framer.push(good.subarray(-1))).toHaveLength(1);
  });

  it('has a transaction and a unit', () => {
    const told = framesIn([all]).map(({ transaction, unit }) => [transaction, unit]);
    expect(told).toEqual(TCP.map(({ transaction, unit }) => [transaction, unit]));
  });

  it.each([
    ['the shortest', 1],
    ['the longest', 253],
  ])('may be %s', (_, length) => {
    const frame = mbapWire(65535, 255, new Uint8Array(length));
    expect(shown([frame])).toEqual([toHex(frame)]);
  });
});

describe('a stream that is no Modbus TCP', () => {
  it.each([
    ['an HTTP answer', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', 'FRAME_MALFORMED'],
    ['the greeting of an SSH server', 'SSH-2.0-OpenSSH_9.6\r\n', 'FRAME_MALFORMED'],
  ])('%s: ends with one word', (_, text, code) => {
    const bytes = new TextEncoder().encode(text);
    expect(shown([bytes])).toEqual([code]);
    expect(shown(bytewise(bytes))).toEqual([code]);
  });

  it.each([
    ['another protocol', '00 01 00 01', 'FRAME_MALFORMED'],
    ['an RTU answer', '11 03 06 AE', 'FRAME_MALFORMED'],
    ['no unit and no function', '00 01 00 00 00 00', 'FRAME_LENGTH'],
    ['no function', '00 01 00 00 00 01', 'FRAME_LENGTH'],
    ['more than a frame can hold', '00 01 00 00 00 FF', 'FRAME_LENGTH'],
    ['a length of many frames', '00 01 00 00 01 02', 'FRAME_LENGTH'],
  ])('%s: ends with the byte that says so', (_, hex, code) => {
    const bytes = fromHex(hex);
    expect(shown([bytes.subarray(0, -1)])).toEqual([]);
    expect(shown([bytes])).toEqual([code]);
    expect(shown([bytes.subarray(0, -1), bytes.subarray(-1)])).toEqual([code]);
  });

  it('gives what was good before, and nothing after', () => {
    const broken = fromHex('00 02 00 09 00 06');
    const wanted = [toHex(good), 'FRAME_MALFORMED'];
    expect(shown([good, broken, good, good])).toEqual(wanted);
    expect(shown([concatBytes(good, broken, good, good)])).toEqual(wanted);
    expect(shown(bytewise(concatBytes(good, broken, good)))).toEqual(wanted);
  });
});
