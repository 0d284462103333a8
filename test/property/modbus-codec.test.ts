import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeModbus } from '../../drivers/modbus/decode.ts';
import {
  encodeIdentificationRequest,
  parseIdentification,
} from '../../drivers/modbus/identification.ts';
import { encodeMbap, type MbapFrame } from '../../drivers/modbus/mbap.ts';
import { createMbapFramer } from '../../drivers/modbus/mbap-framer.ts';
import { encodeRead, parseAnswer, type ReadRequest, type Table } from '../../drivers/modbus/pdu.ts';
import { encodeRtu, parseRtu, type RtuFrame } from '../../drivers/modbus/rtu.ts';
import { createRtuFramer } from '../../drivers/modbus/rtu-framer.ts';
import { createSniffFramer, sniff } from '../../drivers/modbus/sniffer.ts';
import type { Framer } from '../../src/core/bus.ts';
import { concatBytes, toHex } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';
import {
  bytewise,
  contentPdu,
  crcByHand,
  cutAt,
  mbapWire,
  readPdu,
  rtuWire,
} from '../unit/modbus/codec-wire.ts';

const LONGEST_RTU = 256;
const CODES: Readonly<Record<Table, number>> = { coil: 1, discrete: 2, holding: 3, input: 4 };

const byteOf = fc.integer({ min: 0, max: 255 });
const wordOf = fc.integer({ min: 0, max: 65535 });
const unitOf = fc.integer({ min: 1, max: 247 });
const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength });

const requestOf: fc.Arbitrary<ReadRequest> = fc
  .record({
    table: fc.constantFrom(...(Object.keys(CODES) as Table[])),
    part: fc.nat(),
    address: wordOf,
  })
  .map(({ table, part, address }) => {
    const most = Math.min(CODES[table] <= 2 ? 2000 : 125, 65536 - address);
    return { table, address, quantity: 1 + (part % most) };
  });

const contentLength = ({ table, quantity }: ReadRequest) =>
  CODES[table] <= 2 ? Math.ceil(quantity / 8) : quantity * 2;

/** A question with its answer. */
const exchangeOf = requestOf.chain((request) => {
  const length = contentLength(request);
  return fc.record({
    request: fc.constant(request),
    unit: unitOf,
    content: fc.uint8Array({ minLength: length, maxLength: length }),
  });
});

const questionPdu = ({ table, address, quantity }: ReadRequest) =>
  readPdu(CODES[table], address, quantity);

describe('the PDU', () => {
  it('of a reading request is written as the standard says', () => {
    fc.assert(
      fc.property(requestOf, (request) => {
        expect([...encodeRead(request)]).toEqual(questionPdu(request));
      }),
    );
  });

  it('of its answer gives the content back, and nothing of any other length', () => {
    fc.assert(
      fc.property(exchangeOf, fc.nat(300), ({ request, content }, other) => {
        const code = CODES[request.table];
        const answer = parseAnswer(request, Uint8Array.from(contentPdu(code, content)));
        expect(answer).toEqual({ kind: 'registers', bytes: content });
        const wrong = contentPdu(code, new Uint8Array(other));
        if (other === content.length) return;
        expect(() => parseAnswer(request, Uint8Array.from(wrong))).toThrow(
          expect.objectContaining({ code: 'FRAME_LENGTH' }),
        );
      }),
    );
  });

  it('of an identification gives every text back', () => {
    const textOf = fc.string({ unit: 'grapheme-ascii', maxLength: 15 }).map((text) => text.trim());
    const objectsOf = fc.dictionary(byteOf.map(String), textOf, { maxKeys: 12 });
    fc.assert(
      fc.property(objectsOf, byteOf, (dictionary, next) => {
        const objects = Object.entries(dictionary).map(([id, text]) => [Number(id), text] as const);
        const listed = objects.flatMap(([id, text]) => [
          id,
          text.length,
          ...[...text].map((letter) => letter.charCodeAt(0)),
        ]);
        const head = [0x2b, 0x0e, 3, 0x83, 0xff, next, objects.length];
        const parsed = parseIdentification(Uint8Array.from([...head, ...listed]));
        const isAhead = objects.every(([id]) => id < next);
        expect(parsed).toEqual({
          kind: 'objects',
          objects: new Map(objects),
          next: isAhead ? next : null,
        });
      }),
    );
  });
});

describe('the frames', () => {
  const pduOf = fc.uint8Array({ minLength: 1, maxLength: 253 });

  it('of a serial line are parsed as they were written, by hand too', () => {
    fc.assert(
      fc.property(byteOf, pduOf, (unit, pdu) => {
        const wire = encodeRtu(unit, pdu);
        expect(parseRtu(wire)).toEqual({ unit, pdu });
        expect(toHex(wire)).toBe(toHex(rtuWire(unit, pdu)));
      }),
    );
  });

  it('of Modbus TCP are found as they were written, however the stream is cut', () => {
    const frameOf = fc.record({ transaction: wordOf, unit: byteOf, pdu: pduOf });
    const streamOf = fc.array(frameOf, { maxLength: 5 });
    fc.assert(
      fc.property(streamOf, fc.array(fc.nat(900)), (frames, places) => {
        const bytes = concatBytes(...frames.map(encodeMbap));
        const byHand = frames.map(({ transaction, unit, pdu }) => mbapWire(transaction, unit, pdu));
        expect(toHex(bytes)).toBe(toHex(concatBytes(...byHand)));
        for (const chunks of [[bytes], cutAt(bytes, places), bytewise(bytes)]) {
          const framer = createMbapFramer();
          expect(chunks.flatMap((chunk) => framer.push(chunk))).toEqual(frames);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of Modbus TCP end with the first wrong header, once, wherever the stream is cut', () => {
    const headerOf = fc
      .tuple(wordOf, wordOf, wordOf)
      .filter(([, protocol, length]) => protocol !== 0 || length < 2 || length > 254);
    const frameOf = fc.record({ transaction: wordOf, unit: byteOf, pdu: pduOf });
    fc.assert(
      fc.property(fc.array(frameOf, { maxLength: 3 }), headerOf, fc.array(fc.nat(900)), (...of) => {
        const [frames, header, places] = of;
        const nonsense = Uint8Array.from(header.flatMap((word) => [word >> 8, word & 0xff]));
        const good = frames.map(encodeMbap);
        const bytes = concatBytes(...good, nonsense, ...good);
        const framer = createMbapFramer();
        const found = cutAt(bytes, places).flatMap((chunk) => framer.push(chunk));
        expect(found).toEqual(frames);
        expect(framer.fault).toBeInstanceOf(AmrError);
        expect(framer.isBroken).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

/**
 * What one exchange may meet on a line. Noise is made of what begins frames far more often than
 * chance would have it.
 */
const lineOf = exchangeOf.chain(({ request, unit, content }) => {
  const code = CODES[request.table];
  const trickyOf = fc.oneof(
    byteOf,
    fc.constantFrom(unit, code, code + 0x80, content.length, 3, 4, 6, 16, 0, 0xff),
  );
  const beginningOf = fc.constantFrom(
    [unit],
    [unit, code],
    [unit, code, content.length],
    [unit, code, content.length, ...content.subarray(0, 5)],
    [unit, ...questionPdu(request).slice(0, 3)],
  );
  const noiseOf = fc
    .array(
      fc.oneof(
        trickyOf.map((byte) => [byte]),
        beginningOf,
      ),
      { maxLength: 12 },
    )
    .map((parts) => Uint8Array.from(parts.flat()));
  const answer = rtuWire(unit, contentPdu(code, content));
  const partOf = fc.constantFrom(
    { isAnswer: true, bytes: answer },
    { isAnswer: true, bytes: rtuWire(unit, [code + 0x80, 2]) },
    { isAnswer: false, bytes: rtuWire(unit, questionPdu(request)) },
    { isAnswer: false, bytes: rtuWire(unit === 1 ? 2 : 1, contentPdu(code, content)) },
    { isAnswer: false, bytes: rtuWire(unit, contentPdu(code, [...content, 1, 2].slice(0, 250))) },
    { isAnswer: false, bytes: rtuWire(unit === 1 ? 2 : 1, [code + 0x80, 2]) },
    { isAnswer: false, bytes: answer.with(-1, (answer.at(-1) ?? 0) ^ 1) },
  );
  return fc.record({
    unit: fc.constant(unit),
    request: fc.constant(request),
    content: fc.constant(content),
    parts: fc.array(fc.tuple(noiseOf, partOf), { maxLength: 5 }),
    tail: noiseOf,
  });
});
type Line = typeof lineOf extends fc.Arbitrary<infer T> ? T : never;

const isClosedByHand = (bytes: Uint8Array) => {
  const [low, high] = crcByHand([...bytes.subarray(0, -2)]);
  return bytes.at(-2) === low && bytes.at(-1) === high;
};

/** Where in these bytes an answer stands, by the words of the standard and no state machine. */
function answersByEye(bytes: Uint8Array, { unit, request, content }: Line): number[] {
  const code = CODES[request.table];
  return [...bytes.keys()].filter((at) => {
    if (bytes[at] !== unit) return false;
    if (bytes[at + 1] === code + 0x80) return isClosedByHand(bytes.subarray(at, at + 5));
    const isAnswer = bytes[at + 1] === code && bytes[at + 2] === content.length;
    const end = at + content.length + 5;
    return isAnswer && end <= bytes.length && isClosedByHand(bytes.subarray(at, end));
  });
}

/** The parts in a row, and which of them are answers to the request. */
function lay({ parts, tail }: Line): { bytes: Uint8Array; starts: number[]; answers: string[] } {
  const starts: number[] = [];
  const answers: string[] = [];
  let bytes: Uint8Array = new Uint8Array(0);
  for (const [noise, part] of parts) {
    bytes = concatBytes(bytes, noise);
    if (part.isAnswer) {
      starts.push(bytes.length);
      answers.push(toHex(part.bytes));
    }
    bytes = concatBytes(bytes, part.bytes);
  }
  // Behind silence nothing that was begun can go on; FFH begins no frame.
  return {
    bytes: concatBytes(bytes, tail, new Uint8Array(LONGEST_RTU).fill(0xff)),
    starts,
    answers,
  };
}

const hexOf = ({ unit, pdu }: RtuFrame) => toHex(encodeRtu(unit, pdu));

function framesIn(framer: Framer<RtuFrame>, chunks: readonly Uint8Array[]): string[] {
  return chunks.flatMap((chunk) => framer.push(chunk)).map(hexOf);
}

describe('the framer of an answer', () => {
  const framerFor = ({ unit, request }: Line) =>
    createRtuFramer({ unit, request: encodeRead(request) });
  /** True for the frames that the exchange would take. */
  const isAnswerTo = (line: Line) => (hex: string) => {
    const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));
    return answersByEye(bytes, line).includes(0);
  };

  it('finds every answer and no other, whatever lies between and however the stream is cut', () => {
    let answers = 0;
    fc.assert(
      fc.property(lineOf, fc.array(fc.nat(1500)), (line, places) => {
        const { bytes, starts, answers: wanted } = lay(line);
        // Noise that happens to have a good check is an answer; so is a request whose address is
        // the length of bits. Chance has it once in 65536 times.
        fc.pre(answersByEye(bytes, line).join() === starts.join());
        const whole = framesIn(framerFor(line), [bytes]);
        expect(whole.filter(isAnswerTo(line))).toEqual(wanted);
        expect(framesIn(framerFor(line), cutAt(bytes, places))).toEqual(whole);
        expect(framesIn(framerFor(line), bytewise(bytes))).toEqual(whole);
        answers += wanted.length;
      }),
      { numRuns: 1000 },
    );
    expect(answers).toBeGreaterThan(300);
  });

  it('is done with the last byte of an answer, however much noise was before', () => {
    let done = 0;
    fc.assert(
      fc.property(lineOf, bytesOf(300), (line, noise) => {
        const answer = rtuWire(line.unit, contentPdu(CODES[line.request.table], line.content));
        const bytes = concatBytes(noise, answer);
        fc.pre(answersByEye(bytes, line).join() === String(noise.length));
        const framer = framerFor(line);
        framer.push(bytes.subarray(0, -1));
        expect(framer.push(bytes.subarray(-1)).map(hexOf)).toEqual([toHex(answer)]);
        done += 1;
      }),
      { numRuns: 300 },
    );
    expect(done).toBeGreaterThan(250);
  });

  it('gives nothing with a wrong check, and throws nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(lineOf, fc.array(bytesOf(300)), (line, chunks) => {
        const all = toHex(concatBytes(...chunks));
        for (const frame of framesIn(framerFor(line), chunks)) expect(all).toContain(frame);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the framer that knows nothing of the request', () => {
  const anyPduOf = fc.oneof(
    exchangeOf.map(({ request }) => questionPdu(request)),
    exchangeOf.map(({ request, content }) => contentPdu(CODES[request.table], content)),
    fc.tuple(wordOf, wordOf).map(([at, value]) => [...questionPdu6(at, value)]),
    fc.constantFrom(1, 2, 3, 4, 5, 6, 15, 16, 43).map((code) => [code + 0x80, 2]),
    fc.constantFrom([...encodeIdentificationRequest({ access: 'basic', object: 0 })]),
  );
  function questionPdu6(address: number, value: number): number[] {
    return [6, ...readPdu(0, address, value).slice(1)];
  }
  const streamOf = fc.array(fc.tuple(unitOf, anyPduOf), { maxLength: 6 });

  it('finds all that are glued, however the stream is cut, as decode does', () => {
    let found = 0;
    let doubtful = 0;
    fc.assert(
      fc.property(streamOf, fc.array(fc.nat(1500)), (stream, places) => {
        const wires = stream.map(([unit, pdu]) => rtuWire(unit, pdu));
        const bytes = concatBytes(...wires);
        const whole = sniff(bytes, true).found.map(({ frame }) => hexOf(frame));
        expect(framesIn(createSniffFramer(), cutAt(bytes, places))).toEqual(whole);
        expect(framesIn(createSniffFramer(), bytewise(bytes))).toEqual(whole);
        // A frame whose CRC begins with the right byte for a shorter one is cut by chance.
        if (whole.join() !== wires.map(toHex).join()) doubtful += 1;
        else expect(decodeModbus(bytes).filter(({ ok }) => ok)).toHaveLength(wires.length);
        found += wires.length;
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(500);
    expect(doubtful).toBeLessThanOrEqual(1);
  });

  it('keeps less than one frame of the past, however long the noise', () => {
    let longest = 0;
    const startOf = fc.constantFrom(1, 3, 16, 43, 14, 0xfa);
    const trickyOf = fc.oneof(
      fc.array(fc.oneof(byteOf, startOf), { maxLength: 300 }),
      fc.nat(251).map((count) => [1, 3, 0xfa, ...Array<number>(count).fill(0)]),
    );
    fc.assert(
      fc.property(fc.array(trickyOf, { maxLength: 20 }), (chunks) => {
        let pending: Uint8Array = new Uint8Array(0);
        for (const chunk of chunks) {
          const bytes = concatBytes(pending, Uint8Array.from(chunk));
          pending = bytes.slice(sniff(bytes, false).rest);
          expect(pending.length).toBeLessThan(LONGEST_RTU);
          longest = Math.max(longest, pending.length);
        }
      }),
      { numRuns: 200 },
    );
    expect(longest).toBeGreaterThan(200);
  });
});

describe('decode', () => {
  const frameOf: fc.Arbitrary<MbapFrame> = fc.record({
    transaction: wordOf,
    unit: byteOf,
    pdu: fc.uint8Array({ minLength: 1, maxLength: 60 }),
  });
  const functionOf = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 43, 0x83, 0xab, 0x41);

  it('gives objects and never anything but an AmrError, whatever the bytes', () => {
    let good = 0;
    const partOf = fc.oneof(
      bytesOf(300),
      fc
        .tuple(unitOf, functionOf, bytesOf(60))
        .map(([unit, code, rest]) => rtuWire(unit, [code, ...rest])),
      frameOf.map(encodeMbap),
    );
    fc.assert(
      fc.property(fc.array(partOf, { maxLength: 4 }), (parts) => {
        const frames = decodeModbus(concatBytes(...parts));
        good += frames.filter(({ ok }) => ok).length;
        for (const { ok, values, error } of frames) {
          if (!ok) expect([values, error === null]).toEqual([[], false]);
        }
      }),
      { numRuns: 1000 },
    );
    expect(good).toBeGreaterThan(100);
  });

  it('tells a frame with one wrong byte as broken, and nothing of its content', () => {
    let broken = 0;
    fc.assert(
      fc.property(exchangeOf, fc.nat(), fc.integer({ min: 1, max: 255 }), (...of) => {
        const [{ request, unit, content }, place, flip] = of;
        const wire = rtuWire(unit, contentPdu(CODES[request.table], content));
        const at = place % wire.length;
        const frames = decodeModbus(wire.with(at, (wire[at] ?? 0) ^ flip));
        // A frame may stand inside the content, or the bytes be a Modbus TCP frame, by chance.
        fc.pre(frames.every(({ ok }) => !ok));
        expect(frames.length).toBeGreaterThan(0);
        broken += 1;
      }),
      { numRuns: 500 },
    );
    expect(broken).toBe(500);
  });
});
