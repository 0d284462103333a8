import { readFileSync } from 'node:fs';

/** Bytes that this process had written to disks, `null` where the kernel does not tell. */
export function bytesWritten(): number | null {
  try {
    const [, bytes] = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8')) ?? [];
    return bytes === undefined ? null : Number(bytes);
  } catch {
    return null;
  }
}
