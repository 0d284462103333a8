import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type OpenedStore, openStore, type StoreOptions } from '../../src/store/sqlite-store.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A logger whose lines can be looked at. */
export function createLog() {
  const lines: LogLine[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { log, lines };
}

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'amr-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface StoreFixture extends OpenedStore {
  readonly dataDir: string;
  readonly clock: VirtualClock;
  readonly lines: LogLine[];
  /** Lets the group commit fall due and gives what the write came to. */
  settle<T>(write: Promise<T>): Promise<T>;
}

/** A store on real files with a virtual clock; closed with the test. */
export function openFixture(options: Partial<StoreOptions> = {}): StoreFixture {
  const dataDir = options.dataDir ?? temporaryDirectory();
  const clock = createVirtualClock();
  const { log, lines } = createLog();
  const opened = openStore({ dataDir, clock, log, uplinks: ['main'], ...options });
  onTestFinished(() => opened.store.close());
  return {
    ...opened,
    dataDir,
    clock,
    lines,
    async settle(write) {
      const outcome = Promise.allSettled([write]);
      await clock.advance(options.commitMs ?? 20);
      await outcome;
      return write;
    },
  };
}

/** A second connection to the database, as a hand that does damage or looks from outside. */
export function withDatabase<T>(dataDir: string, use: (db: Database.Database) => T): T {
  const db = new Database(join(dataDir, 'amr.db'));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

export function numbered(count: number, prefix = 'row'): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify({ [prefix]: index + 1 }));
}
