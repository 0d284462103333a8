/** The meters of `amr sim` and the demo: models, addresses, displays and faults. */
import { loadModels } from '../config/models.ts';
import type { BusKind } from '../core/bus.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';
import type { CreateSlave } from '../core/slave.ts';
import { DRIVERS } from '../drivers.ts';
import type { MeterKind } from '../sim/curve.ts';
import { checkFault, type Fault } from '../sim/faults.ts';
import { createDisplay } from '../sim/load.ts';
import { hash } from '../sim/random.ts';
import type { SimMeter } from '../sim/station.ts';
import { modelNamed } from './model-named.ts';
import type { FaultyMeter } from './sim-options.ts';

/** Every third meter is three-phase where they are `mixed`. */
export const KINDS = ['single', 'three', 'mixed'] as const;

/** Meters of one model. */
export interface SimGroup {
  /** Name of a model. */
  readonly model?: string;
  readonly meters?: number;
  /** The others follow by one. */
  readonly firstAddress?: string;
  /** Where absent, `mixed`, or as the model is where it has registers by phase. */
  readonly kind?: (typeof KINDS)[number];
}

export interface SimMetersSettings extends SimGroup {
  /** What is odd about all the Modbus meters among them. */
  readonly modbus?: Pick<SimMeter, 'holes' | 'sunspecModel' | 'sunspecBase'>;
  /** More meters at the same place. */
  readonly beside?: readonly SimGroup[];
  /** A directory of own models besides. */
  readonly modelsDir?: string;
  readonly clock?: Clock;
  /** FE bytes before an answer of DL/T 645. */
  readonly preamble?: number;
  readonly seed?: number;
  readonly zone?: string;
  /** How far the meters' own clocks are ahead. */
  readonly driftMs?: number;
}

export const SIM_DEFAULTS = {
  model: 'dlt645-2007',
  meters: 8,
  firstAddress: '1',
  preamble: 4,
  seed: 1,
  zone: 'Asia/Shanghai',
} as const;

const DLT645_DIGITS = 12;
/** What a unit can be on a line; on a connection 0 and 248 to 255 can be used as well. */
const UNITS: Readonly<Record<BusKind, readonly [number, number]>> = {
  line: [1, 247],
  'modbus-tcp': [0, 255],
};

/** A meter and what it was made from. */
export interface BuiltMeter extends SimMeter {
  readonly model: MeterModel;
  readonly createSlave: CreateSlave;
}

function addressesOf(group: SimGroup, protocol: string, on: BusKind): string[] {
  const { meters = SIM_DEFAULTS.meters, firstAddress = SIM_DEFAULTS.firstAddress } = group;
  const first = BigInt(firstAddress);
  const numbers = Array.from({ length: meters }, (_, index) => first + BigInt(index));
  if (protocol !== 'modbus') {
    if (on === 'line') return numbers.map((one) => String(one).padStart(DLT645_DIGITS, '0'));
    throw new AmrError('CONFIG_INVALID', `meters of ${protocol} are none of ${on}`);
  }
  const [lowest, highest] = UNITS[on];
  if (first < lowest || first + BigInt(meters - 1) > highest) {
    throw new AmrError(
      'CONFIG_INVALID',
      `${meters} meters from unit ${firstAddress} on: units are ${lowest} to ${highest}`,
    );
  }
  return numbers.map(String);
}

function kindOf({ kind }: SimGroup, { protocol, registers }: MeterModel, index: number): MeterKind {
  if (kind === 'single' || kind === 'three') return kind;
  if (kind === undefined && protocol === 'modbus') {
    return Object.keys(registers).some((name) => name.endsWith('_l2')) ? 'three' : 'single';
  }
  return index % 3 === 2 ? 'three' : 'single';
}

/**
 * All the meters, no two alike; every fourth has solar panels and feeds in around noon. Throws
 * CONFIG_INVALID for models and addresses that cannot be.
 */
export async function buildMeters(
  settings: SimMetersSettings,
  on: BusKind,
): Promise<[BuiltMeter, ...BuiltMeter[]]> {
  const { clock = systemClock, driftMs = 0, preamble = SIM_DEFAULTS.preamble } = settings;
  const { seed = SIM_DEFAULTS.seed, zone = SIM_DEFAULTS.zone, beside = [], modelsDir } = settings;
  const models = await loadModels(...(modelsDir === undefined ? [] : [modelsDir]));
  const meters: BuiltMeter[] = [];
  for (const group of [settings, ...beside]) {
    const model = modelNamed(models, group.model ?? SIM_DEFAULTS.model);
    const createSlave = await DRIVERS[model.protocol]?.slave();
    if (createSlave === undefined) throw new AmrError('INTERNAL', `no driver ${model.protocol}`);
    for (const [place, address] of addressesOf(group, model.protocol, on).entries()) {
      if (meters.some((one) => one.address === address)) {
        throw new AmrError('CONFIG_INVALID', `two meters would have the address ${address}`);
      }
      const index = meters.length;
      const kind = kindOf(group, model, place);
      const solar = index % 4 === 3;
      const display = createDisplay({ clock, kind, seed: hash(seed, index), zone, solar, driftMs });
      meters.push({ address, preamble, display, model, createSlave, ...settings.modbus });
    }
  }
  // The first look at a register adds up the past; later, that would hold up the line.
  for (const { display } of meters) display.show('energy_active_import');
  const [first, ...others] = meters;
  if (first === undefined) throw new AmrError('CONFIG_INVALID', 'there must be a meter');
  return [first, ...others];
}

/** Start bit, 8 data bits, parity and stop bits. */
export function bitsPerByteOf({ parity, stopBits }: MeterModel['line']): number {
  return 9 + (parity === 'none' ? 0 : 1) + stopBits;
}

interface Faulty {
  setFault(address: string, fault: Fault): void;
}

/** Throws CONFIG_INVALID for a meter that is not there, or a fault that it cannot have. */
export function applyFaults(
  target: Faulty,
  faults: readonly FaultyMeter[],
  { meters, on }: { meters: readonly BuiltMeter[]; on: BusKind },
): void {
  for (const { meter, fault } of faults) {
    const address = meters.some((one) => one.address === meter)
      ? meter
      : meter.padStart(DLT645_DIGITS, '0');
    const struck = meter === 'all' ? meters : meters.filter((one) => one.address === address);
    if (struck.length === 0) throw new AmrError('CONFIG_INVALID', `there is no meter ${meter}`);
    for (const one of struck) {
      checkFault(fault.name, one.model.protocol, on);
      target.setFault(one.address, fault);
    }
  }
}
