/**
 * The functions by code: names, and how long their PDUs are, which is all that delimits a frame on
 * a serial line. Modbus Application Protocol V1.1b3 clause 6.
 */
import { ENCAPSULATED, identificationLength, READ_IDENTIFICATION } from './identification.ts';
import { contentLength, countsBits, EXCEPTION, isReadable, READ_FUNCTIONS, wordAt } from './pdu.ts';

/**
 * Bytes that a PDU takes which begins like this, at least, as far as these tell: it is whole when
 * they are as many. 0 where no PDU of the kind begins so.
 */
export type Layout = (pdu: Uint8Array) => number;

export interface FunctionRow {
  readonly name: string;
  /** Absent for functions that are known by name alone. */
  readonly layouts?: { readonly request: Layout; readonly answer: Layout };
}

const WRITE_COIL = 0x05;
const WRITE_REGISTER = 0x06;
export const WRITE_COILS = 0x0f;
export const WRITE_REGISTERS = 0x10;

const REQUEST_LENGTH = 5;

const fixed =
  (length: number): Layout =>
  () =>
    length;

const readRequest: Layout = (pdu) => {
  if (pdu.length < REQUEST_LENGTH) return REQUEST_LENGTH;
  return isReadable(pdu[0] ?? 0, wordAt(pdu, 1), wordAt(pdu, 3)) ? REQUEST_LENGTH : 0;
};

const readAnswer: Layout = (pdu) => {
  const [code, count] = pdu;
  if (code === undefined || count === undefined) return 2;
  const isPossible = count >= 1 && count <= 250 && (countsBits(code) || count % 2 === 0);
  return isPossible ? 2 + count : 0;
};

const writeRequest: Layout = (pdu) => {
  const count = pdu[5];
  if (count === undefined) return 6;
  const quantity = wordAt(pdu, 3);
  const wanted = pdu[0] === WRITE_COILS ? Math.ceil(quantity / 8) : quantity * 2;
  return count >= 1 && count <= 246 && count === wanted ? 6 + count : 0;
};

const identificationRequest: Layout = (pdu) =>
  pdu.length > 1 && pdu[1] !== READ_IDENTIFICATION ? 0 : 4;

const span = fixed(5);

const READING = { request: readRequest, answer: readAnswer };
/** The answer repeats the request. */
const WRITING_ONE = { request: span, answer: span };
const WRITING = { request: writeRequest, answer: span };

export const FUNCTIONS: Readonly<Record<number, FunctionRow>> = {
  [READ_FUNCTIONS.coil]: { name: 'read-coils', layouts: READING },
  [READ_FUNCTIONS.discrete]: { name: 'read-discrete-inputs', layouts: READING },
  [READ_FUNCTIONS.holding]: { name: 'read-holding-registers', layouts: READING },
  [READ_FUNCTIONS.input]: { name: 'read-input-registers', layouts: READING },
  [WRITE_COIL]: { name: 'write-single-coil', layouts: WRITING_ONE },
  [WRITE_REGISTER]: { name: 'write-single-register', layouts: WRITING_ONE },
  7: { name: 'read-exception-status' },
  8: { name: 'diagnostics' },
  11: { name: 'get-comm-event-counter' },
  12: { name: 'get-comm-event-log' },
  [WRITE_COILS]: { name: 'write-multiple-coils', layouts: WRITING },
  [WRITE_REGISTERS]: { name: 'write-multiple-registers', layouts: WRITING },
  17: { name: 'report-server-id' },
  20: { name: 'read-file-record' },
  21: { name: 'write-file-record' },
  22: { name: 'mask-write-register' },
  23: { name: 'read-write-multiple-registers' },
  24: { name: 'read-fifo-queue' },
  [ENCAPSULATED]: {
    name: 'read-device-identification',
    layouts: { request: identificationRequest, answer: identificationLength },
  },
};

const exception = fixed(2);

function layoutsFor(code: number): readonly Layout[] {
  const layouts = FUNCTIONS[code & ~EXCEPTION]?.layouts;
  if (layouts === undefined) return [];
  if ((code & EXCEPTION) !== 0) return [exception];
  return [...new Set([layouts.request, layouts.answer])];
}

/** By code: what a PDU may look like; nothing for functions known by name or not at all. */
const LAYOUTS = Array.from({ length: 256 }, (_, code) => layoutsFor(code));

/** What the PDU in these bytes of an RTU frame may look like; nothing where it is not there. */
export const layoutsOf = (code: number | undefined) => LAYOUTS[code ?? -1] ?? [];

/** What answers to this request look like, the content exactly as long as asked. */
export function answerLayout(request: Uint8Array): Layout {
  const [asked = 0] = request;
  const wanted =
    FUNCTIONS[asked]?.layouts === READING ? contentLength(asked, wordAt(request, 3)) : null;
  return (pdu) => {
    if (pdu[0] === (asked | EXCEPTION)) return exception(pdu);
    if (pdu[0] !== asked) return 0;
    if (wanted !== null && pdu.length > 1 && pdu[1] !== wanted) return 0;
    return FUNCTIONS[asked]?.layouts?.answer(pdu) ?? 0;
  };
}
