import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type MeterModel, modelSchema } from '../core/model.ts';
import { packageRoot } from '../host/package-root.ts';

/** Temporary. */
export async function loadModels(): Promise<Map<string, MeterModel>> {
  const root = join(packageRoot(), 'config/models');
  const models = new Map<string, MeterModel>();
  for (const file of await readdir(root, { recursive: true })) {
    if (!file.endsWith('.yaml')) continue;
    const model = modelSchema.parse(parse(await readFile(join(root, file), 'utf8')));
    models.set(model.model, model);
  }
  return models;
}
