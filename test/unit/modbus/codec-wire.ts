/** Frames written apart from the codec: the CRC bit by bit, the layouts from the standard. */

/** The register after eight shifts of each byte, as the flow chart of the standard draws it. */
export function crcByHand(bytes: readonly number[]): [low: number, high: number] {
  let register = 0xffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let shift = 0; shift < 8; shift++) {
      const isOut = register % 2 === 1;
      register = (register - (register % 2)) / 2;
      if (isOut) register ^= 0xa001;
    }
  }
  return [register % 256, (register - (register % 256)) / 256];
}

/** A unit and a PDU as they go over a serial line. */
export function rtuWire(unit: number, pdu: Iterable<number>): Uint8Array {
  const body = [unit, ...pdu];
  return Uint8Array.from([...body, ...crcByHand(body)]);
}

export function mbapWire(transaction: number, unit: number, pdu: Iterable<number>): Uint8Array {
  const behind = [unit, ...pdu];
  const high = (word: number) => Math.floor(word / 256);
  const header = [transaction, 0, behind.length].flatMap((word) => [high(word), word % 256]);
  return Uint8Array.from([...header, ...behind]);
}

/** The PDU of a reading request. */
export const readPdu = (code: number, address: number, quantity: number) => [
  code,
  Math.floor(address / 256),
  address % 256,
  Math.floor(quantity / 256),
  quantity % 256,
];

/** The PDU of its answer. */
export const contentPdu = (code: number, content: Iterable<number>) => {
  const bytes = [...content];
  return [code, bytes.length, ...bytes];
};

/** Bytes as the chunks that come when the stream is cut at these places. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length];
  const ordered = ends.toSorted((a, b) => a - b);
  return ordered.map((end, index) => bytes.slice(ordered[index - 1] ?? 0, end));
}

export const bytewise = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));
