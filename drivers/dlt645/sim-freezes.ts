import { type FrozenDisplay, type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import { type Cell, digitsCell, joinCells, type Shown, signed, timeCell } from './sim-cells.ts';
import { demandCells, energyCells, quantityAt, withTariffs } from './sim-quantities.ts';

/** The meter's freezes, 05 kk xx n: timed 00, instant 01 (table A.6), daily 06. */
const DAILY_FREEZES = 0x3e;
const TIME = 0x00;
const BLOCK = 0xff;
const VARIABLES = 0x10;
/** DI2 of the demands that 09 and 0A hold: import and export. */
const DEMANDS: Readonly<Record<number, number>> = { 9: 1, 10: 2 };
/** What a block has, in its order. */
const GROUPS = [TIME, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, VARIABLES];

function recall(di2: number, number: number, display: MeterDisplay): FrozenDisplay | null {
  if (number < 1) return null;
  if (di2 === 0x06) return number > DAILY_FREEZES ? null : display.showDailyFreeze(number - 1);
  if (di2 === 0x00) return display.memory?.recall('timed', number) ?? null;
  if (di2 === 0x01) return display.memory?.recall('instant', number) ?? null;
  return null;
}

function variableCells(frozen: FrozenDisplay): Cell[] {
  return ['power_active', 'x_power_reactive']
    .flatMap((name) => ['', '_l1', '_l2', '_l3'].map((place) => name + place))
    .map((name) => digitsCell(name, frozen.show(name), signed(3, 4)));
}

function groupCells(group: number, frozen: FrozenDisplay): Cell[] {
  if (group === TIME) return [timeCell(SHOWN.frozenAt, frozen.frozenAt, 5)];
  if (group === VARIABLES) return variableCells(frozen);
  const demand = DEMANDS[group];
  const quantity = quantityAt(demand ?? group);
  if (quantity === null || group > 10) return [];
  const source = { show: (name: string) => frozen.show(name), suffix: '' };
  return withTariffs(quantity, source, demand === undefined ? energyCells : demandCells);
}

/** One group, or with FF all groups that the meter freezes, one after another. */
export function showFreeze(identifier: readonly number[], display: MeterDisplay): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  const frozen = recall(di2, di0, display);
  if (frozen === null) return null;
  if (di1 !== BLOCK) return joinCells(groupCells(di1, frozen));
  const groups = GROUPS.map((group) => groupCells(group, frozen));
  return joinCells(groups.filter((cells) => joinCells(cells) !== null).flat());
}
