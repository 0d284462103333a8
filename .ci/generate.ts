/** Writes the files that are made from the code; with --check compares and fails where one is stale. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { configSchema } from '../src/config/schema.ts';
import { packageRoot } from '../src/host/package-root.ts';
import { contractSchemas } from '../src/uplink/contract.ts';
import { asyncapiDocument } from './asyncapi.ts';
import { contractPage } from './contract-page.ts';
import { identifiersPage } from './identifiers.ts';
import { modelsPage } from './models-page.ts';

function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function contentOf(path: string): string {
  return readFileSync(join(packageRoot(), path), 'utf8');
}

/** Path from the top of the package -> content. */
async function generated(): Promise<Map<string, string>> {
  const files = new Map([
    ['config/gateway.schema.json', configJsonSchema()],
    ['drivers/dlt645/IDENTIFIERS.md', identifiersPage()],
    ['config/models/MODELS.md', await modelsPage()],
    ['config/contract/asyncapi.yaml', asyncapiDocument()],
    [
      'config/contract/README.md',
      contractPage(
        contentOf('config/contract/README.md'),
        contentOf('config/contract/headend.example.ts'),
      ),
    ],
  ]);
  for (const [name, text] of Object.entries(contractSchemas())) {
    files.set(`config/contract/${name}`, text);
  }
  return files;
}

const isCheck = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, content] of await generated()) {
  const file = join(packageRoot(), path);
  if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
  stale.push(path);
  if (isCheck) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
for (const path of stale) process.stdout.write(`${isCheck ? 'stale' : 'written'}: ${path}\n`);
if (isCheck && stale.length > 0) process.exitCode = 1;
