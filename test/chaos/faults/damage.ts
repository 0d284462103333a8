/** Files that are not what they were: after a power cut, or on a disk that goes bad. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Random } from '../../../src/sim/random.ts';
import { readWatermark } from '../../../src/store/watermark.ts';
import { numberOf } from '../entry.ts';
import type { Fault, Scale } from '../fault.ts';
import type { Rig } from '../rig.ts';
import { pause } from '../until.ts';

const databaseIn = (dataDir: string) => join(dataDir, 'amr.db');
const walIn = (dataDir: string) => join(dataDir, 'amr.db-wal');
const watermarkIn = (dataDir: string) => join(dataDir, 'watermark.json');

/** SQLite's: the header of a WAL, and that of each page in it. */
const WAL_HEADER_BYTES = 32;

type Damage = (wal: string, random: Random) => void;

function flipBit(wal: string, random: Random): void {
  const file = openSync(wal, 'r+');
  const at = random.between(0, statSync(wal).size - 1);
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ (1 << random.between(0, 7)));
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}

/** Half of a commit that the power cut met: whole pages that end in noise, and no commit mark. */
function tearTail(wal: string, random: Random): void {
  const end = randomBytes(random.between(1, 8192));
  writeFileSync(wal, Buffer.concat([readFileSync(wal), end]));
}

const WAL_DAMAGES = {
  tail: tearTail,
  truncated: (wal, random) =>
    truncateSync(wal, random.between(WAL_HEADER_BYTES, statSync(wal).size - 1)),
  flipped: flipBit,
  deleted: (wal) => rmSync(wal),
} as const satisfies Record<string, Damage>;

/**
 * Keys of numbers above the watermark: they were never handed out, so no uplink can have
 * published them and no witness has them.
 */
function untoldIn({ dataDir }: Rig, rows: NonNullable<ReturnType<Rig['look']>>['rows']): string[] {
  const heads = readWatermark(watermarkIn(dataDir))?.heads;
  return rows.filter(({ stream, seq }) => seq > (heads?.[stream] ?? 0)).map(numberOf);
}

/** Rounds of: live, be killed, have the log damaged, start anew. */
function damageWal(damage: Damage, isForgiving: boolean): Fault['run'] {
  return async (rig: Rig, { rounds, random }: Scale) => {
    const untold: string[] = [];
    for (let round = 0; round < 2 * rounds; round++) {
      const gateway = await rig.start();
      await rig.flow(rig.settings.meters);
      await pause(random.between(0, 1000));
      await gateway.end('SIGKILL');
      rig.broke();
      const rows = rig.look()?.rows ?? [];
      if (isForgiving) untold.push(...untoldIn(rig, rows));
      const wal = walIn(rig.dataDir);
      if (existsSync(wal) && statSync(wal).size > WAL_HEADER_BYTES) damage(wal, random);
      rmSync(join(rig.dataDir, 'amr.db-shm'), { force: true });
    }
    rig.allow({ untold });
    await rig.start();
    await rig.flow(rig.settings.meters);
  };
}

/** Bytes of the database that noise is put over. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

function pageOf(dataDir: string, table: string): Place {
  const db = new Database(databaseIn(dataDir), { readonly: true });
  try {
    const root = db
      .prepare<[string], number>('SELECT rootpage FROM sqlite_master WHERE name = ?')
      .pluck()
      .get(table);
    const size = Number(db.pragma('page_size', { simple: true }));
    if (root === undefined) throw new Error(`no table ${table}`);
    return { at: (root - 1) * size, bytes: size };
  } finally {
    db.close();
  }
}

/** The first byte of a b-tree leaf with rows. */
const LEAF = 0x0d;
const PAGE_BYTES = 4096;

/** A page in the middle of the readings. */
function leafWithReadings(dataDir: string): Place {
  const file = readFileSync(databaseIn(dataDir));
  const leaves: number[] = [];
  for (let at = PAGE_BYTES; at < file.length; at += PAGE_BYTES) {
    const page = file.subarray(at, at + PAGE_BYTES);
    if (page[0] === LEAF && page.includes('"kind":"interval"')) leaves.push(at);
  }
  const middle = leaves[Math.floor(leaves.length / 2)];
  if (middle === undefined) throw new Error('no page holds readings');
  return { at: middle + PAGE_BYTES / 2, bytes: PAGE_BYTES / 4 };
}

const PLACES = {
  header: () => ({ at: 0, bytes: 100 }),
  data: leafWithReadings,
  root: (dataDir) => pageOf(dataDir, 'row_live'),
  index: (dataDir) => pageOf(dataDir, 'stream'),
} as const satisfies Record<string, (dataDir: string) => Place>;

/** Puts what is in the log into the database file, which is to be damaged. */
function checkpoint(dataDir: string): void {
  const db = new Database(databaseIn(dataDir), { timeout: 10_000 });
  db.pragma('wal_checkpoint(PASSIVE)');
  db.close();
}

function overwrite(dataDir: string, { at, bytes }: Place): void {
  const file = openSync(databaseIn(dataDir), 'r+');
  writeSync(file, randomBytes(bytes), 0, bytes, at);
  closeSync(file);
}

/** While the broker is away, readings gather that only the database has. */
async function gather({ broker, headend, ...rig }: Rig): Promise<void> {
  await headend.leave();
  await broker.kill();
  rig.broke();
  await rig.polled(20 * rig.settings.meters);
}

async function comeBack({ broker, headend, ...rig }: Rig): Promise<void> {
  await broker.restart();
  await headend.join();
  await rig.flow(4 * rig.settings.meters, 120_000);
}

function damageDatabase(placeIn: (dataDir: string) => Place): Fault['run'] {
  return async (rig: Rig) => {
    const { dataDir } = rig;
    const first = await rig.start();
    await rig.flow(2 * rig.settings.meters);
    await gather(rig);
    // A clean stop puts everything into the database file and nothing beside it.
    await first.end('SIGTERM');
    rig.look();
    overwrite(dataDir, placeIn(dataDir));
    await rig.broker.restart();
    await rig.headend.join();
    const second = await rig.start();
    await rig.flow(4 * rig.settings.meters);

    await gather(rig);
    checkpoint(dataDir);
    second.signal('SIGSTOP');
    await pause(50);
    rig.look();
    overwrite(dataDir, placeIn(dataDir));
    second.signal('SIGCONT');
    await comeBack(rig);
    if (!second.isRunning) rig.complain('it ended when its database was damaged');
  };
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

const WAL_TEXT: Readonly<Record<keyof typeof WAL_DAMAGES, string>> = {
  tail: 'power cut: the log ends in half a commit',
  truncated: 'power cut, and the log is cut off anywhere',
  flipped: 'power cut, and a bit of the log is another',
  deleted: 'power cut, and the log is gone',
};

const walFaults = Object.entries(WAL_DAMAGES).map(([name, damage]): Fault => {
  const isWhole = damage === tearTail;
  return {
    name: `wal-${name}`,
    breaks: WAL_TEXT[name as keyof typeof WAL_DAMAGES],
    quick: name === 'truncated',
    needs: ['mosquitto'],
    // What is lost with the log takes the cursors along.
    bounds: isWhole ? {} : { lost: UNLIMITED, duplicates: UNLIMITED },
    run: damageWal(damage, !isWhole),
  };
});

const PLACE_TEXT: Readonly<Record<keyof typeof PLACES, string>> = {
  header: 'noise over the header of the database',
  data: 'noise over a page with readings',
  root: 'noise over the root page of a table',
  index: 'noise over the page of an index',
};

const databaseFaults = Object.entries(PLACES).map(
  ([name, placeIn]): Fault => ({
    name: `db-${name}`,
    breaks: `${PLACE_TEXT[name as keyof typeof PLACES]}, while it is stopped and while it runs`,
    quick: name === 'data',
    needs: ['mosquitto'],
    bounds: { lost: UNLIMITED, duplicates: UNLIMITED, firstPollMs: 10_000, isSound: false },
    run: damageDatabase(placeIn),
  }),
);

export const DAMAGE_FAULTS: readonly Fault[] = [...walFaults, ...databaseFaults];
