import pino from 'pino';
import { discover } from '../../drivers/dlt645/discover.ts';
import { createDlt645Slave } from '../../drivers/dlt645/sim.ts';
import { createBus } from '../../src/bus/bus.ts';
import type { DiscoverOptions, Discovery } from '../../src/core/driver.ts';
import type { Line } from '../../src/core/line.ts';
import type { MeterDisplay } from '../../src/core/slave.ts';
import type { Fault } from '../../src/sim/faults.ts';
import { createSimLine } from '../../src/sim/line.ts';
import { createRandom, type Random } from '../../src/sim/random.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

/** A line of simulated meters that garble one another, and the search for them. */
export interface SearchSettings {
  readonly addresses: readonly string[];
  readonly seed: number;
  readonly faults?: Readonly<Record<string, Fault>>;
  readonly baudRate?: number;
  /** Ends the search after this time of the line; null lets it go to its end. */
  readonly endAfterMs?: number;
  readonly options?: Partial<DiscoverOptions>;
  /** What the meters' energy registers show. */
  readonly energyOf?: (address: string) => string;
}

export interface SearchOutcome extends Discovery {
  readonly found: readonly string[];
  readonly tookMs: number;
  readonly restarts: number;
  readonly exchanges: number;
}

const anyEnergy = (random: Random) => () =>
  `${random.between(0, 99_999)}.${String(random.between(0, 99)).padStart(2, '0')}`;

function displayOf(address: string, energy: string): MeterDisplay {
  const shown: Readonly<Record<string, string>> = { address, energy_active_import: energy };
  return { show: (name) => shown[name] ?? null, showDailyFreeze: () => null };
}

const STEP_MS = 60_000;

/** Runs the whole search in virtual time. */
export async function search(settings: SearchSettings): Promise<SearchOutcome> {
  const { addresses, seed, faults = {}, baudRate = 9600, endAfterMs, options } = settings;
  const clock = createVirtualClock();
  const { energyOf = anyEnergy(createRandom(seed)) } = settings;
  const meters = addresses.map((address) => ({
    address,
    display: displayOf(address, energyOf(address)),
  }));
  const sim = createSimLine({ clock, createSlave: createDlt645Slave, meters, baudRate, seed });
  for (const [address, fault] of Object.entries(faults)) sim.setFault(address, fault);
  let restarts = 0;
  const line: Line = {
    info: { kind: 'serial', address: '/dev/sim', baudRate, bitsPerByte: 11 },
    fault: null,
    onData: (listener) => void sim.attach({ write: listener }),
    write: async (bytes) => sim.receive(bytes),
    restart: () => {
      restarts += 1;
    },
    onFault: () => undefined,
    configure: async () => false,
    whenUp: async () => undefined,
  };
  const bus = createBus(
    { name: 'sim', latencyMs: 20, turnaroundMs: 2 },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  const end = new AbortController();
  if (endAfterMs !== undefined) void clock.sleep(endAfterMs).then(() => end.abort());
  let outcome: Discovery | null = null;
  let tookMs = 0;
  const running = discover(bus, { priority: 'on-demand', signal: end.signal, ...options }).then(
    (done) => {
      outcome = done;
      tookMs = clock.monotonic();
    },
  );
  while (outcome === null) await clock.advance(STEP_MS);
  await running;
  sim.close();
  const { meters: found, unresolved, endedBy } = outcome as Discovery;
  return {
    meters: found,
    unresolved,
    endedBy,
    found: found.map(({ address }) => address).sort(),
    tookMs,
    restarts,
    exchanges: bus.counters.exchanges,
  };
}

/** So many different addresses, the digits as random as the seed. */
export function scattered(count: number, seed: number): string[] {
  const random = createRandom(seed);
  const addresses = new Set<string>();
  while (addresses.size < count) {
    addresses.add(String(random.between(1, 999_999)).padStart(6, '0') + digits(random, 6));
  }
  return [...addresses].sort();
}

/** So many addresses that differ in their high byte alone. */
export function stacked(count: number, seed: number): string[] {
  const random = createRandom(seed);
  const low = digits(random, 10);
  const high = new Set<string>();
  while (high.size < count) high.add(digits(random, 2));
  return [...high].map((byte) => byte + low).sort();
}

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.between(0, 9)).join('');
