import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryDirectory } from '../support/store-fixture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = z
  .object({ exports: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const entry = z
  .object({ types: z.string(), default: z.string() })
  .parse(manifest.exports['./contract']);

/** A project of somebody else's with the built package, and of its dependencies zod alone. */
function createProject(): string {
  const project = temporaryDirectory();
  const modules = join(project, 'node_modules');
  const installed = join(modules, 'amr-gateway');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(root, 'node_modules/zod'), join(modules, 'zod'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  return project;
}

const PROGRAM = `import { ackTopic, type ContractMessage, parseMessage, type Reading } from 'amr-gateway/contract';
const at = { site: 's', gateway: 'g' };
const body = JSON.stringify({ epoch: 3, stream: 'billing', upTo: 7 });
const message: ContractMessage | null = parseMessage(ackTopic(at), new TextEncoder().encode(body));
export const upTo: number | null = message?.kind === 'ack' ? message.body.upTo : null;
export const meterOf = ({ meter }: Reading): string => meter;
`;

describe('the package', () => {
  it('exports the contract with its types, both of which are built', () => {
    for (const path of Object.values(entry)) expect(existsSync(join(root, path)), path).toBe(true);
    const sources = entry.default.replace('./dist/', '').replace(/\.js$/, '.ts');
    expect(existsSync(join(root, sources))).toBe(true);
  });

  it('lets a headend use the contract without broker and database beside it', () => {
    const project = createProject();
    const file = join(project, 'use.ts');
    writeFileSync(file, PROGRAM);
    const code = `console.log((await import(${JSON.stringify(file)})).upTo)`;
    const shown = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: dirname(file),
      encoding: 'utf8',
    });
    expect(shown).toBe('7\n');
  });

  it('has types that a strict program of a headend compiles with, and that find a mistake', () => {
    const project = createProject();
    const compile = (name: string, text: string): string => {
      writeFileSync(join(project, name), text);
      const options = '--noEmit --strict --module nodenext --target es2024 --types'.split(' ');
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      try {
        execFileSync(process.execPath, [tsc, ...options, '', name], { cwd: project });
        return '';
      } catch (thrown) {
        return String(thrown instanceof Error && 'stdout' in thrown ? thrown.stdout : thrown);
      }
    };
    expect(compile('use.ts', PROGRAM)).toBe('');
    expect(compile('misuse.ts', PROGRAM.replace('body.upTo', 'body.upto'))).toContain("'upto'");
  });
});
