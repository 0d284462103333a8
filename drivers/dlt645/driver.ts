/** DL/T 645-2007 as the gateway sees it: reading with function 11H. */
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import type { Driver } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { broadcastTime } from './clock-broadcast.ts';
import { decode, PROTOCOL } from './decode.ts';
import { discover } from './discover.ts';
import { findItem } from './items.ts';
import { isReadable } from './read-any.ts';
import { ANYBODY } from './roll-call.ts';
import { createSession } from './session.ts';
import { settingsComplaints } from './settings.ts';

const BROADCAST = '999999999999';

function parseAddress(text: string): string {
  const address = text.trim().toUpperCase().padStart(12, '0');
  // Meters whose address is not decimal exist, so hex digits pass.
  if (/^[0-9A-F]{12}$/.test(address) && address !== BROADCAST) return address;
  throw new AmrError(
    'CONFIG_INVALID',
    `"${text}" is no DL/T 645 address: up to 12 digits, as printed under the bar code (AA is a wildcard byte)`,
  );
}

function isBlock(di: string): boolean {
  const item = findItem(di);
  return item !== undefined && item.fields.length > 1 && !item.isPast;
}

function checkModel(model: MeterModel): string[] {
  const complaints = settingsComplaints(model);
  for (const [name, source] of Object.entries(model.registers)) {
    const item = typeof source === 'string' ? findItem(source) : undefined;
    const [field] = item?.fields ?? [];
    const isAlone = item?.fields.length === 1 && !item.isPast;
    if (field?.register?.name !== name || !isAlone) {
      complaints.push(`${name}: ${String(source)} is not the data identifier of this register`);
    }
  }
  for (const block of model.blocks) {
    if (!isBlock(block)) complaints.push(`${block} is no block`);
  }
  return complaints;
}

function registersAt(identifier: string): Register[] {
  const item = findItem(identifier.toUpperCase());
  // What was frozen or settled has the names of the registers, but is not what they hold.
  const fields = item === undefined || item.isPast ? [] : item.fields;
  return fields.flatMap(({ register }) => (register === null ? [] : [register]));
}

function resolution(model: MeterModel, register: Register): string | null {
  const [field] = findItem(String(model.registers[register.name]))?.fields ?? [];
  if (field?.format.kind !== 'number') return null;
  return formatDecimal(decimal(1n, field.format.decimals));
}

export const dlt645: Driver = {
  protocol: PROTOCOL,
  buses: ['line'],
  parseAddress,
  anyAddress: ANYBODY,
  checkModel,
  registersAt,
  knows: (identifier) => isReadable(findItem(identifier.toUpperCase())),
  resolution,
  open: (bus, { address, model }, deps) =>
    createSession(bus, { address: parseAddress(address), model }, deps),
  discover,
  broadcastTime,
  decode,
};
