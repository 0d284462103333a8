import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const packageSchema = z.object({ name: z.literal('amr-gateway'), version: z.string() });

function packageIn(dir: string): z.infer<typeof packageSchema> | null {
  try {
    return packageSchema.parse(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')));
  } catch {
    return null;
  }
}

/** The folder of the installed package: found from here up, so it holds for sources and build. */
export function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (packageIn(dir) === null) {
    const above = dirname(dir);
    if (above === dir) throw new Error('the package.json of amr-gateway is gone');
    dir = above;
  }
  return dir;
}

/** The version of the package. */
export function softwareVersion(): string {
  return packageIn(packageRoot())?.version ?? 'unknown';
}
