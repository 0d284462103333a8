import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Which folders a folder may import from, besides itself. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/host': ['src/core'],
  'src/transport': ['src/core'],
  'src/bus': ['src/core'],
  'src/validate': ['src/core'],
  'src/store': ['src/core'],
  'src/uplink': ['src/core'],
  'src/local': ['src/core'],
  'src/sim': ['src/core'],
  'src/config': ['src/core', 'src/host', 'src/drivers.ts'],
  'src/poll': ['src/core', 'src/bus', 'src/validate', 'src/store'],
  'drivers/dlt645': ['src/core'],
  'drivers/modbus': ['src/core'],
};

/** The only ones that may import them: nobody builds on the roof. */
const ROOF = ['src/gateway.ts', 'src/field.ts', 'src/amr.ts', 'src/cli'];

function sourceFiles(): string[] {
  return ['src', 'drivers'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(top, file)),
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path]) => path);
  return specifiers.map((path = '') => relative(root, resolve(root, dirname(file), path)));
}

const isIn = (file: string, place: string) => file === place || file.startsWith(`${place}/`);
const folderOf = (file: string) => Object.keys(TABLE).find((folder) => isIn(file, folder));

const files = sourceFiles();

describe('the structure', () => {
  it('is read whole', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(files.flatMap(importsOf).length).toBeGreaterThan(300);
  });

  it('knows every folder', () => {
    const unknown = files.filter(
      (file) =>
        folderOf(file) === undefined &&
        !ROOF.some((place) => isIn(file, place)) &&
        file !== 'src/drivers.ts',
    );
    expect(unknown).toEqual([]);
  });

  it('has imports only along the table', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const folder = folderOf(file);
      if (folder === undefined) continue;
      const allowed = [folder, ...(TABLE[folder] ?? [])];
      for (const target of importsOf(file)) {
        if (!allowed.some((place) => isIn(target, place))) wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('names drivers in one file of src alone', () => {
    const naming = files.filter(
      (file) => file.startsWith('src/') && importsOf(file).some((to) => isIn(to, 'drivers')),
    );
    expect(naming).toEqual(['src/drivers.ts']);
  });

  it('lets nobody but the roof import the roof', () => {
    const wrong = files
      .filter((file) => !ROOF.some((place) => isIn(file, place)))
      .filter((file) => importsOf(file).some((to) => ROOF.some((place) => isIn(to, place))));
    expect(wrong).toEqual([]);
  });

  it('has no any, no non-null assertion and no silenced check', () => {
    const wrong = files.filter((file) =>
      /: any\b|\bas any\b|<any>|@ts-ignore|@ts-expect-error|v8 ignore|[\w\])]!(?=[.;,)\]])/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
