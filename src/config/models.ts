/** Meter models: the ones that come with the package, and the site's own. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmrError } from '../core/errors.ts';
import { type MeterModel, modelSchema } from '../core/model.ts';
import { packageRoot } from '../host/package-root.ts';
import { problemsOf } from './issues.ts';
import { type Problem, problemAt, problemLine } from './problem.ts';
import { readYaml } from './yaml-file.ts';

export interface ReadModels {
  readonly models: Map<string, MeterModel>;
  readonly problems: Problem[];
}

async function readModel(file: string): Promise<{ model: MeterModel | null; problems: Problem[] }> {
  const yaml = readYaml(file, await readFile(file, 'utf8'));
  if (yaml.problems.length > 0) return { model: null, problems: [...yaml.problems] };
  const parsed = modelSchema.safeParse(yaml.value);
  if (parsed.success) return { model: parsed.data, problems: [] };
  return { model: null, problems: problemsOf(modelSchema, parsed.error.issues, yaml) };
}

async function modelFiles(dir: string): Promise<string[]> {
  const files = await readdir(dir, { recursive: true });
  return files.filter((file) => file.endsWith('.yaml')).map((file) => join(dir, file));
}

/** Reads every model; of two with one name the later directory's holds. */
export async function readModels(dirs: readonly string[]): Promise<ReadModels> {
  const models = new Map<string, MeterModel>();
  const problems: Problem[] = [];
  for (const dir of dirs) {
    try {
      for (const file of await modelFiles(dir)) {
        const read = await readModel(file);
        problems.push(...read.problems);
        if (read.model !== null) models.set(read.model.model, read.model);
      }
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      problems.push(problemAt({ file: dir, line: 1, column: 1 }, [], `cannot be read: ${reason}`));
    }
  }
  return { models, problems };
}

export const packagedModelsDir = () => join(packageRoot(), 'config', 'models');

/**
 * The models that come with the package, and those of the directories named. Throws CONFIG_INVALID
 * with one line for each problem.
 */
export async function loadModels(
  ...own: readonly string[]
): Promise<ReadonlyMap<string, MeterModel>> {
  const { models, problems } = await readModels([packagedModelsDir(), ...own]);
  if (problems.length === 0) return models;
  throw new AmrError('CONFIG_INVALID', problems.map(problemLine).join('\n'));
}
