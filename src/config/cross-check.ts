/** What no schema can see: words that must agree across the file, and things outside it. */
import { realpathSync } from 'node:fs';
import type { BusKind } from '../core/bus.ts';
import type { Driver } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import { FREEZE_DAILY, type MeterModel, resolveRegisters, withSettings } from '../core/model.ts';
import { type Path, suggestion } from './problem.ts';
import type { BusConfig, Config, PlanConfig } from './schema.ts';

export interface Checked {
  readonly config: Config;
  /** All models known, by name. */
  readonly models: ReadonlyMap<string, MeterModel>;
  /** Drivers of the models, by protocol. */
  readonly drivers: ReadonlyMap<string, Driver>;
  /** Names of buses and plans that are in the file, but wrong in themselves. */
  readonly removed: Readonly<Record<'buses' | 'plans', readonly string[]>>;
  /** Some meters or uplinks of the file are wrong in themselves and left out here. */
  readonly isIncomplete: boolean;
}

/** Says that something is wrong at a path of the configuration. */
export type Complain = (path: Path, message: string) => void;

/** The kinds of bus, in the words of the configuration. */
const NAMES: Readonly<Record<BusKind, string>> = {
  line: 'a line, serial or tcp',
  'modbus-tcp': 'a Modbus TCP connection',
};

type Rule = (checked: Checked, complain: Complain) => void;

/** Complains of every value that was there before, naming where. */
function complainOfTwins(
  entries: readonly { readonly key: string; readonly path: Path; readonly what: string }[],
  complain: Complain,
): void {
  const first = new Map<string, string>();
  for (const { key, path, what } of entries) {
    const holder = first.get(key);
    if (holder === undefined) first.set(key, what);
    else complain(path, `${what}: ${key} is taken by ${holder}`);
  }
}

const metersKnowTheirWords: Rule = ({ config, models, removed }, complain) => {
  const buses = [...Object.keys(config.buses), ...removed.buses];
  const plans = [...Object.keys(config.plans), ...removed.plans];
  for (const [index, { bus, model, plans: own }] of config.meters.entries()) {
    const path: Path = ['meters', index];
    if (!buses.includes(bus)) {
      complain([...path, 'bus'], `unknown bus "${bus}"${suggestion(bus, buses)}`);
    }
    if (!models.has(model)) {
      const known = [...models.keys()];
      complain([...path, 'model'], `unknown model "${model}"${suggestion(model, known)}`);
    }
    for (const [at, plan] of own.entries()) {
      if (own.indexOf(plan) < at) complain([...path, 'plans', at], `plan "${plan}" stands twice`);
      if (plans.includes(plan)) continue;
      complain([...path, 'plans', at], `unknown plan "${plan}"${suggestion(plan, plans)}`);
    }
  }
};

const meterIdsAreUnique: Rule = ({ config }, complain) => {
  const entries = config.meters.map(({ id }, index) => ({
    key: id,
    path: ['meters', index, 'id'],
    what: `meter id ${id}`,
  }));
  complainOfTwins(entries, complain);
};

const kindOf = (bus: BusConfig): BusKind => ('modbusTcp' in bus ? 'modbus-tcp' : 'line');

/** The address as the driver has it; throws CONFIG_INVALID. */
function addressOn(bus: BusConfig | undefined, driver: Driver, text: string): string {
  const address = driver.parseAddress(text);
  const lack = bus === undefined ? null : driver.checkAddress?.(address, kindOf(bus));
  if (lack != null) throw new AmrError('CONFIG_INVALID', lack);
  return address;
}

const addressesAreGood: Rule = ({ config, models, drivers }, complain) => {
  const taken: { key: string; path: Path; what: string }[] = [];
  const buses = new Map(Object.entries(config.buses));
  for (const [index, meter] of config.meters.entries()) {
    const driver = drivers.get(models.get(meter.model)?.protocol ?? '');
    if (driver === undefined) continue;
    const path: Path = ['meters', index, meter.address === undefined ? 'id' : 'address'];
    try {
      const address = addressOn(buses.get(meter.bus), driver, meter.address ?? meter.id);
      taken.push({
        key: `address ${address} on bus ${meter.bus}`,
        path,
        what: `meter ${meter.id}`,
      });
    } catch (thrown) {
      if (!(thrown instanceof AmrError)) throw thrown;
      complain(path, thrown.message);
    }
  }
  complainOfTwins(taken, complain);
};

const plansAreUsed: Rule = ({ config, isIncomplete }, complain) => {
  if (isIncomplete) return;
  const used = new Set(config.meters.flatMap(({ plans }) => plans));
  for (const plan of Object.keys(config.plans)) {
    if (!used.has(plan)) complain(['plans', plan], `no meter uses the plan "${plan}"`);
  }
};

const driversSpeakOverTheBuses: Rule = ({ config, models, drivers }, complain) => {
  const buses = new Map(Object.entries(config.buses));
  for (const [index, { bus: name, model }] of config.meters.entries()) {
    const bus = buses.get(name);
    const driver = drivers.get(models.get(model)?.protocol ?? '');
    if (bus === undefined || driver === undefined) continue;
    const kind = kindOf(bus);
    if (driver.buses.includes(kind)) continue;
    const what = `bus ${name} is ${NAMES[kind]}, which ${driver.protocol} does not go over`;
    complain(['meters', index, 'bus'], what);
  }
};

/** A serial server or a device at the network keeps the settings that it has. */
const onlySerialPortsAreSet: Rule = ({ config }, complain) => {
  const buses = new Map(Object.entries(config.buses));
  for (const [index, meter] of config.meters.entries()) {
    const bus = buses.get(meter.bus);
    if (bus === undefined || 'serial' in bus) continue;
    for (const key of ['baudRate', 'parity', 'stopBits'] as const) {
      if (meter[key] === undefined) continue;
      complain(['meters', index, key], `${key}: bus ${meter.bus} is no serial port of this host`);
    }
  }
};

function placeOfBus(bus: BusConfig): string {
  if ('tcp' in bus) return `${bus.tcp.host}:${bus.tcp.port}`;
  if ('modbusTcp' in bus) return `${bus.modbusTcp.host}:${bus.modbusTcp.port}`;
  try {
    return realpathSync(bus.serial.path);
  } catch {
    return bus.serial.path;
  }
}

const portsAreOwn: Rule = ({ config }, complain) => {
  const entries = Object.entries(config.buses).map(([name, bus]) => ({
    key: placeOfBus(bus),
    path: ['buses', name],
    what: `bus ${name}`,
  }));
  complainOfTwins(entries, complain);
};

const freezesAreReadOnceADay: Rule = ({ config }, complain) => {
  for (const [name, plan] of Object.entries(config.plans)) {
    if (!plan.read.includes(FREEZE_DAILY)) continue;
    const path = ['plans', name, 'read'];
    if (plan.read.length > 1) complain(path, `${FREEZE_DAILY} stands alone in a plan`);
    if (!('at' in plan)) complain(path, `${FREEZE_DAILY} wants a time of the day: at: "00:05"`);
  }
};

function complaintOf(plan: PlanConfig, model: MeterModel): string | null {
  try {
    resolveRegisters(model, plan.read);
    return null;
  } catch (thrown) {
    if (thrown instanceof AmrError) return thrown.message;
    throw thrown;
  }
}

const modelsHaveWhatPlansRead: Rule = ({ config, models }, complain) => {
  for (const [name, plan] of Object.entries(config.plans)) {
    const users = config.meters.filter(({ plans }) => plans.includes(name));
    for (const word of new Set(users.map(({ model }) => model))) {
      const model = models.get(word);
      const complaint = model === undefined ? null : complaintOf(plan, model);
      if (complaint !== null) complain(['plans', name, 'read'], complaint);
    }
  }
};

const driversServeTheModels: Rule = ({ config, models, drivers }, complain) => {
  for (const word of new Set(config.meters.map(({ model }) => model))) {
    const model = models.get(word);
    if (model === undefined) continue;
    const driver = drivers.get(model.protocol);
    const path = ['meters', config.meters.findIndex((meter) => meter.model === word), 'model'];
    if (driver === undefined) complain(path, `model ${word}: no driver for ${model.protocol}`);
    for (const text of driver?.checkModel(model) ?? []) complain(path, `model ${word}: ${text}`);
  }
};

const settingsFitTheModels: Rule = ({ config, models, drivers }, complain) => {
  for (const [index, { model: word, settings }] of config.meters.entries()) {
    const model = models.get(word);
    if (model === undefined || settings === undefined) continue;
    const own = withSettings(model, settings);
    const complaints = drivers.get(model.protocol)?.checkModel(own) ?? [];
    for (const text of complaints) complain(['meters', index, 'settings'], text);
  }
};

const uplinksAreOwn: Rule = ({ config }, complain) => {
  const entries = config.uplinks.map(({ name }, index) => ({
    key: `uplink name ${name}`,
    path: ['uplinks', index],
    what: `uplink ${index + 1}`,
  }));
  complainOfTwins(entries, complain);
  for (const [index, { mqtt }] of config.uplinks.entries()) {
    const path: Path = ['uplinks', index, 'mqtt'];
    if ((mqtt.clientCertificate === undefined) !== (mqtt.clientKey === undefined)) {
      complain(path, 'clientCertificate and clientKey go together');
    }
    if (mqtt.passwordFile !== undefined && mqtt.usernameFile === undefined) {
      complain(path, 'passwordFile needs a usernameFile');
    }
  }
};

/** Somebody must hear it, and a moment a minute away from every slot must exist. */
const clocksCanBeSet: Rule = ({ config, models, drivers, isIncomplete }, complain) => {
  if (isIncomplete) return;
  for (const [name, bus] of Object.entries(config.buses)) {
    if (!('clockBroadcast' in bus) || bus.clockBroadcast === undefined) continue;
    const path: Path = ['buses', name, 'clockBroadcast'];
    const meters = config.meters.filter((meter) => meter.bus === name);
    const driverOf = (model: string) => drivers.get(models.get(model)?.protocol ?? '');
    if (meters.every(({ model }) => driverOf(model)?.broadcastTime === undefined)) {
      complain(path, 'no meter on this bus takes the time by broadcast');
    }
    const plans = new Set(meters.flatMap((meter) => meter.plans));
    for (const plan of plans) {
      const settings = config.plans[plan];
      if (settings === undefined || 'at' in settings || settings.every > 120_000) continue;
      complain(path, `never sent: the plan "${plan}" leaves no moment 1m away from a slot`);
    }
  }
};

/** Every one of these holds, or the gateway does not start. */
export const RULES: readonly Rule[] = [
  metersKnowTheirWords,
  meterIdsAreUnique,
  addressesAreGood,
  driversSpeakOverTheBuses,
  onlySerialPortsAreSet,
  plansAreUsed,
  portsAreOwn,
  freezesAreReadOnceADay,
  modelsHaveWhatPlansRead,
  driversServeTheModels,
  settingsFitTheModels,
  clocksCanBeSet,
  uplinksAreOwn,
];

/** Ratios are for who multiplies: such values would be multiplied twice. */
const ratiosAreWanted: Rule = ({ config, models }, complain) => {
  for (const [index, meter] of config.meters.entries()) {
    const side = models.get(meter.model)?.side;
    if (side !== 'primary' && side !== 'direct') continue;
    const why =
      side === 'primary' ? 'gives primary values already' : 'is a meter without transformers';
    for (const key of ['ct', 'pt'] as const) {
      if (meter[key] === 1) continue;
      complain(['meters', index, key], `${key} is not to be applied: ${meter.model} ${why}`);
    }
  }
};

/**
 * Meters may have been set to what their bus has; as they come, they often are not. Models for
 * whatever meter speaks a protocol know too little of how one is delivered.
 */
const metersTalkAsDelivered: Rule = ({ config, models }, complain) => {
  const buses = new Map(Object.entries(config.buses));
  const told = new Set<string>();
  for (const [index, meter] of config.meters.entries()) {
    const bus = buses.get(meter.bus);
    const model = models.get(meter.model);
    if (bus === undefined || model === undefined || !('serial' in bus)) continue;
    if (model.products.length === 0 || told.has(`${meter.bus} ${meter.model}`)) continue;
    if (meter.baudRate !== undefined || meter.parity !== undefined) continue;
    const { baudRate, parity } = bus.serial;
    const usual = model.line;
    if (usual.baudRate === baudRate && usual.parity === parity) continue;
    told.add(`${meter.bus} ${meter.model}`);
    complain(
      ['meters', index],
      `${meter.model} is usually delivered with baudRate ${usual.baudRate}, parity ${usual.parity}; the bus ${meter.bus} has ${baudRate}, ${parity}`,
    );
  }
};

/** What may be meant, but is worth a word. */
export const WARNINGS: readonly Rule[] = [
  metersTalkAsDelivered,
  ratiosAreWanted,
  ({ config, isIncomplete }, complain) => {
    if (isIncomplete) return;
    const used = new Set(config.meters.map(({ bus }) => bus));
    for (const bus of Object.keys(config.buses)) {
      if (!used.has(bus)) complain(['buses', bus], `no meter is on the bus "${bus}"`);
    }
  },
  ({ config }, complain) => {
    for (const [name, { backfill }] of Object.entries(config.plans)) {
      if (backfill !== undefined)
        complain(['plans', name, 'backfill'], 'backfill has no effect yet');
    }
  },
  ({ config, isIncomplete }, complain) => {
    if (config.uplinks.length === 0 && !isIncomplete)
      complain(['uplinks'], 'no uplink: readings are kept, not sent');
  },
];
