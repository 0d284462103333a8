import { describe, expect, it } from 'vitest';
import { encodeRtu } from '../../../drivers/modbus/rtu.ts';
import { createRtuFramer, type Expected } from '../../../drivers/modbus/rtu-framer.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { bytewise, contentPdu, readPdu, rtuWire } from './codec-wire.ts';

const UNIT = 17;

function expecting(code: number, address: number, quantity: number, unit = UNIT) {
  const pdu = readPdu(code, address, quantity);
  return { expected: { unit, request: Uint8Array.from(pdu) }, echo: rtuWire(unit, pdu) };
}

function framesIn(expected: Expected, chunks: readonly Uint8Array[]): string[] {
  const framer = createRtuFramer(expected);
  const frames = chunks.flatMap((chunk) => framer.push(chunk));
  return frames.map(({ unit, pdu }) => toHex(encodeRtu(unit, pdu)));
}

const counting = (length: number) => Array.from({ length }, (_, index) => index % 256);
const { expected, echo } = expecting(3, 107, 3);
const answer = rtuWire(UNIT, contentPdu(3, fromHex('AE 41 56 52 43 40')));
const refusal = rtuWire(UNIT, [0x83, 2]);

describe('the framer of an answer', () => {
  it('is done with the last byte of it, not before and not by silence', () => {
    const framer = createRtuFramer(expected);
    const counts = bytewise(answer).map((byte) => framer.push(byte).length);
    expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it.each([
    ['the glitch of a driver that turns round', '00'],
    ['the unit alone', '11'],
    ['the unit and the function', '11 03'],
    ['its own beginning', '11 03 06'],
    ['an answer that is cut', '11 03 06 AE 41 56 52'],
    ['the beginning of a longer answer', '11 03 FA'],
    ['its own beginning many times', '11 03 06 11 03 06 11 03 06 11 03 06'],
    ['an answer with a wrong byte', '11 03 06 AE 41 56 53 43 40 49 AD'],
    ['the line of an adapter that starts', '55 AA 0D 0A 4F 4B 0D 0A'],
  ])('finds it behind %s', (_, noise) => {
    const bytes = concatBytes(fromHex(noise), answer);
    expect(framesIn(expected, [bytes])).toEqual([toHex(answer)]);
    const framer = createRtuFramer(expected);
    const counts = bytewise(bytes).map((byte) => framer.push(byte).length);
    expect(counts.indexOf(1)).toBe(bytes.length - 1);
  });

  it('finds two that are glued, and one behind the other', () => {
    expect(framesIn(expected, [concatBytes(answer, answer)])).toEqual(Array(2).fill(toHex(answer)));
    expect(framesIn(expected, [answer, answer])).toHaveLength(2);
  });

  it('finds a refusal, behind noise too', () => {
    expect(framesIn(expected, [refusal])).toEqual([toHex(refusal)]);
    expect(framesIn(expected, [fromHex('11 03'), refusal])).toEqual([toHex(refusal)]);
  });

  it('gives nothing with a wrong CRC', () => {
    expect(framesIn(expected, [answer.with(-1, 0), refusal.with(2, 3)])).toEqual([]);
  });

  it('takes nothing out of the content of the answer', () => {
    const { expected: asked } = expecting(3, 0, 5);
    const whole = rtuWire(UNIT, contentPdu(3, [...refusal, ...refusal]));
    expect(framesIn(asked, [whole])).toEqual([toHex(whole)]);
    expect(framesIn(asked, bytewise(whole))).toEqual([toHex(whole)]);
  });

  it('gives up what looked like an answer, for what stands inside', () => {
    const { expected: asked } = expecting(3, 0, 5);
    const broken = concatBytes(
      Uint8Array.of(UNIT, 3, 10),
      refusal,
      fromHex('00 00 00 00 00 00 00'),
    );
    expect(framesIn(asked, bytewise(broken))).toEqual([toHex(refusal)]);
  });

  it('waits for the objects of an identification', () => {
    const request = fromHex('2B 0E 01 00');
    const pdu = fromHex('2B 0E 01 83 FF 02 02 00 04 41 63 6D 65 01 00');
    const framer = createRtuFramer({ unit: UNIT, request });
    const wire = rtuWire(UNIT, pdu);
    const counts = bytewise(wire).map((byte) => framer.push(byte).length);
    expect(counts).toEqual(wire.subarray(1).reduce((all) => [0, ...all], [1]));
  });
});

describe('the request that comes back', () => {
  it('is passed over, alone and in front of the answer, behind noise too', () => {
    expect(framesIn(expected, [echo])).toEqual([]);
    for (const chunks of [[echo, answer], bytewise(concatBytes(Uint8Array.of(0), echo, answer))]) {
      expect(framesIn(expected, chunks)).toEqual([toHex(answer)]);
    }
    expect(framesIn(expected, [Uint8Array.of(0), echo, refusal])).toEqual([toHex(refusal)]);
  });

  // The high byte of the address stands where the answer has its byte count.
  it.each([
    ['registers', 3, 0x0400, 2, 4],
    ['many registers', 4, 0x5000, 40, 80],
    ['as many registers as there are', 3, 0xfa00, 125, 250],
    ['bits', 1, 0x0105, 8, 1],
    ['three bytes of bits, whose answer is as long as the request', 2, 0x0300, 24, 3],
  ])('does not hide the answer with %s at an address like its length', (...row) => {
    const [, code, address, quantity, length] = row;
    const { expected: asked, echo: back } = expecting(code, address, quantity);
    const whole = rtuWire(UNIT, contentPdu(code, counting(length)));
    const no = rtuWire(UNIT, [code + 0x80, 4]);
    expect(framesIn(asked, [back])).toEqual([]);
    for (const wanted of [whole, no]) {
      for (const noise of ['', '00']) {
        const bytes = concatBytes(fromHex(noise), back, wanted);
        expect(framesIn(asked, [bytes])).toEqual([toHex(wanted)]);
        expect(framesIn(asked, bytewise(bytes))).toEqual([toHex(wanted)]);
      }
    }
  });

  it('is told from an answer of one register that begins like it', () => {
    // Byte count 2, then the low byte of the address and the high byte of the quantity.
    const { expected: asked, echo: back } = expecting(3, 0x0207, 1);
    const whole = rtuWire(UNIT, contentPdu(3, [7, 0]));
    expect(back.subarray(0, 5)).toEqual(whole.subarray(0, 5));
    expect(framesIn(asked, [whole])).toEqual([toHex(whole)]);
    expect(framesIn(asked, [back, whole])).toEqual([toHex(whole)]);
  });
});

describe('frames of others', () => {
  const others = {
    'the answer of another unit': rtuWire(18, contentPdu(3, counting(6))),
    'a longer answer': rtuWire(UNIT, contentPdu(3, counting(8))),
    'a shorter answer': rtuWire(UNIT, contentPdu(3, counting(2))),
    'the answer to another function': rtuWire(UNIT, contentPdu(4, counting(6))),
    'the refusal of another unit': rtuWire(18, [0x83, 2]),
    'the refusal of another function': rtuWire(UNIT, [0x84, 2]),
    'the request of another master': rtuWire(18, readPdu(3, 107, 3)),
  };

  it.each(Object.entries(others))('%s is given too', (_, frame) => {
    expect(framesIn(expected, [frame, answer])).toEqual([toHex(frame), toHex(answer)]);
    expect(framesIn(expected, bytewise(frame))).toEqual([toHex(frame)]);
  });

  it('are none where an answer stands in the middle', () => {
    const frame = rtuWire(18, contentPdu(3, counting(6)));
    const chunks = [frame.subarray(0, 5), answer, frame.subarray(5)];
    expect(framesIn(expected, chunks)).toEqual([toHex(answer)]);
  });

  it('never hold the answer back', () => {
    // Function 3 with a byte count that announces 255 bytes.
    const beginning = fromHex('05 03 FA 01 02');
    const framer = createRtuFramer(expected);
    const counts = bytewise(concatBytes(beginning, answer)).map((byte) => framer.push(byte).length);
    expect(counts.at(-1)).toBe(1);
  });
});

describe('noise without end', () => {
  /** Bytes that begin an answer as often as bytes can. */
  const noises = {
    'the unit again and again': [UNIT],
    'beginnings of the answer': [UNIT, 3, 6],
    'beginnings of long answers': [UNIT, 3, 0xfa],
    'beginnings of long answers of others': [3, 3, 0xfa],
    'the request again and again': [...echo],
  };

  it.each(Object.entries(noises))('does not wear the framer out: %s', (_, unit) => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => unit[at % unit.length] ?? 0);
    const { expected: asked } = expecting(3, 0, 125);
    for (const one of [expected, asked]) {
      const framer = createRtuFramer(one);
      for (let at = 0; at < bytes.length; at += 100) framer.push(bytes.subarray(at, at + 100));
      // What looked like the beginning of an answer ends here at the latest.
      framer.push(new Uint8Array(256).fill(0xff));
      const last = rtuWire(UNIT, contentPdu(3, counting(one === asked ? 250 : 6)));
      expect(framer.push(last)).toHaveLength(1);
    }
  });
});
