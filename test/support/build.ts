/*
 * Compiles the sources into dist/ once before the tests, for those that run the built command.
 * What only concerns types is the business of the type check and does not stop the tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The built command, to be run by Node. */
export const BUILT_AMR = fromRoot('dist/src/amr.js');
/** The same from source. */
export const SOURCE_AMR = fromRoot('src/amr.ts');

/** Lets a second build compile only what has changed. */
const BUILD_STATE = fromRoot('node_modules/.cache/amr-test.tsbuildinfo');

export default function build(): void {
  if (!existsSync(BUILT_AMR)) rmSync(BUILD_STATE, { force: true });
  const { error, stdout } = spawnSync(
    fromRoot('node_modules/.bin/tsc'),
    ['-p', fromRoot('tsconfig.json'), '--incremental', '--tsBuildInfoFile', BUILD_STATE],
    { encoding: 'utf8' },
  );
  if (error !== undefined) throw error;
  if (!existsSync(BUILT_AMR)) throw new Error(`nothing was built:\n${stdout}`);
}
