/**
 * One meter's questions, each one exchange on the bus, framed as the bus wants it: RTU on a line,
 * Modbus TCP on a connection.
 *
 * RTU has no number that ties an answer to its request. What must be right is the unit, the
 * function and the byte count; an answer that comes after its time is kept from being taken for
 * that to the next request by waiting: `firstByteMs`, then `quietMs` of silence. So that a silent
 * meter costs little, `firstByteMs` follows the meter's own latency; see README.md.
 */
import type { Bus, Exchange } from '../../src/core/bus.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import { type TransportInfo, transmitMs } from '../../src/core/transport.ts';
import { exceptionOf } from './exceptions.ts';
import { createLatency, type Latency } from './latency.ts';
import { encodeMbap, type MbapFrame } from './mbap.ts';
import { createMbapFramer } from './mbap-framer.ts';
import {
  contentLength,
  EXCEPTION,
  encodeRead,
  parseAnswer,
  READ_FUNCTIONS,
  type ReadRequest,
} from './pdu.ts';
import { encodeRtu, RTU_OVERHEAD, type RtuFrame } from './rtu.ts';
import { createRtuFramer } from './rtu-framer.ts';

/** Serial servers and USB adapters deliver an answer in clumps; the bus adds its latency. */
const IDLE_MS = 100;
/** After a failure the line must stay silent for so long. */
const QUIET_MS = 1000;
/**
 * A gateway asks the line behind it with a deadline of its own, often a second, and its word that
 * the meter is silent tells more than our own waiting.
 */
const CONNECTION_FIRST_BYTE_MS = 2000;

/** Frames stand 3.5 characters apart, above 19200 baud 1.75 ms: Serial Line V1.02 clause 2.5.1.1. */
const GAP_CHARACTERS = 3.5;
const FAST_GAP_MS = 1.75;
const FASTEST_COUNTED = 19_200;

/** What is asked, and what an answer to it is. */
export interface Question {
  /** The PDU of the request. */
  readonly pdu: Uint8Array;
  /** Bytes of the PDU that answers, 0 where that is not known before. */
  readonly answerLength: number;
}

export interface Link {
  readonly unit: number;
  /**
   * The content of the registers (or bits). Throws BUS_, PORT_ and METER_ errors, a refusal with
   * its code in `context.exception`; FRAME_LENGTH where the answer has another length than asked.
   */
  read(request: ReadRequest, options: ReadOptions): Promise<Uint8Array>;
  /** The PDU that answers, be it a refusal. Throws BUS_ and PORT_ errors. */
  ask(question: Question, options: ReadOptions): Promise<Uint8Array>;
}

/** Silence that must precede a request on this line, milliseconds. */
export function gapMs(line: TransportInfo): number {
  return line.baudRate > FASTEST_COUNTED ? FAST_GAP_MS : transmitMs(GAP_CHARACTERS, line);
}

const isOf = (asked: Uint8Array, answered: Uint8Array) =>
  answered[0] === asked[0] || answered[0] === ((asked[0] ?? 0) | EXCEPTION);

type Ask = (bus: Bus, question: Question, options: ReadOptions) => Promise<Uint8Array>;
type Timing = Pick<Exchange<unknown>, 'firstByteMs' | 'idleMs' | 'quietMs'>;

/** Where `answerLength` is known, an answer of another length is no answer. */
function createLineAsk(unit: number, latency: Latency, clock: Clock): Ask {
  return async (bus, { pdu, answerLength }, options) => {
    const request = encodeRtu(unit, pdu);
    const timing: Timing = {
      firstByteMs: latency.firstByteMs(),
      idleMs: IDLE_MS,
      quietMs: QUIET_MS,
    };
    let sentAt = clock.monotonic();
    let onLineMs = 0;
    const isAnswer = (frame: RtuFrame) =>
      frame.unit === unit &&
      isOf(pdu, frame.pdu) &&
      (frame.pdu[0] !== pdu[0] || answerLength === 0 || frame.pdu.length === answerLength);
    try {
      const frame = await bus.exchange({
        ...options,
        ...timing,
        request,
        framer: createRtuFramer({ unit, request: pdu }),
        match: isAnswer,
        gapMs(line) {
          onLineMs = transmitMs(request.length + answerLength + RTU_OVERHEAD, line);
          return gapMs(line);
        },
        onSent() {
          sentAt = clock.monotonic();
          options.onSent?.();
        },
      });
      latency.answered(clock.monotonic() - sentAt - onLineMs);
      return frame.pdu;
    } catch (thrown) {
      if (thrown instanceof AmrError && thrown.code.startsWith('BUS_')) latency.failed();
      throw thrown;
    }
  };
}

const TRANSACTIONS = 0xffff;
let lastTransaction = 0;

/** 1..65535, each once before any comes again. */
function nextTransaction(): number {
  lastTransaction = (lastTransaction % TRANSACTIONS) + 1;
  return lastTransaction;
}

const foreignUnit = (answered: number, asked: number, cause: AmrError) =>
  new AmrError('BUS_FOREIGN_REPLY', `an answer for unit ${answered} came, ${asked} was asked`, {
    context: { unit: answered, asked },
    cause,
  });

function createConnectionAsk(unit: number, anyUnit: boolean): Ask {
  return async (bus, { pdu }, options) => {
    const transaction = nextTransaction();
    const strangers: number[] = [];
    try {
      const frame = await bus.exchange({
        ...options,
        request: encodeMbap({ transaction, unit, pdu }),
        framer: createMbapFramer(),
        match(one: MbapFrame) {
          if (one.transaction !== transaction || !isOf(pdu, one.pdu)) return false;
          if (one.unit !== unit) strangers.push(one.unit);
          return one.unit === unit || anyUnit;
        },
        firstByteMs: CONNECTION_FIRST_BYTE_MS,
        idleMs: IDLE_MS,
        quietMs: 0,
      });
      return frame.pdu;
    } catch (thrown) {
      const isTimedOut = thrown instanceof AmrError && thrown.code === 'BUS_NO_REPLY';
      const [stranger] = strangers;
      throw isTimedOut && stranger !== undefined ? foreignUnit(stranger, unit, thrown) : thrown;
    }
  };
}

function refusalError(code: number, unit: number, request: ReadRequest): AmrError {
  const { error, meaning } = exceptionOf(code);
  const { table, address, quantity } = request;
  return new AmrError(
    error,
    `unit ${unit} refuses ${quantity} of ${table} from ${address}: ${meaning}`,
    { context: { exception: code, table, address, quantity } },
  );
}

/** The exception code of a refusal, `null` for any other error. */
export function exceptionIn({ context }: AmrError): number | null {
  const code = context['exception'];
  return typeof code === 'number' ? code : null;
}

/** `anyUnit`: over Modbus TCP the answer may name another unit than was asked. */
export function createLink(
  bus: Bus,
  unit: number,
  clock: Clock,
  { anyUnit = false }: { readonly anyUnit?: boolean } = {},
): Link {
  const ask: Ask =
    bus.kind === 'modbus-tcp'
      ? createConnectionAsk(unit, anyUnit)
      : createLineAsk(unit, createLatency(), clock);
  return {
    unit,
    ask: (question, options) => ask(bus, question, options),
    async read(request, options) {
      const pdu = encodeRead(request);
      const answerLength = 2 + contentLength(READ_FUNCTIONS[request.table], request.quantity);
      const answer = parseAnswer(request, await ask(bus, { pdu, answerLength }, options));
      if (answer.kind === 'exception') throw refusalError(answer.code, unit, request);
      return answer.bytes;
    },
  };
}
