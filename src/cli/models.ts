import { Command } from 'commander';
import { loadModels } from '../config/models.ts';
import { toAmrError } from '../core/errors.ts';
import { type MeterModel, resolveRegisters } from '../core/model.ts';
import { loadDriver } from '../field.ts';
import { modelNamed } from './model-named.ts';
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

async function models(name: string | undefined, { dir, json }: ModelsOptions): Promise<void> {
  const known = await loadModels(...(dir === undefined ? [] : [dir]));
  const wanted = name === undefined ? [...known.values()] : [modelNamed(known, name)];
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
