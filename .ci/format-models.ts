/** Writes every model file in its form (model-format.ts); with --check names those that lack it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagedModelsDir } from '../src/config/models.ts';
import { formatModel } from './model-format.ts';

const isCheck = process.argv.includes('--check');
const dirs = process.argv.slice(2).filter((word) => word !== '--check');
const files = (dirs.length === 0 ? [packagedModelsDir()] : dirs).flatMap((dir) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(dir, name)),
);
for (const file of files.sort()) {
  const text = readFileSync(file, 'utf8');
  const wanted = formatModel(text);
  if (text === wanted) continue;
  process.stdout.write(`${isCheck ? 'not in form' : 'written'}: ${file}\n`);
  if (isCheck) process.exitCode = 1;
  else writeFileSync(file, wanted);
}
