/** Modbus as the gateway sees it: reading registers, over RTU and over Modbus TCP. */
import type { Bus, BusKind } from '../../src/core/bus.ts';
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import type { Driver, DriverSession, MeterSetup, SessionDeps } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { checkModel } from './check-model.ts';
import { decodeModbus } from './decode.ts';
import { discover } from './discover.ts';
import { parseIdentifier } from './raw.ts';
import { createSession } from './session.ts';
import { readRegisterMap } from './source.ts';

/** A device at the network is often told by 0 or 255: TCP/IP Implementation Guide V1.0b, 4.4.2. */
const LARGEST_UNIT = 255;
/** Serial Line V1.02 clause 2.2; 0 speaks to all and nobody answers. */
const LARGEST_ON_LINE = 247;

function parseAddress(text: string): string {
  const digits = text.trim();
  if (digits === '')
    throw new AmrError('CONFIG_INVALID', 'a Modbus meter needs its unit, 1 to 247');
  const unit = /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN;
  if (unit <= LARGEST_UNIT) return String(unit);
  const which = '1 to 247 on a line, 0 to 255 over Modbus TCP';
  throw new AmrError('CONFIG_INVALID', `"${text}" is no Modbus unit: ${which}`);
}

function checkAddress(address: string, bus: BusKind): string | null {
  const unit = Number(address);
  if (bus !== 'line' || (unit >= 1 && unit <= LARGEST_ON_LINE)) return null;
  return `${address} is no Modbus unit on a line: those are 1 to ${LARGEST_ON_LINE}`;
}

/** Throws CONFIG_INVALID. */
function open(bus: Bus, { address, model }: MeterSetup, deps: SessionDeps): DriverSession {
  const unit = parseAddress(address);
  const complaint = checkAddress(unit, bus.kind);
  if (complaint !== null) throw new AmrError('CONFIG_INVALID', complaint);
  return createSession(bus, { address: unit, model }, deps);
}

function resolution({ settings, registers }: MeterModel, { name }: Register): string | null {
  const entry = registers[name];
  if (entry === undefined) return null;
  const source = readRegisterMap({ settings, registers: { [name]: entry } }).sources.get(name);
  if (source === undefined) return null;
  // Where a scale register tells the digits, nobody knows them before.
  if ('scaleAt' in source && source.scaleAt !== null && source.step === null) return null;
  const step = source.step ?? source.exponent;
  const digit = step > 0 ? decimal(10n ** BigInt(step), 0) : decimal(1n, -step);
  return formatDecimal(digit);
}

export const modbus: Driver = {
  protocol: 'modbus',
  buses: ['line', 'modbus-tcp'],
  parseAddress,
  checkAddress,
  checkModel,
  // An address means something only together with a model.
  registersAt: () => [],
  knows: (identifier) => parseIdentifier(identifier) !== null,
  resolution,
  open,
  discover,
  decode: decodeModbus,
};
