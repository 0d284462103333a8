/** The field side built from the configuration: buses with their meters, and what they owe. */
import { crc32 } from 'node:zlib';
import type { Logger } from 'pino';
import { createBus } from './bus/bus.ts';
import type { CountedBus } from './bus/counted.ts';
import { createPipelinedBus } from './bus/pipelined.ts';
import { withLine } from './bus/with-line.ts';
import type { LoadedConfig } from './config/load.ts';
import type { BusConfig, Config, MeterConfig } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { Driver, DriverSession } from './core/driver.ts';
import { AmrError } from './core/errors.ts';
import { type MeterModel, withSettings } from './core/model.ts';
import { notesAbout } from './core/notes.ts';
import type { Store } from './core/store.ts';
import type { LineSettings, Transport } from './core/transport.ts';
import { DRIVERS } from './drivers.ts';
import type { ClockRound } from './poll/clock-round.ts';
import type { Duty } from './poll/duty.ts';
import { compilePlan, registersOf } from './poll/plan.ts';
import type { PollCounters } from './poll/writer.ts';
import { createLink, type Link } from './transport/link.ts';
import { createSerialTransport } from './transport/serial.ts';
import { createModbusTcpTransport, createTcpTransport } from './transport/tcp.ts';
import { createTrace, type Trace, traced } from './transport/trace.ts';

/** A bus and what it stands on. */
export interface FieldLine {
  readonly bus: CountedBus;
  readonly link: Link;
  /** The last bytes of the line. */
  readonly trace: Trace;
}

/** One bus with everything that hangs on it. */
export interface FieldBus extends FieldLine {
  readonly name: string;
  readonly duties: readonly Duty[];
  /** Meters that are read at the same time. */
  readonly lanes: number;
  readonly counters: PollCounters;
  /** Where the clocks of its meters are to be set. */
  readonly clockRound: ClockRound | null;
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

function createTransport(config: BusConfig, clock: Clock): Transport {
  if ('serial' in config) return createSerialTransport(config.serial, { clock });
  return 'tcp' in config
    ? createTcpTransport(config.tcp)
    : createModbusTcpTransport(config.modbusTcp);
}

/** The bus of a configuration; its port opens once the link runs. */
export function createFieldLine(name: string, config: BusConfig, deps: FieldDeps): FieldLine {
  const { clock, log, random } = deps;
  const trace = createTrace(clock, log);
  const make = () => traced(createTransport(config, clock), trace);
  const link = createLink({ make, clock, log, random });
  const common = { name, latencyMs: config.latency };
  const over = { line: link, clock, log };
  const bus =
    'modbusTcp' in config
      ? createPipelinedBus({ ...common, inFlight: config.modbusTcp.inFlight }, over)
      : createBus({ ...common, turnaroundMs: config.turnaround }, over);
  return { bus, link, trace };
}

/** How the meter talks, where that is not how its bus is set. */
function lineOf(meter: MeterConfig, bus: BusConfig): LineSettings | null {
  if (!('serial' in bus)) return null;
  const { baudRate, dataBits, parity, stopBits } = bus.serial;
  const own = {
    baudRate: meter.baudRate ?? baudRate,
    dataBits,
    parity: meter.parity ?? parity,
    stopBits: meter.stopBits ?? stopBits,
  };
  const isSame = own.baudRate === baudRate && own.parity === parity && own.stopBits === stopBits;
  return isSame ? null : own;
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
    meters.push({ config: meter, address, model: withSettings(model, meter.settings), driver });
  }
  return meters;
}

/** A meter with its session on the bus. */
interface OpenMeter {
  readonly meter: FieldMeter;
  readonly session: DriverSession;
  /** It talks as its bus is set, so that it hears what is told to all. */
  readonly isInTune: boolean;
}

/**
 * A word for what a session learns of: whoever answers at this address there, read by this map.
 * Where any of it is corrected, what was learned before is of another device.
 */
function deviceOf({ address, model }: FieldMeter, bus: BusConfig): string {
  const { settings, registers, blocks } = model;
  const known = crc32(JSON.stringify([bus, settings, registers, blocks]));
  return `${address}/${model.model}/${known.toString(16)}`;
}

function openMeter(meter: FieldMeter, { bus }: FieldLine, settings: BusConfig, deps: BuildDeps) {
  const { config, address, model, driver } = meter;
  const own = lineOf(config, settings);
  const session = driver.open(
    own === null ? bus : withLine(bus, own),
    { address, model },
    { clock: deps.clock, notes: notesAbout(deviceOf(meter, settings), deps.notesOf(config.id)) },
  );
  return { meter, session, isInTune: own === null };
}

function dutiesOf({ meter: { config, model }, session }: OpenMeter, all: Config): Duty[] {
  return config.plans.map((name): Duty => {
    const settings = all.plans[name];
    if (settings === undefined) throw new AmrError('CONFIG_INVALID', `no plan ${name}`);
    const plan = compilePlan(name, settings);
    return { meter: config.id, plan, registers: registersOf(plan, model), session };
  });
}

function clockRoundOf(
  settings: BusConfig,
  { bus }: FieldLine,
  { opened, duties }: { opened: readonly OpenMeter[]; duties: readonly Duty[] },
): ClockRound | null {
  if (!('clockBroadcast' in settings) || settings.clockBroadcast === undefined) return null;
  if (!('send' in bus)) return null;
  const { at, threshold } = settings.clockBroadcast;
  const meters = new Map<string, Pick<Required<DriverSession>, 'readClock'>>();
  const ways = new Set<NonNullable<Driver['broadcastTime']>>();
  for (const { meter, session, isInTune } of opened) {
    const { broadcastTime } = meter.driver;
    if (!isInTune || broadcastTime === undefined || session.readClock === undefined) continue;
    const { readClock } = session;
    meters.set(meter.config.id, { readClock });
    ways.add(broadcastTime);
  }
  return {
    at,
    thresholdMs: threshold,
    meters,
    schedules: duties.map(({ plan }) => plan.schedule),
    async broadcast(options) {
      for (const tell of ways) await tell(bus, options);
    },
  };
}

function buildBus([name, settings]: [string, BusConfig], surroundings: Surroundings): FieldBus {
  const { meters, config, deps } = surroundings;
  const log = deps.log.child({ bus: name });
  const line = createFieldLine(name, settings, { ...deps, log });
  const opened = meters
    .filter((meter) => meter.config.bus === name)
    .map((meter) => openMeter(meter, line, settings, deps));
  const duties = opened.flatMap((one) => dutiesOf(one, config));
  const clockRound = clockRoundOf(settings, line, { opened, duties });
  const lanes = 'modbusTcp' in settings ? settings.modbusTcp.inFlight : 1;
  const counters = { due: 0, read: 0, missing: 0, turns: 0, waiting: 0 };
  return { name, ...line, duties, lanes, counters, clockRound, log };
}

export function buildBuses(
  config: Config,
  meters: readonly FieldMeter[],
  deps: BuildDeps,
): FieldBus[] {
  return Object.entries(config.buses).map((entry) => buildBus(entry, { meters, config, deps }));
}
