/* `npm run -s bench -- NAME --json`: runs NAME.ts beside this file, prints its figures last. */
import { existsSync } from 'node:fs';

/** What a benchmark prints: measured and baseline in the same unit, ratio = measured / baseline. */
export interface Figures {
  readonly bench: string;
  readonly ratio: number;
  readonly measured: number;
  readonly baseline: number;
  readonly conditions: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  /** Progress for people; the figures alone go to stdout. */
  readonly say: (line: string) => void;
}

export interface Bench {
  run(options: BenchOptions): Promise<Figures>;
}

const name = process.argv[2] ?? '';
const module = new URL(`./${name}.ts`, import.meta.url);

if (!/^[a-z0-9-]+$/.test(name) || name === 'run' || !existsSync(module)) {
  process.stderr.write('usage: npm run -s bench -- NAME [--json]\n');
  process.exitCode = 2;
} else {
  const bench: Bench = await import(module.href);
  const isQuiet = process.argv.includes('--json');
  const figures = await bench.run({
    say: (line) => {
      if (!isQuiet) process.stderr.write(`${line}\n`);
    },
  });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
