import type { MeterDisplay } from '../../src/core/slave.ts';
import type { Shown } from './sim-cells.ts';
import { showEvent } from './sim-events.ts';
import { showFreeze } from './sim-freezes.ts';
import { showLoadRecords } from './sim-load-record.ts';
import { showParameter } from './sim-parameters.ts';
import { demandCells, showEnergy, showQuantity } from './sim-quantities.ts';
import { showVariable } from './sim-variables.ts';
import { showVoltageQuality } from './sim-voltage-quality.ts';

/**
 * The meter's table of data identifiers, DL/T 645-2007 annex A. Kept apart from the master's
 * table on purpose: neither can copy the other's slip.
 */
export interface ItemQuery {
  /** DI3 first, as people write it. */
  readonly identifier: readonly number[];
  /** What the request has behind the identifier. */
  readonly rest: readonly number[];
  readonly address: string;
  readonly display: MeterDisplay;
  /** Load records are to be marked as damaged. */
  readonly isBad: boolean;
  /** AA stands between the groups of a freeze. */
  readonly hasSeparators: boolean;
}

export function hexOf(identifier: readonly number[]): string {
  return identifier.map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}

/** 03, and 10 to 1F. */
function showHappening(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const item = hexOf(identifier);
  if (item.startsWith('0310')) return showVoltageQuality(identifier, display);
  return display.memory === undefined ? null : showEvent(item, display.memory);
}

/** What the meter has under this identifier; `null` is answered with ERR bit 1, no such data. */
export function showItem(query: ItemQuery): Shown | null {
  const { identifier, rest, display } = query;
  const [di3] = identifier;
  if (di3 === 0x06) return showLoadRecords(query, display.memory);
  if (rest.length > 0) return null;
  switch (di3) {
    case 0x00:
      return showEnergy(identifier, display);
    case 0x01:
      return showQuantity(identifier, display, demandCells);
    case 0x02:
      return showVariable(identifier, display);
    case 0x04:
      return showParameter(hexOf(identifier), query);
    case 0x05:
      return showFreeze(query);
    default:
      return showHappening(identifier, display);
  }
}
