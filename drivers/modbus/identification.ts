/**
 * Read device identification, function 2BH with MEI type 0EH.
 *
 *   request := 2BH 0EH access object
 *   answer  := 2BH 0EH access conformity more next count object*
 *   access  := 1 basic, 2 regular, 3 extended: all objects from the one named on; 4: that one
 *   more    := FFH where a further request, for the object `next`, gives the rest, else 00H
 *   object  := id length text, the text of `length` bytes
 *
 * Modbus Application Protocol V1.1b3 clause 6.21.
 */
import { byteAt } from '../../src/core/bytes.ts';
import { AmrError } from '../../src/core/errors.ts';
import { parseRefusal, type Refusal, wantFunction, wantLength } from './pdu.ts';

export const ENCAPSULATED = 0x2b;
export const READ_IDENTIFICATION = 0x0e;
const HEAD = 7;
export const MORE_FOLLOWS = 0xff;

const ACCESSES = { basic: 1, regular: 2, extended: 3, individual: 4 } as const;
export type Access = keyof typeof ACCESSES;

/** Names of the objects that the standard names, by id. */
export const OBJECT_NAMES = [
  'vendor_name',
  'product_code',
  'revision',
  'vendor_url',
  'product_name',
  'model_name',
  'user_application_name',
] as const;

export interface IdentificationRequest {
  readonly access: Access;
  /** Where to begin, or the one wanted, 0..255. */
  readonly object: number;
}

export interface Identification {
  readonly kind: 'objects';
  /** By id; without the blanks and zero bytes that fill some texts up. */
  readonly objects: ReadonlyMap<number, string>;
  /** The object to go on with, `null` where this was all. Always beyond those that are here. */
  readonly next: number | null;
}

export function encodeIdentificationRequest(request: IdentificationRequest): Uint8Array {
  const access = ACCESSES[request.access];
  return Uint8Array.of(ENCAPSULATED, READ_IDENTIFICATION, access, request.object);
}

/** Bytes that an answer takes, as far as these tell; 0 where they begin none. */
export function identificationLength(pdu: Uint8Array): number {
  if (pdu.length > 1 && pdu[1] !== READ_IDENTIFICATION) return 0;
  const count = pdu[HEAD - 1];
  if (count === undefined) return HEAD;
  let end = HEAD;
  for (let index = 0; index < count; index++) {
    const length = pdu[end + 1];
    if (length === undefined) return end + 2;
    end += 2 + length;
  }
  return end;
}

/** Texts are ASCII; whatever else a meter sends stays tellable byte by byte. */
const textOf = (bytes: Uint8Array) =>
  String.fromCharCode(...bytes)
    .replaceAll('\0', ' ')
    .trim();

function parseObjects(pdu: Uint8Array): Map<number, string> {
  const objects = new Map<number, string>();
  let at = HEAD;
  for (let left = byteAt(pdu, HEAD - 1); left > 0; left--) {
    const end = at + 2 + byteAt(pdu, at + 1);
    objects.set(byteAt(pdu, at), textOf(pdu.subarray(at + 2, end)));
    at = end;
  }
  wantLength(pdu, at);
  return objects;
}

/** A meter that names an object it has given already would be asked for ever. */
function nextOf(pdu: Uint8Array, given: Iterable<number>): number | null {
  const next = byteAt(pdu, 5);
  return byteAt(pdu, 4) === MORE_FOLLOWS && next > Math.max(-1, ...given) ? next : null;
}

/**
 * Throws FRAME_MALFORMED for the answer of another function, FRAME_LENGTH where the objects are
 * longer or shorter than the PDU.
 */
export function parseIdentification(pdu: Uint8Array): Identification | Refusal {
  const refusal = parseRefusal(ENCAPSULATED, pdu);
  if (refusal !== null) return refusal;
  wantFunction(ENCAPSULATED, pdu);
  if (byteAt(pdu, 1) !== READ_IDENTIFICATION) {
    throw new AmrError('FRAME_MALFORMED', `MEI type ${byteAt(pdu, 1)} answered, 14 asked`);
  }
  const objects = parseObjects(pdu);
  return { kind: 'objects', objects, next: nextOf(pdu, objects.keys()) };
}
