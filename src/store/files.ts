import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of the store; SQLite derives the last two from the first. */
export interface StorePaths {
  readonly dataDir: string;
  readonly database: string;
  readonly wal: string;
  readonly watermark: string;
}

export function storePaths(dataDir: string): StorePaths {
  const database = join(dataDir, 'amr.db');
  return { dataDir, database, wal: `${database}-wal`, watermark: join(dataDir, 'watermark.json') };
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

/** Size in bytes, 0 where there is no such file. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Renames the database with its -wal and -shm, overwriting nothing; returns the new path. */
export function setAside({ dataDir, database }: StorePaths, now: number): string {
  const stem = `${database}.corrupt-${new Date(now).toISOString().replace(/[-:.]/g, '')}`;
  let target = stem;
  for (let copy = 1; existsSync(target); copy++) target = `${stem}-${copy}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(database + suffix)) renameSync(database + suffix, target + suffix);
  }
  syncDirectory(dataDir);
  return target;
}
