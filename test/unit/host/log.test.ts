import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/host/package-root.ts';

const logModule = JSON.stringify(join(packageRoot(), 'src/host/log.ts'));

function logging(script: string, stderr: 'pipe' | string = 'pipe') {
  const code = `const { createLog } = await import(${logModule}); const log = createLog('info'); ${script}`;
  const node = [process.execPath, '--input-type=module', '-e', code];
  const [command = '', ...args] =
    stderr === 'pipe' ? node : ['/bin/sh', '-c', `"$0" "$@" 2>${stderr}`, ...node];
  return spawnSync(command, args, { encoding: 'utf8' });
}

describe('the log', () => {
  it('has every line out before the process ends, however it ends', () => {
    for (const end of ['process.exit(0)', 'process.kill(process.pid, "SIGKILL")']) {
      const { stderr } = logging(`for (let n = 0; n < 1000; n++) log.info({ n }, 'line'); ${end}`);
      const lines = stderr.trim().split('\n');
      expect(lines).toHaveLength(1000);
      expect(JSON.parse(lines[999] ?? '')).toMatchObject({ level: 'info', n: 999, msg: 'line' });
    }
  });

  it('gives lines up, not the process, where they cannot be written', () => {
    const { stdout, status } = logging(
      `for (let n = 0; n < 1000; n++) log.info({ n }, 'line'); console.log('alive')`,
      '/dev/full',
    );
    expect(stdout.trim()).toBe('alive');
    expect(status).toBe(0);
  });

  it('shows no field that is named like a secret', () => {
    const { stderr } = logging(`log.info({ mqtt: { password: 'hunter2', host: 'h' } }, 'line')`);
    expect(stderr).toContain('"host":"h"');
    expect(stderr).not.toContain('hunter2');
  });
});
