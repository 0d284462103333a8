/**
 * The crash suite: breaks a gateway of real processes in every way of the table and counts what
 * was lost, doubled and late.
 *
 *   npm run chaos [-- --quick | --kills N | --only NAME] [--json]
 *
 * Prints one table, or one JSON document with --json. Exits 1 where a verdict fails, 2 at wrong
 * usage. A fault that the machine cannot do is not run, and never counts as passed.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/sim/random.ts';
import type { Fault, Scale } from './fault.ts';
import { FAULTS } from './faults.ts';
import { missing } from './needs.ts';
import { formatTable, type Row } from './report.ts';
import { openRig } from './rig.ts';
import { BATCH, DEFAULTS, WINDOW } from './settings.ts';
import { type Bounds, judge, type Outcome } from './verdict.ts';

const BOUNDS: Bounds = {
  lost: 0,
  untold: [],
  duplicates: WINDOW * BATCH,
  firstPollMs: Infinity,
  gapMs: 5000,
  isGapExact: false,
  isSound: true,
  hasTrueTime: true,
};

const say = (text: string) => process.stderr.write(text);

function saveLogs({ name }: Fault, text: string): void {
  const file = join(tmpdir(), `amr-chaos-${name}.log`);
  writeFileSync(file, text);
  say(`log of the gateway: ${file} ... `);
}

async function outcomeOf(fault: Fault, scale: Scale): Promise<Outcome> {
  const rig = await openRig({ ...DEFAULTS, ...fault.settings });
  const giveUp = () => void rig.close().finally(() => process.exit(1));
  process.once('SIGINT', giveUp).once('SIGTERM', giveUp);
  try {
    // What was found out until then is judged all the same.
    await fault.run(rig, scale).catch(rig.failed);
    const evidence = await rig.conclude();
    const outcome = judge(evidence, { ...BOUNDS, ...fault.bounds, ...rig.allowed });
    if (outcome.complaints.length > 0) saveLogs(fault, rig.logs());
    return outcome;
  } finally {
    process.off('SIGINT', giveUp).off('SIGTERM', giveUp);
    await rig.close();
  }
}

async function rowOf(fault: Fault, scale: Scale): Promise<Row> {
  const { name, breaks, needs } = fault;
  const absent = missing(needs);
  const row = { fault: name, breaks, seconds: 0, outcome: null };
  if (absent !== null) return { ...row, verdict: 'not run', why: [absent] };
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 100) / 10;
  try {
    const { complaints, ...outcome } = await outcomeOf(fault, scale);
    const verdict = complaints.length === 0 ? 'ok' : 'failed';
    return { ...row, outcome, verdict, why: complaints, seconds: seconds() };
  } catch (thrown) {
    return { ...row, verdict: 'failed', why: [String(thrown)], seconds: seconds() };
  }
}

function parse() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      kills: { type: 'string' },
      only: { type: 'string', multiple: true },
      seed: { type: 'string' },
    },
  });
  const { quick, json, only } = values;
  const kills = Number(values.kills ?? (quick ? 5 : 20));
  const seed = Number(values.seed ?? Date.now() % 2 ** 28);
  const unknown = only?.find((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown !== undefined) throw new Error(`no fault ${unknown}`);
  if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills wants a whole number');
  if (!Number.isInteger(seed)) throw new Error('--seed wants a whole number');
  const chosen = FAULTS.filter((fault) => only?.includes(fault.name) ?? (!quick || fault.quick));
  return { json, chosen, seed, kills, rounds: quick ? 1 : 3 };
}

function usage(why: string): void {
  const names = FAULTS.map(({ name, breaks }) => `  ${name.padEnd(22)}${breaks}`).join('\n');
  say(
    `${why}\nusage: npm run chaos [-- --quick | --kills N | --only NAME] [--json] [--seed N]\n${names}\n`,
  );
  process.exitCode = 2;
}

async function main({ json, chosen, seed, kills, rounds }: ReturnType<typeof parse>) {
  say(`seed ${seed}\n`);
  const rows: Row[] = [];
  for (const fault of chosen) {
    say(`${fault.name}: ${fault.breaks} ... `);
    const row = await rowOf(fault, { kills, rounds, random: createRandom(seed) });
    say(`${row.verdict}, ${row.seconds} s\n`);
    rows.push(row);
  }
  const table = json ? `${JSON.stringify({ seed, kills, faults: rows })}\n` : formatTable(rows);
  process.stdout.write(table);
  if (rows.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
}

let settings: ReturnType<typeof parse> | null = null;
try {
  settings = parse();
} catch (thrown) {
  usage(thrown instanceof Error ? thrown.message : String(thrown));
}
if (settings !== null) await main(settings);
