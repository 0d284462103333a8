import { Command } from 'commander';
import { loadModels } from '../config/models.ts';
import { nearest } from '../config/problem.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import { type MeterModel, resolveRegisters } from '../core/model.ts';
import { loadDriver } from '../field.ts';
import {
  type Checked,
  listDocument,
  listLines,
  modelDocument,
  modelLines,
} from './models-report.ts';
import { printJson, printLine } from './output.ts';

interface ModelsOptions {
  readonly dir?: string;
  readonly json?: true;
}

function groupComplaints(model: MeterModel): string[] {
  return Object.keys(model.groups).flatMap((group) => {
    try {
      resolveRegisters(model, [group]);
      return [];
    } catch (thrown) {
      return [`group ${group}: ${toAmrError(thrown).message}`];
    }
  });
}

async function checked(model: MeterModel): Promise<Checked> {
  const driver = await loadDriver(model.protocol).catch(() => null);
  const own = driver?.checkModel(model) ?? [`no driver for ${model.protocol}`];
  return { model, driver, complaints: [...own, ...groupComplaints(model)] };
}

/** Names that contain the word, else the one most like it, with or without the maker's name. */
function namesLike(word: string, known: readonly string[]): string[] {
  const holding = known.filter((name) => name.includes(word.toLowerCase()));
  if (holding.length > 0) return holding;
  const whole = nearest(word, known);
  if (whole !== null) return [whole];
  const tailOf = (name: string) => name.slice(name.indexOf('-') + 1);
  const tail = nearest(word, known.map(tailOf));
  return known.filter((name) => tailOf(name) === tail);
}

function named(models: ReadonlyMap<string, MeterModel>, name: string): MeterModel {
  const model = models.get(name);
  if (model !== undefined) return model;
  const like = namesLike(name, [...models.keys()]);
  const hint =
    like.length > 0
      ? `did you mean ${like.join(' or ')}?`
      : '`amr models` lists all that there are';
  throw new AmrError('CONFIG_INVALID', `no model "${name}"; ${hint}`);
}

async function models(name: string | undefined, { dir, json }: ModelsOptions): Promise<void> {
  const known = await loadModels(...(dir === undefined ? [] : [dir]));
  const wanted = name === undefined ? [...known.values()] : [named(known, name)];
  const inOrder = wanted.sort((a, b) => (a.model < b.model ? -1 : 1));
  const all = await Promise.all(inOrder.map(checked));
  const [one] = name === undefined ? [] : all;
  if (json) printJson(one === undefined ? listDocument(all) : modelDocument(one));
  else for (const line of one === undefined ? listLines(all) : modelLines(one)) printLine(line);
  const complaints = all.flatMap(({ model, complaints: own }) =>
    own.map((text) => `${model.model}: ${text}`),
  );
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

export function modelsCommand(): Command {
  return new Command('models')
    .description('The meter models that there are; with a name, all that the model says.')
    .argument('[name]', 'one of them')
    .option('--dir <dir>', 'own models besides, as modelsDir of the configuration')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  amr models\n  amr models eastron-sdm630\n  amr models --dir ./models acme-m1',
    )
    .action(models);
}
