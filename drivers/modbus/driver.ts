/** Modbus as the gateway sees it: reading registers, over RTU and over Modbus TCP. */
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import type { Driver } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { checkModel } from './check-model.ts';
import { decodeModbus } from './decode.ts';
import { parseIdentifier } from './raw.ts';
import { createSession } from './session.ts';
import { readRegisterMap } from './source.ts';

/** Units are 1 to 247; behind gateways, and for meters on TCP themselves, up to 255. */
const LARGEST_UNIT = 255;

function parseAddress(text: string): string {
  const unit = /^\d{1,3}$/.test(text.trim()) ? Number(text) : 0;
  if (unit >= 1 && unit <= LARGEST_UNIT) return String(unit);
  throw new AmrError(
    'CONFIG_INVALID',
    `"${text}" is no Modbus unit: 1 to 247 on a line, up to 255 over Modbus TCP; 0 speaks to all and nobody answers`,
  );
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
  checkModel,
  // An address means something only together with a model.
  registersAt: () => [],
  knows: (identifier) => parseIdentifier(identifier) !== null,
  resolution,
  open: (bus, { address, model }, deps) =>
    createSession(bus, { address: parseAddress(address), model }, deps),
  decode: decodeModbus,
};
