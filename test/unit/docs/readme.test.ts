import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineConfig } from '../../../src/config/load.ts';
import { ERROR_CODES } from '../../../src/core/errors.ts';
import { packageRoot } from '../../../src/host/package-root.ts';
import { readingsMessageSchema } from '../../../src/uplink/contract.ts';

const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');

function block(language: string): string {
  const match = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme);
  if (match?.[1] === undefined) throw new Error(`no ${language} in the README`);
  return match[1];
}

describe('the README', () => {
  it('lists every error code with its meaning, and no other', () => {
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (.+) \| (yes|no) \|$/gm)].map(
      ([, code = '', meaning = '', transient]) => [
        code,
        { meaning, transient: transient === 'yes' },
      ],
    );
    expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
    expect(rows).toHaveLength(Object.keys(ERROR_CODES).length);
  });

  it('shows a configuration that can be used', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'amr-readme-'));
    try {
      const file = join(dir, 'gateway.yaml');
      writeFileSync(file, block('yaml'));
      expect((await examineConfig(file)).problems).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('shows a message of the contract', () => {
    const message = readingsMessageSchema.parse(JSON.parse(block('json')));
    expect(message.readings).toHaveLength(2);
  });

  it('lists the verbs of the command line, and no other', () => {
    const amr = join(packageRoot(), 'src/amr.ts');
    const { stdout } = spawnSync(process.execPath, [amr, '--help'], { encoding: 'utf8' });
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, verb]) => verb);
    const listed = [...readme.matchAll(/^\| `amr ([a-z]+)/gm)].map(([, verb]) => verb);
    expect(listed.sort()).toEqual(verbs.filter((verb) => verb !== 'help').sort());
  });

  it('names only files that are there', () => {
    const files = [...readme.matchAll(/\]\((config\/[^)]+)\)/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(files.filter((file) => !existsSync(join(packageRoot(), file)))).toEqual([]);
  });
});
