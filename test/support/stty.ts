import { execFileSync } from 'node:child_process';

/** What the kernel says of a terminal; a pty keeps rate and stop bits, but no parity. */
export function lineStateOf(path: string): { baudRate: number; stopBits: 1 | 2 } {
  const text = execFileSync('stty', ['-F', path, '-a'], { encoding: 'utf8' });
  return {
    baudRate: Number(/speed (\d+) baud/.exec(text)?.[1]),
    stopBits: /(^|\s)-cstopb/.test(text) ? 1 : 2,
  };
}
