/** The field side built from the configuration: buses with their meters, and what they owe. */
import type { Logger } from 'pino';
import { type CountedBus, createBus } from './bus/bus.ts';
import type { LoadedConfig } from './config/load.ts';
import type { BusConfig, Config, MeterConfig } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { Driver } from './core/driver.ts';
import { AmrError } from './core/errors.ts';
import type { MeterModel } from './core/model.ts';
import type { Store } from './core/store.ts';
import type { Transport } from './core/transport.ts';
import { DRIVERS } from './drivers.ts';
import type { Duty } from './poll/agenda.ts';
import { compilePlan, registersOf } from './poll/plan.ts';
import type { PollCounters } from './poll/writer.ts';
import { createLink, type Link } from './transport/link.ts';
import { createSerialTransport } from './transport/serial.ts';
import { createTcpTransport } from './transport/tcp.ts';
import { createTrace, type Trace, traced } from './transport/trace.ts';

/** One bus with everything that hangs on it. */
export interface FieldBus {
  readonly name: string;
  readonly bus: CountedBus;
  readonly link: Link;
  /** The last bytes of the line. */
  readonly trace: Trace;
  readonly duties: readonly Duty[];
  readonly counters: PollCounters;
  readonly log: Logger;
}

/** A meter of the configuration with its model and driver at hand. */
export interface FieldMeter {
  readonly config: MeterConfig;
  readonly address: string;
  readonly model: MeterModel;
  readonly driver: Driver;
}

export interface FieldDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

interface BuildDeps extends FieldDeps {
  readonly notesOf: Store['notesOf'];
}

interface Surroundings {
  readonly meters: readonly FieldMeter[];
  readonly config: Config;
  readonly deps: BuildDeps;
}

export function createTransport(config: BusConfig, clock: Clock): Transport {
  return 'serial' in config
    ? createSerialTransport(config.serial, { clock })
    : createTcpTransport(config.tcp);
}

/** The driver of a protocol; throws CONFIG_INVALID where there is none. */
export async function loadDriver(protocol: string): Promise<Driver> {
  const entry = Object.hasOwn(DRIVERS, protocol) ? DRIVERS[protocol] : undefined;
  if (entry === undefined) throw new AmrError('CONFIG_INVALID', `no driver for ${protocol}`);
  return await entry.driver();
}

export async function loadMeters({ config, models }: LoadedConfig): Promise<FieldMeter[]> {
  const meters: FieldMeter[] = [];
  for (const meter of config.meters) {
    const model = models.get(meter.model);
    if (model === undefined) throw new AmrError('CONFIG_INVALID', `no model ${meter.model}`);
    const driver = await loadDriver(model.protocol);
    const address = driver.parseAddress(meter.address ?? meter.id);
    meters.push({ config: meter, address, model, driver });
  }
  return meters;
}

function dutiesOf(
  { config, address, model, driver }: FieldMeter,
  bus: CountedBus,
  { config: all, deps }: Surroundings,
) {
  const { clock, notesOf } = deps;
  const session = driver.open(bus, { address, model }, { clock, notes: notesOf(config.id) });
  return config.plans.map((name): Duty => {
    const settings = all.plans[name];
    if (settings === undefined) throw new AmrError('CONFIG_INVALID', `no plan ${name}`);
    const plan = compilePlan(name, settings);
    return { meter: config.id, plan, registers: registersOf(plan, model), session };
  });
}

function buildBus([name, settings]: [string, BusConfig], surroundings: Surroundings): FieldBus {
  const { meters, deps } = surroundings;
  const { clock, random } = deps;
  const log = deps.log.child({ bus: name });
  const trace = createTrace(clock, log);
  const make = () => traced(createTransport(settings, clock), trace);
  const link = createLink({ make, clock, log, random });
  const timing = { latencyMs: settings.latency, turnaroundMs: settings.turnaround };
  const bus = createBus({ name, ...timing }, { line: link, clock, log });
  const duties = meters
    .filter((meter) => meter.config.bus === name)
    .flatMap((meter) => dutiesOf(meter, bus, surroundings));
  const counters = { due: 0, read: 0, missing: 0, turns: 0, waiting: 0 };
  return { name, bus, link, trace, duties, counters, log };
}

export function buildBuses(
  config: Config,
  meters: readonly FieldMeter[],
  deps: BuildDeps,
): FieldBus[] {
  return Object.entries(config.buses).map((entry) => buildBus(entry, { meters, config, deps }));
}
