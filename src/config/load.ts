/** From a file to a configuration that is known to be good, or to everything that is wrong with it. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Driver } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';
import { DRIVERS } from '../drivers.ts';
import { type Complain, RULES, WARNINGS } from './cross-check.ts';
import { problemsOf } from './issues.ts';
import { readMetersCsv } from './meters-csv.ts';
import { packagedModelsDir, readModels } from './models.ts';
import { checkFiles, readFault, withPlacedPaths } from './outside-files.ts';
import { type Path, type Place, type Problem, problemAt, problemLine } from './problem.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { type Config, configSchema } from './schema.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** A configuration with what belongs to it. */
export interface LoadedConfig {
  /** The meters of the meters file are among its meters; paths are counted from the working directory. */
  readonly config: Config;
  /** The models that its meters use, by name. */
  readonly models: ReadonlyMap<string, MeterModel>;
  /** SHA-256 over what it says, the same however it is written. */
  readonly hash: string;
  readonly warnings: readonly string[];
}

export interface Examined {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** `null` when there are problems. */
  readonly loaded: LoadedConfig | null;
}

/** What the command line puts in the place of what the file says. */
export interface Overrides {
  readonly dataDir?: string;
}

const LARGEST_FILE = 32 * 1024 * 1024;

async function readText(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > LARGEST_FILE) throw new Error('it is larger than 32 MiB');
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new AmrError('CONFIG_UNREADABLE', `${file} cannot be read: ${readFault(thrown)}`, {
      cause: thrown,
    });
  }
}

/** The good parts of a file, what is wrong with the others, and where everything stands. */
interface Draft extends Salvaged {
  readonly problems: Problem[];
  placeOf(path: Path): Place;
}

/** What the schema says of the file. */
function draftOf(yaml: YamlFile): Draft | readonly Problem[] {
  const parsed = configSchema.safeParse(yaml.value);
  const issues = parsed.success ? [] : parsed.error.issues;
  const problems = problemsOf(configSchema, issues, yaml);
  const salvaged = salvage(yaml.value, issues);
  if (salvaged === null) return problems;
  const placeOf = ([top, index, ...rest]: Path): Place => {
    const isNamed = (top === 'buses' || top === 'plans') && typeof index === 'string';
    if (isNamed && rest.length === 0) return yaml.placeOfKey([top], index);
    const isListed = (top === 'meters' || top === 'uplinks') && typeof index === 'number';
    const at = isListed ? salvaged.places[top][index] : index;
    return yaml.placeOf([top, at, ...rest].filter((key) => key !== undefined));
  };
  return { ...salvaged, problems, placeOf };
}

/** Adds the meters of the meters file; they keep their places there. */
async function withMetersFile(draft: Draft): Promise<Draft> {
  const { config, placeOf } = draft;
  const file = config.metersFile;
  if (file === undefined) return draft;
  try {
    const { meters, problems } = readMetersCsv(file, await readText(file));
    const own = config.meters.length;
    return {
      ...draft,
      config: { ...config, meters: [...config.meters, ...meters.map(({ meter }) => meter)] },
      problems: [...draft.problems, ...problems],
      isIncomplete: draft.isIncomplete || problems.length > 0,
      placeOf(path) {
        const [top, index] = path;
        const row = top === 'meters' && typeof index === 'number' ? meters[index - own] : undefined;
        return row?.place ?? placeOf(path);
      },
    };
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    const problem = problemAt(placeOf(['metersFile']), ['metersFile'], thrown.message);
    return { ...draft, problems: [...draft.problems, problem], isIncomplete: true };
  }
}

async function driversOf(models: Iterable<MeterModel>): Promise<Map<string, Driver>> {
  const drivers = new Map<string, Driver>();
  for (const { protocol } of models) {
    const entry = Object.hasOwn(DRIVERS, protocol) ? DRIVERS[protocol] : undefined;
    if (entry !== undefined && !drivers.has(protocol)) drivers.set(protocol, await entry.driver());
  }
  return drivers;
}

/** The same text for the same meaning: keys in order, defaults written out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function toLoaded(
  config: Config,
  known: ReadonlyMap<string, MeterModel>,
  warnings: readonly Problem[],
) {
  const used = new Set(config.meters.map(({ model }) => model));
  const models = new Map([...known].filter(([name]) => used.has(name)));
  const hash = createHash('sha256').update(canonical(config)).digest('hex');
  return { config, models, hash, warnings: warnings.map(problemLine) };
}

/** What is wrong across the file and outside it, besides what the draft has found already. */
async function crossCheck(draft: Draft): Promise<Examined> {
  const { config, placeOf } = draft;
  const dirs = [packagedModelsDir(), ...(config.modelsDir === undefined ? [] : [config.modelsDir])];
  const { models, problems: modelProblems } = await readModels(dirs);
  const problems = [...draft.problems, ...modelProblems];
  const warnings: Problem[] = [];
  const into =
    (list: Problem[]): Complain =>
    (path, message) =>
      list.push(problemAt(placeOf(path), path, message));
  const checked = { ...draft, models, drivers: await driversOf(models.values()) };
  for (const rule of RULES) rule(checked, into(problems));
  for (const rule of WARNINGS) rule(checked, into(warnings));
  await checkFiles(config, into(problems));
  const loaded = problems.length > 0 ? null : toLoaded(config, models, warnings);
  return { problems, warnings, loaded };
}

const inOrder = (problems: readonly Problem[]) =>
  [...problems].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);

/** Finds everything that is wrong at once. Throws CONFIG_UNREADABLE when there is no such file. */
export async function examineConfig(file: string, overrides: Overrides = {}): Promise<Examined> {
  const yaml = readYaml(file, await readText(file));
  const draft = yaml.problems.length > 0 ? yaml.problems : draftOf(yaml);
  if (!('config' in draft)) return { problems: inOrder(draft), warnings: [], loaded: null };
  const config = withPlacedPaths({ ...draft.config, ...overrides }, dirname(file));
  const examined = await crossCheck(await withMetersFile({ ...draft, config }));
  return { ...examined, problems: inOrder(examined.problems) };
}

/** Throws CONFIG_INVALID with one line for each problem, or CONFIG_UNREADABLE. */
export async function loadConfig(file: string, overrides: Overrides = {}): Promise<LoadedConfig> {
  const { problems, loaded } = await examineConfig(file, overrides);
  if (loaded !== null) return loaded;
  const lines = problems.map(problemLine);
  throw new AmrError('CONFIG_INVALID', `${file} cannot be used\n${lines.join('\n')}`);
}
