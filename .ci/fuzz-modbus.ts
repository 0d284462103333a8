/** Modbus: what is decoded, answers on a line and on a connection, and what is in their PDUs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decodeModbus } from '../drivers/modbus/decode.ts';
import { parseIdentification } from '../drivers/modbus/identification.ts';
import { encodeMbap } from '../drivers/modbus/mbap.ts';
import { createMbapFramer } from '../drivers/modbus/mbap-framer.ts';
import {
  contentLength,
  encodeRead,
  parseAnswer,
  READ_FUNCTIONS,
  type ReadRequest,
} from '../drivers/modbus/pdu.ts';
import { encodeRtu, type RtuFrame } from '../drivers/modbus/rtu.ts';
import { createRtuFramer } from '../drivers/modbus/rtu-framer.ts';
import { concatBytes, fromHex, toHex } from '../src/core/bytes.ts';
import { AmrError } from '../src/core/errors.ts';
import { packageRoot } from '../src/host/package-root.ts';
import { chunks, createRandomBytes, mutate, type Target } from './fuzz-random.ts';

const TRICKY = [0x00, 0x01, 0x11, 0x02, 0x03, 0x04, 0x83, 0x84, 0x2b, 0x0e, 0x08, 0xff];
const UNIT = 0x11;
const LONGEST_PDU = 253;

const FRAMES = z
  .array(z.object({ frame: z.string() }))
  .parse(
    JSON.parse(readFileSync(join(packageRoot(), 'fixtures/frames/modbus/vectors.json'), 'utf8')),
  )
  .map(({ frame }) => fromHex(frame));

const REQUESTS: readonly ReadRequest[] = [
  { table: 'holding', address: 0x006b, quantity: 3 },
  { table: 'input', address: 0x0300, quantity: 2 },
  { table: 'holding', address: 0, quantity: 125 },
  { table: 'coil', address: 0x13, quantity: 37 },
];

const keyOf = ({ unit, pdu }: RtuFrame) => toHex(encodeRtu(unit, pdu));

/** `null` where it throws an AmrError as it may. */
function unlessRefused<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof AmrError && thrown.code !== 'INTERNAL') return null;
    throw thrown;
  }
}

export function fuzzModbus(seed: number): Target {
  const random = createRandomBytes(seed, TRICKY);
  const someFrame = () => (random.pick(FRAMES) ?? new Uint8Array(0)).slice();
  const someRequest = () => random.pick(REQUESTS) ?? REQUESTS[0];
  let request: ReadRequest = { table: 'holding', address: 0, quantity: 1 };

  /** The form of an answer to the request, its content at random. */
  function answerPdu(): Uint8Array {
    const code = READ_FUNCTIONS[request.table];
    const content = Uint8Array.from({ length: contentLength(code, request.quantity) }, random.byte);
    if (random.below(6) === 0) return Uint8Array.of(code | 0x80, random.byte());
    return concatBytes(Uint8Array.of(code, content.length), content);
  }
  const anyPdu = () =>
    concatBytes(Uint8Array.of(random.byte()), random.bytes(random.below(8) ? 20 : LONGEST_PDU));

  const makers = [
    someFrame,
    () => mutate(someFrame(), random),
    () => encodeRtu(UNIT, answerPdu()),
    () => mutate(encodeRtu(UNIT, answerPdu()), random),
    () => encodeRtu(UNIT, encodeRead(request)),
    () => encodeRtu(random.byte(), anyPdu()),
    () => encodeMbap({ transaction: random.below(0x1_0000), unit: UNIT, pdu: anyPdu() }),
    () => random.bytes(80),
  ];

  function onLine(parts: readonly Uint8Array[]): RtuFrame[] {
    const framer = createRtuFramer({ unit: UNIT, request: encodeRead(request) });
    return parts.flatMap((part) => framer.push(part));
  }

  function tryLine(bytes: Uint8Array): string | null {
    const whole = unlessRefused(() => onLine([bytes]));
    if (whole === null) return 'the framer throws';
    const hex = toHex(bytes);
    if (whole.some((frame) => !hex.includes(keyOf(frame)))) return 'a frame that nobody sent';
    const own = (frames: readonly RtuFrame[]) =>
      frames.filter(({ unit }) => unit === UNIT).map(keyOf);
    const isSame = own(onLine(chunks(bytes, random))).join() === own(whole).join();
    return isSame ? null : 'frames on a line depend on how the stream is cut';
  }

  function tryConnection(bytes: Uint8Array): string | null {
    const framer = createMbapFramer();
    const cut = chunks(bytes, random).flatMap((chunk) => framer.push(chunk));
    const whole = createMbapFramer().push(bytes);
    const told = (arrivals: typeof whole) =>
      arrivals.map((one) => ('broken' in one ? 'broken' : toHex(encodeMbap(one)))).join();
    return told(cut) === told(whole) ? null : 'frames on a connection depend on how it is cut';
  }

  /** What an answer brings is as long as asked. */
  function tryPdu(): string | null {
    const pdu = random.below(2) === 0 ? answerPdu() : anyPdu();
    const end = random.below(4) === 0 ? random.below(pdu.length + 1) : pdu.length;
    const cut = pdu.slice(0, end);
    unlessRefused(() => parseIdentification(cut));
    const answer = unlessRefused(() => parseAnswer(request, cut));
    if (answer?.kind !== 'registers') return null;
    const wanted = contentLength(READ_FUNCTIONS[request.table], request.quantity);
    return answer.bytes.length === wanted ? null : 'content of another length than asked';
  }

  return {
    name: 'modbus',
    input() {
      request = someRequest() ?? request;
      const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(makers)?.());
      return concatBytes(...parts.filter((part) => part !== undefined));
    },
    tryOne(bytes) {
      const frames = decodeModbus(bytes);
      const good = frames.filter(({ ok }) => ok).length;
      const hasLoose = frames.some(({ ok, values }) => !ok && values.length > 0);
      const complaint = hasLoose ? 'values without a good frame' : null;
      return { good, complaint: complaint ?? tryLine(bytes) ?? tryConnection(bytes) ?? tryPdu() };
    },
  };
}
