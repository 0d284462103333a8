/** The steps of config/models/README.md, run as they stand there. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../src/host/package-root.ts';
import { SOURCE_AMR } from '../support/build.ts';

const PORT = '1502';
const FORMATTER = join(packageRoot(), '.ci', 'format-models.ts');

/** What the words of a command stand for here. */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['amr ', SOURCE_AMR],
  ['npm run -s models:format -- ', FORMATTER],
];

function argumentsOf(command: string): string[] {
  for (const [words, program] of PROGRAMS) {
    if (command.startsWith(words)) return [program, ...command.slice(words.length).split(' ')];
  }
  throw new Error(`the page has a command that is not known here: ${command}`);
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return String(address.port);
}

interface Site {
  readonly dir: string;
  readonly port: string;
}

function run(command: string, { dir }: Site): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, argumentsOf(command), { cwd: dir }, (_, stdout, stderr) =>
      resolve(stderr + stdout),
    );
  });
}

/** Starts what goes on in the background; resolves with its first lines of output. */
async function start(command: string, count: number, { dir }: Site): Promise<string> {
  const child = spawn(process.execPath, argumentsOf(command), { cwd: dir });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(`${line}\n`);
    if (lines.length === count) break;
  }
  return lines.join('');
}

/** A simulated meter shows other figures at every moment; all else is the same. */
const withoutFigures = (text: string) => text.replace(/\d+/g, '0').replace(/ +/g, ' ');

async function follow(command: string, printed: string, site: Site): Promise<void> {
  if (command.endsWith(' &')) {
    const lines = printed.split('\n').length - 1;
    expect(await start(command.slice(0, -2), lines, site)).toBe(printed);
  } else if (command.startsWith('amr read ')) {
    expect(withoutFigures(await run(command, site))).toBe(withoutFigures(printed));
  } else {
    expect(await run(command, site)).toBe(printed);
  }
}

it('leads from a register sheet to a meter in use', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'amr-page-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const site = { dir, port: await freePort() };
  const page = readFileSync(join(packageRoot(), 'config', 'models', 'README.md'), 'utf8');
  const blocks = page
    .replaceAll(PORT, site.port)
    .matchAll(/^```(yaml \S+|console)\n([\s\S]*?)^```$/gm);
  const files: string[] = [];
  const commands: string[] = [];
  for (const [, kind = '', content = ''] of blocks) {
    const [, file] = kind.split(' ');
    if (file !== undefined) {
      files.push(file);
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      writeFileSync(join(dir, file), content);
      continue;
    }
    for (const step of content.split(/^\$ /m).slice(1)) {
      const end = step.indexOf('\n');
      const command = step.slice(0, end);
      commands.push(command);
      await follow(command, step.slice(end + 1), site);
    }
  }
  expect(files).toEqual(['models/acme-m1.yaml', 'gateway.yaml']);
  expect(commands.length).toBeGreaterThanOrEqual(3);
});
