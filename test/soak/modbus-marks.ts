/**
 * Registers that tell where they belong. Every answer is four registers:
 *
 *   content := unit table address slot
 *
 * one register each, the last being the low 16 bits of the number of the slot. A refusal has one
 * byte, an exception code that the standard does not use, with a part of the slot in it.
 */
import type { ReadRequest } from '../../drivers/modbus/pdu.ts';

/** What a read is for. */
export interface Asked {
  readonly unit: number;
  readonly table: 'holding' | 'input';
  readonly address: number;
  readonly slot: number;
}

/** Few, and near one another: then what comes too late often fits the next request to the letter. */
export const UNITS = [1, 2, 129] as const;
export const TABLES = ['holding', 'input'] as const;
export const ADDRESSES = [0x0000, 0x0004, 0x0104, 0x0304, 0x8304] as const;
export const QUANTITY = 4;

export const codeOf = ({ table }: Pick<Asked, 'table'>) => (table === 'holding' ? 3 : 4);
export const requestOf = ({ table, address }: Asked): ReadRequest => ({
  table,
  address,
  quantity: QUANTITY,
});

const SLOTS = 0x1_0000;

export interface Mark {
  readonly unit: number;
  readonly code: number;
  readonly address: number;
  readonly slot: number;
}

/** The PDU of the true answer. */
export function goodPdu(asked: Asked): Uint8Array {
  const pdu = Buffer.alloc(2 + QUANTITY * 2);
  pdu[0] = codeOf(asked);
  pdu[1] = QUANTITY * 2;
  const words = [asked.unit, codeOf(asked), asked.address, asked.slot % SLOTS];
  words.forEach((word, index) => {
    pdu.writeUInt16BE(word, 2 + index * 2);
  });
  return pdu;
}

export function markOf(content: Uint8Array): Mark {
  const words = Buffer.from(content);
  return {
    unit: words.readUInt16BE(0),
    code: words.readUInt16BE(2),
    address: words.readUInt16BE(4),
    slot: words.readUInt16BE(6),
  };
}

export const isSameSlot = (mark: Mark, slot: number) => mark.slot === slot % SLOTS;

const FIRST_EXCEPTION = 0x10;
const EXCEPTIONS = 0xe0;

export const exceptionOf = ({ slot }: Asked) => FIRST_EXCEPTION + (slot % EXCEPTIONS);

/** The PDU of a refusal. */
export const refusalPdu = (asked: Asked) => Uint8Array.of(codeOf(asked) | 0x80, exceptionOf(asked));
