import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The files of the store; SQLite derives the last two from the first. */
export interface StorePaths {
  readonly dataDir: string;
  readonly database: string;
  readonly wal: string;
  readonly watermark: string;
  /** Room to tidy in on a full disk. */
  readonly ballast: string;
}

export function storePaths(dataDir: string): StorePaths {
  const database = join(dataDir, 'amr.db');
  return {
    dataDir,
    database,
    wal: `${database}-wal`,
    watermark: join(dataDir, 'watermark.json'),
    ballast: join(dataDir, 'ballast'),
  };
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Makes the directory (0700) and an empty database (0600) where they are missing. SQLite gives
 * its -wal and -shm the mode of the database, so the mode is set before it opens the file.
 */
export function preparePrivateFiles({ dataDir, database }: StorePaths): void {
  if (mkdirSync(dataDir, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(dataDir, 0o700);
  const file = openSync(database, 'a', 0o600);
  try {
    fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
  syncDirectory(dataDir);
}

/** Replaces the file as a whole; when this returns, the new text survives a power cut. */
export function replaceDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w', 0o600);
  try {
    fchmodSync(file, 0o600);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  syncDirectory(dirname(path));
}

/** Copies the file; the copy is whole or not there. */
export function copyDurably(from: string, to: string): void {
  const fresh = `${to}.new`;
  try {
    copyFileSync(from, fresh);
    const file = openSync(fresh, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, to);
  } catch (thrown) {
    rmSync(fresh, { force: true });
    throw thrown;
  }
  syncDirectory(dirname(to));
}

/** Size in bytes, 0 where there is no such file. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Damaged databases that are kept for who wants to look; older ones make room. */
const KEPT_ASIDE = 3;

function dropOldAside({ dataDir, database }: StorePaths): void {
  const prefix = `${basename(database)}.corrupt-`;
  const names = readdirSync(dataDir).filter((name) => name.startsWith(prefix));
  const stems = [...new Set(names.map((name) => name.replace(/-(wal|shm|header)$/, '')))].sort();
  const old = new Set(stems.slice(0, -KEPT_ASIDE));
  for (const name of names) {
    if (old.has(name.replace(/-(wal|shm|header)$/, '')))
      rmSync(join(dataDir, name), { force: true });
  }
}

/** Renames the database with its -wal and -shm, overwriting nothing; returns the new path. */
export function setAside(paths: StorePaths, now: number): string {
  const { dataDir, database } = paths;
  const stem = `${database}.corrupt-${new Date(now).toISOString().replace(/[-:.]/g, '')}`;
  let target = stem;
  for (let copy = 1; existsSync(target); copy++) target = `${stem}-${copy}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(database + suffix)) renameSync(database + suffix, target + suffix);
  }
  dropOldAside(paths);
  syncDirectory(dataDir);
  return target;
}
