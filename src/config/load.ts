import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { MeterModel } from '../core/model.ts';
import { loadModels } from './models.ts';
import { type Config, configSchema } from './schema.ts';

export interface LoadedConfig {
  readonly config: Config;
  readonly models: ReadonlyMap<string, MeterModel>;
  readonly hash: string;
  readonly warnings: readonly string[];
}

/** Temporary. */
export async function loadConfig(
  file: string,
  { dataDir }: { dataDir?: string } = {},
): Promise<LoadedConfig> {
  const text = await readFile(file, 'utf8');
  const config = configSchema.parse(parse(text));
  return {
    config: dataDir === undefined ? config : { ...config, dataDir },
    models: await loadModels(),
    hash: createHash('sha256').update(text).digest('hex'),
    warnings: [],
  };
}
