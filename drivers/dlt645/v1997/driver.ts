/** DL/T 645-1997 as the gateway sees it: reading with functions 01H and 02H. */
import { z } from 'zod';
import { decimal, formatDecimal } from '../../../src/core/decimal.ts';
import type { Driver } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { MeterModel } from '../../../src/core/model.ts';
import type { Register } from '../../../src/core/registers.ts';
import { broadcastTime } from '../clock-broadcast.ts';
import { decode } from '../decode.ts';
import { discover } from '../discover.ts';
import type { Edition } from '../functions/codes.ts';
import { isReadable } from '../read-any.ts';
import { ANYBODY } from '../roll-call.ts';
import { settingsComplaints } from '../settings.ts';
import { find1997Item } from './items.ts';
import { createSession1997 } from './session.ts';

const PROTOCOL: Edition = 'dlt645-1997';
const NO_SETTINGS = z.strictObject({});

/** All meters may be asked, too: where one hangs on the line alone, it answers with its own. */
function parseAddress(text: string): string {
  const address = text.trim().toUpperCase().padStart(12, '0');
  if (/^[0-9A-F]{12}$/.test(address)) return address;
  throw new AmrError(
    'CONFIG_INVALID',
    `"${text}" is no DL/T 645 address: up to 12 digits, as printed under the bar code (AA is a wildcard byte, 999999999999 whichever meter is there)`,
  );
}

function checkModel(model: MeterModel): string[] {
  const complaints = settingsComplaints(model, NO_SETTINGS);
  for (const [name, source] of Object.entries(model.registers)) {
    const item = typeof source === 'string' ? find1997Item(source) : undefined;
    const [field] = item?.fields ?? [];
    if (field?.register?.name !== name || item?.fields.length !== 1 || item.isPast) {
      complaints.push(`${name}: ${String(source)} is not the data identifier of this register`);
    }
  }
  for (const block of model.blocks) {
    const item = find1997Item(block);
    // How blocks of blocks are parted is known from no meter, so none is ever asked.
    if (item?.groups !== undefined) complaints.push(`${block} is a block of blocks`);
    else if (item?.isPast || (item?.fields.length ?? 0) < 2)
      complaints.push(`${block} is no block`);
  }
  return complaints;
}

function registersAt(identifier: string): Register[] {
  const item = find1997Item(identifier);
  if (item === undefined || item.isPast) return [];
  return item.fields.flatMap(({ register }) => (register === null ? [] : [register]));
}

function resolution(model: MeterModel, register: Register): string | null {
  const [field] = find1997Item(String(model.registers[register.name]))?.fields ?? [];
  if (field?.format.kind !== 'number') return null;
  return formatDecimal(decimal(1n, field.format.decimals));
}

export const dlt645v1997: Driver = {
  protocol: PROTOCOL,
  buses: ['line'],
  parseAddress,
  anyAddress: ANYBODY,
  checkModel,
  registersAt,
  knows: (identifier) => isReadable(find1997Item(identifier)),
  resolution,
  open: (bus, { address, model }, deps) =>
    createSession1997(bus, { address: parseAddress(address), model }, deps),
  discover: (bus, options) => discover(bus, { protocols: [PROTOCOL], ...options }),
  broadcastTime,
  decode: (bytes) => decode(bytes, PROTOCOL),
};
