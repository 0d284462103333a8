/**
 * Makes the package that is published, in pack/: the build without the Node that serves
 * development only. `npm run pack` builds first.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/host/package-root.ts';

const DEVELOPMENT_ONLY = [
  'private',
  'scripts',
  'devDependencies',
  'optionalDependencies',
  'allowScripts',
];

const root = packageRoot();
const pack = join(root, 'pack');
rmSync(pack, { recursive: true, force: true });
mkdirSync(pack);
const manifest: Record<string, unknown> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
for (const key of DEVELOPMENT_ONLY) delete manifest[key];
for (const path of ['dist', 'config', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
  cpSync(join(root, path), join(pack, path), { recursive: true });
}
writeFileSync(join(pack, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
const packed = execFileSync('npm', ['pack', '--pack-destination', pack], { cwd: pack });
process.stdout.write(packed);
