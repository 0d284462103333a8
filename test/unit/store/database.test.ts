import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { storePaths } from '../../../src/store/files.ts';
import { SCHEMA_VERSION } from '../../../src/store/schema.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import {
  createLog,
  openFixture,
  temporaryDirectory,
  withDatabase,
} from '../../support/store-fixture.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const PRAGMAS = {
  auto_vacuum: 2,
  journal_mode: 'wal',
  synchronous: 2,
  foreign_keys: 1,
  busy_timeout: 200,
  journal_size_limit: 67_108_864,
  wal_autocheckpoint: 1000,
  cache_size: -4000,
  temp_store: 2,
  mmap_size: 0,
  trusted_schema: 0,
};

function pragmasOf(dataDir: string) {
  const { log } = createLog();
  const { db } = openDatabase({ paths: storePaths(dataDir), clock: createVirtualClock(), log });
  try {
    const names = Object.keys(PRAGMAS);
    return Object.fromEntries(names.map((name) => [name, db.pragma(name, { simple: true })]));
  } finally {
    db.close();
  }
}

describe('the database', () => {
  it('runs with the durable pragmas on the first open and on every later one', () => {
    const dataDir = temporaryDirectory();
    expect(pragmasOf(dataDir)).toEqual(PRAGMAS);
    expect(pragmasOf(dataDir)).toEqual(PRAGMAS);
    expect(Object.keys(PRAGMAS)).toHaveLength(11);
  });

  it('keeps directory and files to their owner, whatever the umask', async () => {
    const dataDir = join(temporaryDirectory(), 'below', 'amr');
    const before = process.umask(0);
    try {
      const { store, settle } = openFixture({ dataDir });
      await settle(store.append('live', ['{}']));
      await store.range('live', 1, 1);
    } finally {
      process.umask(before);
    }
    const mode = (name: string) => statSync(join(dataDir, name)).mode & 0o777;
    expect(mode('.')).toBe(0o700);
    const names = ['amr.db', 'amr.db-wal', 'amr.db-shm', 'watermark.json'];
    expect(names.map(mode)).toEqual([0o600, 0o600, 0o600, 0o600]);
  });

  it('brings an older schema up and keeps a copy of what was', async () => {
    const dataDir = temporaryDirectory();
    const { store, settle } = openFixture({ dataDir });
    await settle(store.append('billing', ['"kept"']));
    await store.close();
    withDatabase(dataDir, (db) => db.exec('DROP TABLE note; PRAGMA user_version = 1'));

    const { store: newer, events } = openFixture({ dataDir });
    expect(events).toEqual([]);
    expect(newer.epoch).toBe(store.epoch);
    expect(await newer.range('billing', 1, 9)).toEqual([{ seq: 1, body: '"kept"' }]);
    const versionOf = (file: string) => {
      const db = new Database(join(dataDir, file), { readonly: true });
      onTestFinished(() => void db.close());
      return db.pragma('user_version', { simple: true });
    };
    expect(versionOf('amr.db')).toBe(SCHEMA_VERSION);
    expect(versionOf('amr.db.v1')).toBe(1);
  });

  it('refuses a newer schema and leaves the file as it is', async () => {
    const dataDir = temporaryDirectory();
    const { store } = openFixture({ dataDir });
    await store.close();
    withDatabase(dataDir, (db) => db.pragma(`user_version = ${SCHEMA_VERSION + 1}`));
    const before = readFileSync(join(dataDir, 'amr.db'));

    const { log } = createLog();
    const open = () => openStore({ dataDir, log, clock: createVirtualClock(), uplinks: [] });
    expect(open).toThrowError(expect.objectContaining({ code: 'STORE_SCHEMA_NEWER' }));
    expect(readFileSync(join(dataDir, 'amr.db')).equals(before)).toBe(true);
  });

  const cleanMark = (dataDir: string) =>
    withDatabase(dataDir, (db) => db.prepare('SELECT clean FROM store').pluck().get());

  it('is marked clean by a close, and only while it is closed', async () => {
    const dataDir = temporaryDirectory();
    const { store } = openFixture({ dataDir });
    expect(cleanMark(dataDir)).toBe(0);
    await store.close();
    expect(cleanMark(dataDir)).toBe(1);
    openFixture({ dataDir });
    expect(cleanMark(dataDir)).toBe(0);
  });

  it('is not marked clean after a run in which it failed', async () => {
    const { store, settle, dataDir } = openFixture();
    withDatabase(dataDir, (db) =>
      db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON row_live
               BEGIN SELECT RAISE(ABORT, 'refused'); END`),
    );
    await expect(settle(store.append('live', ['{}']))).rejects.toThrow('refused');
    await store.close();
    expect(cleanMark(dataDir)).toBe(0);
  });

  it('leaves no WAL behind after a clean stop', async () => {
    const dataDir = temporaryDirectory();
    const { store, settle } = openFixture({ dataDir });
    await settle(store.append('curve', ['{}']));
    await store.close();
    expect(statSync(join(dataDir, 'amr.db-wal'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
