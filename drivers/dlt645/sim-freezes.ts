import {
  type FreezeKind,
  type FrozenDisplay,
  type MeterDisplay,
  SHOWN,
} from '../../src/core/slave.ts';
import { type Cell, digitsCell, joinCells, type Shown, signed, timeCell } from './sim-cells.ts';
import { demandCells, energyCells, quantityAt, withTariffs } from './sim-quantities.ts';

/** The meter's freezes, 05 kk xx n, of table A.6 and those that meters have besides. */
const DAILY = 0x06;
const DAILY_FREEZES = 0x3e;
const HOURLY = 0x04;
const KINDS: Readonly<Record<number, FreezeKind>> = {
  0: 'timed',
  1: 'instant',
  2: 'zone-switch',
  3: 'day-table-switch',
  [HOURLY]: 'hourly',
  5: 'price-switch',
  7: 'step-switch',
};
const TIME = 0x00;
const BLOCK = 0xff;
const VARIABLES = 0x10;
/** DI2 of the demands that 09 and 0A hold: import and export. */
const DEMANDS: Readonly<Record<number, number>> = { 9: 1, 10: 2 };
/** What a block has, in its order. */
const GROUPS = [TIME, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, VARIABLES];
/** Of an hour the meter keeps two totals and nothing else. */
const HOURLY_GROUPS = [TIME, 1, 2];
const SEPARATOR = 0xaa;

function recall(di2: number, number: number, display: MeterDisplay): FrozenDisplay | null {
  if (number < 1) return null;
  if (di2 === DAILY) return number > DAILY_FREEZES ? null : display.showDailyFreeze(number - 1);
  const kind = KINDS[di2];
  return kind === undefined ? null : (display.memory?.recall(kind, number) ?? null);
}

function variableCells(frozen: FrozenDisplay): Cell[] {
  return ['power_active', 'x_power_reactive']
    .flatMap((name) => ['', '_l1', '_l2', '_l3'].map((place) => name + place))
    .map((name) => digitsCell(name, frozen.show(name), signed(3, 4)));
}

function groupCells(group: number, frozen: FrozenDisplay, hasTariffs: boolean): Cell[] {
  if (group === TIME) return [timeCell(SHOWN.frozenAt, frozen.frozenAt, 5)];
  if (group === VARIABLES) return variableCells(frozen);
  const demand = DEMANDS[group];
  const quantity = quantityAt(demand ?? group);
  if (quantity === null || group > 10) return [];
  const source = { show: (name: string) => frozen.show(name), suffix: '' };
  if (!hasTariffs) return energyCells(quantity, source);
  return withTariffs(quantity, source, demand === undefined ? energyCells : demandCells);
}

/** A group that the meter does not freeze has no bytes, but its separator where there are any. */
function showBlock(groups: readonly (readonly Cell[])[], hasSeparators: boolean): Shown | null {
  const shown = groups.map((cells) => joinCells(cells));
  const all = joinCells(groups.filter((_, index) => shown[index] !== null).flat());
  if (all === null || !hasSeparators) return all;
  const parts = shown.map((group) => group?.payload ?? []);
  const payload = parts.flatMap((part, index) => (index === 0 ? part : [SEPARATOR, ...part]));
  return { ...all, payload };
}

export interface FreezeQuery {
  readonly identifier: readonly number[];
  readonly display: MeterDisplay;
  /** AA stands between the groups of a block. */
  readonly hasSeparators: boolean;
}

/** One group, or with FF all groups that the meter freezes, one after another. */
export function showFreeze({ identifier, display, hasSeparators }: FreezeQuery): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  const frozen = recall(di2, di0, display);
  const groups = di2 === HOURLY ? HOURLY_GROUPS : GROUPS;
  if (frozen === null || (di1 !== BLOCK && !groups.includes(di1))) return null;
  const cellsOf = (group: number) => groupCells(group, frozen, di2 !== HOURLY);
  if (di1 !== BLOCK) return joinCells(cellsOf(di1));
  return showBlock(groups.map(cellsOf), hasSeparators);
}
