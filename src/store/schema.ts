import type { Database } from 'better-sqlite3';
import { AmrError } from '../core/errors.ts';

/**
 * The tables, oldest schema first; entry n leads from version n to n + 1. A released entry never
 * changes. One table a stream, so that rows lie in the order of their numbers and a row's number
 * is its rowid. `stream.head` outlives the rows, which pruning takes away.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    clean INTEGER NOT NULL
  ) STRICT;
  INSERT INTO store (id, epoch, clean) VALUES (1, 0, 1);

  CREATE TABLE stream (name TEXT PRIMARY KEY, head INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO stream (name, head) VALUES ('event', 0), ('billing', 0), ('curve', 0), ('live', 0);

  CREATE TABLE cursor (
    uplink TEXT NOT NULL,
    stream TEXT NOT NULL REFERENCES stream (name),
    acked INTEGER NOT NULL,
    PRIMARY KEY (uplink, stream)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE row_event (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE row_billing (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE row_curve (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE row_live (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE note (
    meter TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (meter, key)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** What `user_version` says after {@link migrate}. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The version found, 0 for an empty file; throws STORE_SCHEMA_NEWER beyond ours. Only reads. */
export function schemaVersion(db: Database): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new AmrError(
      'STORE_SCHEMA_NEWER',
      `the database has schema ${version}, this version knows up to ${SCHEMA_VERSION}`,
      { context: { found: version, known: SCHEMA_VERSION } },
    );
  }
  return version;
}

/** Brings the tables to the newest version, one transaction a step. */
export function migrate(db: Database): void {
  for (let version = schemaVersion(db); version < SCHEMA_VERSION; version++) {
    const step = db.transaction(() => {
      db.exec(MIGRATIONS[version] ?? '');
      db.pragma(`user_version = ${version + 1}`);
    });
    step.immediate();
  }
}
