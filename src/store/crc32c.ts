/** CRC-32C (Castagnoli; reflected polynomial 82F63B78), as in RFC 3720 appendix B.4. */

function tableEntry(index: number): number {
  let remainder = index;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  }
  return remainder;
}

const TABLE = Int32Array.from({ length: 256 }, (_, index) => tableEntry(index));

/** The checksum as an unsigned 32-bit number; `123456789` in ASCII gives E3069283. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) {
    crc = (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ -1) >>> 0;
}
