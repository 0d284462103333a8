import { execFile, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { amr } from '../support/amr.ts';
import { SOURCE_AMR } from '../support/build.ts';

/** Of util-linux: runs a command on a pseudo-terminal. */
const lacksScript =
  spawnSync('script', ['--version']).error !== undefined && process.env['AMR_REQUIRE_REAL'] !== '1';

function onTerminal(command: string): Promise<{ code: number | null; shown: string }> {
  return new Promise((resolve) => {
    const child = execFile('script', ['-qec', command, '/dev/null'], (_, stdout) =>
      resolve({ code: child.exitCode, shown: stdout }),
    );
  });
}

describe('amr demo', () => {
  it('delivers every reading that was due, once', async () => {
    const { code, stdout } = await amr(['demo', '--for', '12', '--json']);
    const totals = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    const { due } = totals;
    expect(due).toBeGreaterThan(0);
    expect({ code, totals }).toEqual({
      code: 0,
      totals: { due, read: due, delivered: due, lost: 0, duplicates: 0 },
    });
  }, 60_000);

  it.skipIf(lacksScript)(
    'shows a table of its meters on a terminal',
    async () => {
      const node = JSON.stringify(process.execPath);
      const { code, shown } = await onTerminal(
        `${node} ${JSON.stringify(SOURCE_AMR)} demo --for 12`,
      );
      expect(code).toBe(0);
      expect(shown).toMatch(/meter +slot +import kWh/);
      // Drawn again over the lines before: the cursor goes up.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      expect(shown).toMatch(/\x1b\[\d+A/);
      expect(shown).toMatch(/000000000008 +\d\d:\d\d:\d\d +\d+\.\d\d .*good/);
      expect(shown.trimEnd()).toMatch(/(\d+) due, \1 read, \1 delivered, 0 lost$/);
    },
    60_000,
  );
});
