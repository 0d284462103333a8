/**
 * The protocol data unit: what a request and its answer say, whatever carries them.
 *
 *   request   := function address quantity
 *   answer    := function byteCount content
 *   exception := function+80H code
 *   function  := 01H coils, 02H discrete inputs, 03H holding registers, 04H input registers
 *   address   := 2 bytes, high byte first; 0 is what documents call 1, 10001, 30001 or 40001
 *   quantity  := 2 bytes, high byte first: 1..2000 bits or 1..125 registers
 *   byteCount := 1 byte: bytes of content
 *   content   := registers of 2 bytes, high byte first; bits eight a byte, the first the lowest
 *
 * Modbus Application Protocol V1.1b3 clauses 6.1 to 6.4 and 7. Functions that write are not sent.
 */
import { byteAt } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';

/** The four address spaces of a meter; each has its own function to read it. */
export type Table = 'coil' | 'discrete' | 'holding' | 'input';

export interface ReadRequest {
  readonly table: Table;
  /** Of the first one, as on the wire, 0..65535. */
  readonly address: number;
  /** 1..125 registers or 1..2000 bits. */
  readonly quantity: number;
}

/** What came back: the content of the registers (or bits, as they were packed), or a refusal. */
export type Answer = { readonly kind: 'registers'; readonly bytes: Uint8Array } | Refusal;

export interface Refusal {
  readonly kind: 'exception';
  readonly code: number;
}

export const READ_FUNCTIONS: Readonly<Record<Table, number>> = {
  coil: 0x01,
  discrete: 0x02,
  holding: 0x03,
  input: 0x04,
};

/** Set in the function of an answer that refuses. */
export const EXCEPTION = 0x80;
/** The longest PDU there is, bytes. */
export const LONGEST_PDU = 253;
const ADDRESSES = 0x1_0000;
const MOST_BITS = 2000;
const MOST_REGISTERS = 125;

/** Two bytes as 0..65535, high byte first; throws FRAME_LENGTH beyond the end. */
export const wordAt = (bytes: Uint8Array, at: number) =>
  byteAt(bytes, at) * 256 + byteAt(bytes, at + 1);

export const countsBits = (readFunction: number) => readFunction <= READ_FUNCTIONS.discrete;

/** True where a request of this reading function may ask for so many. */
export function isReadable(readFunction: number, address: number, quantity: number): boolean {
  const most = countsBits(readFunction) ? MOST_BITS : MOST_REGISTERS;
  return quantity >= 1 && quantity <= most && address >= 0 && address + quantity <= ADDRESSES;
}

/** Bytes of content that so many bits or registers take. */
export const contentLength = (readFunction: number, quantity: number) =>
  countsBits(readFunction) ? Math.ceil(quantity / 8) : quantity * 2;

/** The PDU; throws CONFIG_INVALID where the quantity or the address is out of bounds. */
export function encodeRead({ table, address, quantity }: ReadRequest): Uint8Array {
  const code = READ_FUNCTIONS[table];
  const isWhole = Number.isInteger(address) && Number.isInteger(quantity);
  if (!isWhole || !isReadable(code, address, quantity)) {
    throw new AmrError('CONFIG_INVALID', `no request can be for ${quantity} from ${address}`, {
      context: { table, address, quantity },
    });
  }
  return Uint8Array.of(code, address >> 8, address & 0xff, quantity >> 8, quantity & 0xff);
}

/** The refusal in an answer to `asked`, `null` where it is none; throws FRAME_LENGTH. */
export function parseRefusal(asked: number, pdu: Uint8Array): Refusal | null {
  if (byteAt(pdu, 0) !== (asked | EXCEPTION)) return null;
  wantLength(pdu, 2);
  return { kind: 'exception', code: byteAt(pdu, 1) };
}

/** Throws FRAME_LENGTH unless the PDU is so long. */
export function wantLength(pdu: Uint8Array, length: number): void {
  if (pdu.length === length) return;
  throw new AmrError('FRAME_LENGTH', `a PDU of ${length} bytes wanted, ${pdu.length} there`);
}

/** Throws FRAME_MALFORMED unless the answer is of the function asked. */
export function wantFunction(asked: number, pdu: Uint8Array): void {
  const answered = byteAt(pdu, 0);
  if (answered === asked) return;
  throw new AmrError('FRAME_MALFORMED', `function ${answered} answered, ${asked} asked`);
}

/**
 * The answer to `request`. Throws FRAME_MALFORMED for another function, FRAME_LENGTH where the
 * byte count is not that of the quantity asked or not that of the bytes there.
 */
export function parseAnswer({ table, quantity }: ReadRequest, pdu: Uint8Array): Answer {
  const code = READ_FUNCTIONS[table];
  const refusal = parseRefusal(code, pdu);
  if (refusal !== null) return refusal;
  wantFunction(code, pdu);
  const wanted = contentLength(code, quantity);
  if (byteAt(pdu, 1) !== wanted) {
    throw new AmrError('FRAME_LENGTH', `${byteAt(pdu, 1)} bytes of content, ${wanted} asked`);
  }
  wantLength(pdu, 2 + wanted);
  return { kind: 'registers', bytes: pdu.slice(2) };
}
