/**
 * CRC-16/MODBUS: polynomial 8005H reflected (A001H), register preset to FFFFH, no final XOR; sent
 * low byte first. Over a frame together with its own check bytes it gives 0.
 * Modbus over Serial Line V1.02, clause 2.5.1.2 and appendix B.
 */
const POLYNOMIAL = 0xa001;

function shifted(byte: number): number {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) {
    register = (register & 1) === 0 ? register >>> 1 : (register >>> 1) ^ POLYNOMIAL;
  }
  return register;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => shifted(byte));

/** The check over these bytes, 0..65535; its low byte goes onto the line first. */
export function crc16(bytes: Uint8Array): number {
  let register = 0xffff;
  for (let at = 0; at < bytes.length; at++) {
    register = (register >>> 8) ^ (TABLE[(register ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return register;
}
