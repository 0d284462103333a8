import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Joins a terminal to a TCP server, so that what listens there seems to hang on the line. */
export async function bridge(path: string, port: number): Promise<{ close(): Promise<void> }> {
  const ends = [`OPEN:${path},raw,echo=0`, `TCP:127.0.0.1:${port}`];
  const child = spawn('socat', ends, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'close');
  await once(child, 'spawn');
  return {
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Every setting of a terminal, in the form that stty prints for itself. */
export function termiosOf(path: string): string {
  return spawnSync('stty', ['-F', path, '-g'], { encoding: 'utf8' }).stdout;
}
