/** The composition root of the daemon: builds the parts, wires them, and ends them in order. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { LoadedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import type { ClockState } from './core/clock.ts';
import { toAmrError } from './core/errors.ts';
import type { AmrEvent, Reading } from './core/reading.ts';
import type { Register } from './core/registers.ts';
import type { Store } from './core/store.ts';
import { formatInstant } from './core/zoned-time.ts';
import { buildBuses, type FieldBus, type FieldDeps, type FieldMeter, loadMeters } from './field.ts';
import { watchClockState } from './host/clock-state.ts';
import { lockDataDir } from './host/instance-lock.ts';
import { softwareVersion } from './host/package-root.ts';
import { runClockRounds } from './poll/clock-round.ts';
import { createReadNow, type OnDemandMeter } from './poll/on-demand.ts';
import { runPoller } from './poll/poller.ts';
import { openThreadedStore } from './store/threaded-store.ts';
import type { ReadNow } from './uplink/commands.ts';
import { CONTRACT_VERSION, type MetaMessage } from './uplink/contract.ts';
import { type Identity, runUplink } from './uplink/publisher.ts';

export interface GatewayDeps extends FieldDeps {
  readonly loaded: LoadedConfig;
  /** After the commit of each reading. */
  readonly onStored?: (reading: Reading) => void;
}

export interface Gateway {
  readonly store: Store;
  readonly buses: readonly FieldBus[];
  /** Takes no new slot, reads what is due; resolves when all of it is committed. */
  finish(): Promise<void>;
  /** Ends exchanges, uplinks, ports and database, in this order, within 5 s. */
  stop(): Promise<void>;
  /** A number for each bus that grows as long as the bus is served. */
  progress(): number[];
  /** False while the store refuses what was read. */
  isStoring(): boolean;
}

/** A running exchange may end by itself within this; then it is aborted. */
const GRACE_MS = 1000;

function metaOf(
  { config, address, model, driver }: FieldMeter,
  registers: Iterable<Register>,
): MetaMessage {
  return {
    v: CONTRACT_VERSION,
    meter: config.id,
    address,
    protocol: model.protocol,
    model: model.model,
    ct: config.ct,
    pt: config.pt,
    side: model.side,
    registers: Array.from(registers, (register) => ({
      obis: register.obis,
      name: register.name,
      unit: register.unit,
      resolution: driver.resolution(model, register),
    })),
  };
}

/** What every meter is read for, under all of its plans. */
function metasOf(meters: readonly FieldMeter[], buses: readonly FieldBus[]): MetaMessage[] {
  const duties = buses.flatMap((bus) => bus.duties);
  return meters.map((meter) => {
    const own = duties.filter((duty) => duty.meter === meter.config.id);
    return metaOf(meter, new Set(own.flatMap(({ registers }) => registers)));
  });
}

interface Running {
  readonly publish: (event: AmrEvent) => void;
  readonly deps: GatewayDeps;
  readonly config: Config;
  readonly store: Store;
  readonly clockState: () => ClockState;
}

interface RunningField {
  readonly readNow: ReadNow;
  finish(): Promise<void>;
  /** Ends the polling; everything that was due is in the store then. */
  stop(): Promise<void>;
  /** Closes the ports. */
  close(): Promise<void>;
}

/** Every meter has a duty, and so a session. */
function askableMeters(
  meters: readonly FieldMeter[],
  buses: readonly FieldBus[],
): Map<string, OnDemandMeter> {
  const models = new Map(meters.map(({ config, model }) => [config.id, model]));
  const askable = new Map<string, OnDemandMeter>();
  for (const { link, duties } of buses) {
    for (const { meter, session } of duties) {
      const model = models.get(meter);
      if (model !== undefined) askable.set(meter, { model, session, line: link });
    }
  }
  return askable;
}

/** One for each bus whose clocks are to be set. */
function startClockRounds(
  buses: readonly FieldBus[],
  { deps: { clock }, config, store, clockState, publish }: Running,
  signal: AbortSignal,
): Promise<void>[] {
  return buses.flatMap(({ name, clockRound, link, log }) => {
    if (clockRound === null) return [];
    // No meter is called so: a colon is in no id.
    const notes = store.notesOf(`bus:${name}`);
    const shared = { clock, clockState, zone: config.timezone, log, onEvent: publish };
    return [runClockRounds(clockRound, { ...shared, bus: name, line: link, notes }, signal)];
  });
}

function startField(
  meters: readonly FieldMeter[],
  buses: readonly FieldBus[],
  running: Running,
): RunningField {
  const { deps, config, store, clockState } = running;
  const { clock, onStored } = deps;
  const finish = new AbortController();
  const stop = new AbortController();
  const abort = new AbortController();
  const close = new AbortController();
  const signals = { finish: finish.signal, stop: stop.signal, abort: abort.signal };
  const shared = { store, clock, clockState, zone: config.timezone, onStored };
  const links = buses.map(({ link }) => link.run(close.signal));
  const pollers = buses.map(({ name, link, duties, lanes, counters, log }) =>
    runPoller({ ...shared, bus: name, line: link, duties, lanes, counters, log }, signals),
  );
  const rounds = startClockRounds(buses, running, AbortSignal.any([finish.signal, stop.signal]));
  const ended = Promise.all([...pollers, ...rounds]);

  return {
    readNow: createReadNow({ ...shared, meters: askableMeters(meters, buses), stop: stop.signal }),
    async finish() {
      finish.abort();
      await ended;
    },
    async stop() {
      stop.abort();
      void clock.sleep(GRACE_MS).then(() => abort.abort());
      await ended;
    },
    async close() {
      close.abort();
      await Promise.all(links);
    },
  };
}

/** Runs `work` again from the start whenever the store was replaced, until the signal aborts. */
async function anewWithStore(
  store: Store,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const renewal = new AbortController();
    const either = AbortSignal.any([signal, renewal.signal]);
    const renewed = store.renewed(either).then(
      () => renewal.abort(),
      () => undefined,
    );
    await work(either);
    renewal.abort();
    await renewed;
  }
}

function startUplinks(
  identity: Identity,
  readNow: ReadNow,
  { deps, config, store, clockState }: Running,
) {
  const end = new AbortController();
  const loops = config.uplinks.map(({ name, mqtt }) =>
    anewWithStore(store, end.signal, (signal) =>
      runUplink(
        {
          name,
          site: config.site,
          gateway: config.gateway,
          zone: config.timezone,
          mqtt,
          store,
          clock: deps.clock,
          log: deps.log.child({ uplink: name }),
          random: deps.random,
          clockState,
          identity: () => identity,
          readNow,
        },
        signal,
      ),
    ),
  );
  return {
    async stop() {
      end.abort();
      await Promise.all(loops);
    },
  };
}

function identityOf(
  meters: readonly FieldMeter[],
  buses: readonly FieldBus[],
  { deps, config }: Running,
): Identity {
  return {
    bootId: randomUUID(),
    since: formatInstant(deps.clock.now(), config.timezone),
    version: softwareVersion(),
    configHash: deps.loaded.hash,
    buses: buses.map(({ name, link }) => ({
      name,
      transport: link.info.kind,
      meters: meters.filter((meter) => meter.config.bus === name).length,
    })),
    metas: metasOf(meters, buses),
  };
}

/** How often rows that everybody has are deleted. */
const PRUNE_MS = 60_000;

/** Space that cannot be given back now, on a full disk say, is given back later. */
async function keepPruning({ deps, store }: Running, signal: AbortSignal): Promise<void> {
  const { clock, log } = deps;
  let isFailing = false;
  while (!signal.aborted) {
    await clock.sleep(PRUNE_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await store.prune();
      isFailing = false;
    } catch (thrown) {
      if (!isFailing) log.error({ err: toAmrError(thrown) }, 'old rows cannot be deleted');
      isFailing = true;
    }
  }
}

export async function startGateway(deps: GatewayDeps): Promise<Gateway> {
  const { loaded, clock, log } = deps;
  const { config } = loaded;
  const meters = await loadMeters(loaded);
  const dataDir = resolve(config.dataDir);
  const unlock = lockDataDir(dataDir);
  const publish = (event: AmrEvent) =>
    void store
      .append('event', [JSON.stringify(event)])
      .catch((err) => log.error({ err }, 'event lost'));
  const uplinkNames = config.uplinks.map(({ name }) => name);
  const { store, events } = await openThreadedStore({
    dataDir,
    clock,
    log,
    uplinks: uplinkNames,
    maxBytes: config.store.maxSize,
    onEvent: publish,
    // Without its store the gateway is of no use: the supervisor starts both anew.
    onLost(reason) {
      throw reason;
    },
  });
  for (const event of events) publish(event);
  const buses = buildBuses(config, meters, { ...deps, notesOf: store.notesOf });

  const running = {
    publish,
    deps,
    config,
    store,
    clockState: watchClockState(clock, { source: config.clock }),
  };
  const end = new AbortController();
  const field = startField(meters, buses, running);
  const uplinks = startUplinks(identityOf(meters, buses, running), field.readNow, running);
  const pruning = keepPruning(running, end.signal);

  return {
    store,
    buses,
    finish: field.finish,
    progress: () =>
      buses.map(
        ({ bus, link, counters }) => bus.counters.exchanges + link.attempts + counters.turns,
      ),
    isStoring: () => buses.every(({ counters }) => counters.waiting === 0),
    async stop() {
      await field.stop();
      end.abort();
      const closing = field.close();
      await Promise.all([uplinks.stop(), pruning]);
      await store.close();
      unlock();
      // Last, because a serial driver may hold a close back.
      await closing;
    },
  };
}
