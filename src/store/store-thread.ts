/**
 * The thread that owns the database. A disk that takes its time holds up this thread alone. A
 * database that turns out to be damaged is set aside and replaced here, and what is sound of it
 * is appended to the new one.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import { systemClock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { STREAMS } from '../core/reading.ts';
import { storePaths } from './files.ts';
import { perStream } from './heads.ts';
import { eventNow, type SetAside } from './opening.ts';
import { salvage } from './salvage.ts';
import { type Engine, type OpenedStore, openStore, type StoreOptions } from './sqlite-store.ts';
import {
  type Call,
  createOutbox,
  type NumberedCall,
  packError,
  type Snapshot,
  type ThreadSettings,
  type Told,
} from './thread-messages.ts';

const settings: ThreadSettings = workerData;
const tell = createOutbox<Told>((messages) => parentPort?.postMessage(messages));
const log = pino(
  { level: 'trace', base: null },
  { write: (line: string) => tell({ kind: 'log', line }) },
);

/** One database after another, each until it is damaged. */
interface Host {
  readonly engine: Engine;
  /** Resolves when the present database is in use. */
  ready: Promise<void>;
}

const headsOf = (engine: Engine) => perStream((stream) => engine.head(stream));

function snapshotOf(engine: Engine): Snapshot {
  const cursors = settings.uplinks.flatMap((uplink) =>
    STREAMS.map((stream) => ({ uplink, stream, acked: engine.acked(uplink, stream) })),
  );
  return { epoch: engine.epoch, heads: headsOf(engine), cursors, notes: engine.notes() };
}

async function salvageFrom({ file, heads }: SetAside, engine: Engine): Promise<void> {
  const { uplinks, dataDir } = settings;
  try {
    const fresh = storePaths(dataDir).database;
    const found = await salvage({ file, fresh, heads, uplinks, append: engine.append });
    for (const { stream, rows, lost, lostNumbers } of found) {
      if (rows + lost === 0) continue;
      const detail = { file, stream, rows, lost, lostNumbers };
      log.warn(detail, 'rows salvaged from the damaged database');
      const severity = lost > 0 ? 'alarm' : 'warning';
      tell({
        kind: 'event',
        event: eventNow(systemClock, { type: 'store.salvaged', severity, detail }),
      });
    }
  } catch (thrown) {
    log.error({ err: toAmrError(thrown), file }, 'salvage ended early');
  }
}

function open(onDamage: (damage: AmrError) => void, damage?: AmrError): OpenedStore {
  const options: StoreOptions = {
    ...settings,
    clock: systemClock,
    log,
    onEvent: (event) => tell({ kind: 'event', event }),
    onDamage,
    onCommit: (_rows, heads) => tell({ kind: 'heads', heads }),
    ...(damage === undefined ? {} : { damage }),
  };
  const opened = openStore(options);
  if (opened.setAside !== null) void salvageFrom(opened.setAside, opened.store);
  return opened;
}

function createHost(): Host {
  let isRenewing = false;

  async function renew(damage: AmrError): Promise<void> {
    await engine.close().catch(() => undefined);
    const { store, events } = open(onDamage, damage);
    engine = store;
    isRenewing = false;
    tell({ kind: 'renewed', snapshot: snapshotOf(store) });
    for (const event of events) tell({ kind: 'event', event });
  }

  /** A renewal that fails ends the thread, and with it the gateway, which is started anew. */
  function onDamage(damage: AmrError): void {
    if (isRenewing) return;
    isRenewing = true;
    host.ready = renew(damage);
    host.ready.catch((thrown: unknown) =>
      setImmediate(() => {
        throw thrown;
      }),
    );
  }

  const opened = open(onDamage);
  let engine = opened.store;
  const host: Host = {
    ready: Promise.resolve(),
    get engine() {
      return engine;
    },
  };
  tell({ kind: 'opened', snapshot: snapshotOf(engine), events: opened.events });
  return host;
}

async function perform({ engine }: Host, call: Call): Promise<unknown> {
  switch (call.op) {
    case 'commit':
      return await engine.commit(call.writes);
    case 'range':
      return await engine.range(call.stream, call.from, call.limit);
    case 'stats':
      return await engine.stats();
    case 'prune':
      return await engine.prune();
    case 'close':
      return await engine.close();
  }
}

async function answer(host: Host, { id, call }: NumberedCall): Promise<void> {
  try {
    await host.ready;
    tell({ kind: 'done', id, value: await perform(host, call) });
  } catch (thrown) {
    tell({ kind: 'refused', id, error: packError(toAmrError(thrown)) });
  }
  if (call.op === 'close') queueMicrotask(() => parentPort?.close());
}

try {
  const host = createHost();
  parentPort?.on('message', (calls: readonly NumberedCall[]) => {
    for (const call of calls) void answer(host, call);
  });
} catch (thrown) {
  tell({ kind: 'failed', error: packError(toAmrError(thrown)) });
}
