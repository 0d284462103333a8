import { type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import { type Cell, joinCells, packPairs, type Show, type Shown, wordCell } from './sim-cells.ts';
import { ENERGY, type Named, NN, number, pairs, text, time, VOLTAGE, word } from './sim-forms.ts';
import { showSetting } from './sim-settings.ts';

/** The meter's parameters, 04 00 and 04 80 of table A.5; all of them are read-only here. */
const STATUS_WORDS = 7;
const BLOCK = 0xff;

const NNNN = number(2);

function numbered(prefix: string, from: number, rows: readonly Named[]): [string, Named][] {
  return rows.map((row, index) => {
    const di0 = (from + index).toString(16).toUpperCase().padStart(2, '0');
    return [prefix + di0, row];
  });
}

/** The same over and over, its number behind the name. */
const repeated = (count: number, [name, form]: Named): Named[] =>
  Array.from({ length: count }, (_, index) => [`${name}_${index + 1}`, form]);

/** Identifier -> name and form. */
const PARAMETERS: Readonly<Record<string, Named>> = Object.fromEntries([
  ...numbered('040001', 3, [
    [SHOWN.demandPeriod, NN],
    [SHOWN.demandStep, NN],
    [SHOWN.pulseWidth, NNNN],
    [SHOWN.zoneSwitch, time(5)],
    [SHOWN.dayTableSwitch, time(5)],
  ]),
  ...numbered('040002', 1, [
    [SHOWN.zones, NN],
    [SHOWN.dayTables, NN],
    [SHOWN.periods, NN],
    [SHOWN.tariffs, NN],
    [SHOWN.holidays, NNNN],
    [SHOWN.harmonicOrders, NN],
  ]),
  ...numbered('040003', 1, [
    [SHOWN.autoScreens, NN],
    [SHOWN.screenSeconds, NN],
    [SHOWN.energyDecimals, NN],
    [SHOWN.powerDecimals, NN],
    [SHOWN.keyScreens, NN],
  ]),
  ...numbered('040004', 1, [
    [SHOWN.address, number(6)],
    [SHOWN.meterNumber, number(6)],
    [SHOWN.assetCode, text(32)],
    [SHOWN.ratedVoltage, text(6)],
    [SHOWN.ratedCurrent, text(6)],
    [SHOWN.largestCurrent, text(6)],
    [SHOWN.accuracyActive, text(4)],
    [SHOWN.accuracyReactive, text(4)],
    [SHOWN.constantActive, number(3)],
    [SHOWN.constantReactive, number(3)],
    [SHOWN.model, text(10)],
    [SHOWN.productionDate, text(10)],
    [SHOWN.protocolVersion, text(16)],
    [SHOWN.customerNumber, number(6)],
  ]),
  ...numbered('040006', 1, [
    [SHOWN.combinationActive, word(1)],
    [SHOWN.combinationReactive1, word(1)],
    [SHOWN.combinationReactive2, word(1)],
  ]),
  ...numbered('040007', 1, repeated(5, [SHOWN.baud, word(1)])),
  ...numbered('040008', 1, [
    [SHOWN.weekRest, word(1)],
    [SHOWN.weekRestTable, NN],
  ]),
  ...numbered('040009', 1, [
    [SHOWN.loadRecordMode, word(1)],
    [SHOWN.freezeMode, word(1)],
  ]),
  ...numbered('04000A', 1, [
    [SHOWN.loadRecordStart, pairs(4)],
    ...repeated(6, [SHOWN.loadRecordInterval, NNNN]),
  ]),
  ...numbered('04000B', 1, repeated(3, [SHOWN.settlementDay, pairs(2)])),
  ...numbered('04000D', 1, repeated(12, [SHOWN.lossFactor, number(2, 3)])),
  ...numbered('04000E', 1, [
    ...repeated(2, [SHOWN.powerLimit, number(3, 4)]),
    ...repeated(2, [SHOWN.voltageLimit, VOLTAGE]),
  ]),
  ...numbered('04000F', 1, repeated(4, [SHOWN.energyLimit, ENERGY])),
  ...numbered('040010', 1, repeated(5, [SHOWN.amountLimit, ENERGY])),
  ...numbered('040011', 1, [[SHOWN.runCharacteristic, NN]]),
  ...numbered('040012', 1, [
    [SHOWN.hourlyFreezeStart, time(5)],
    [SHOWN.hourlyFreezeInterval, NN],
    [SHOWN.dailyFreezeTime, pairs(2)],
  ]),
  ...numbered('040013', 1, [[SHOWN.signalStrength, NN]]),
  ...numbered('040014', 1, [[SHOWN.tripDelay, NNNN]]),
  ...numbered('040015', 1, [[SHOWN.reportStatus, word(12)]]),
  ...numbered('040015', 3, [[SHOWN.reportReset, word(12)]]),
  ...numbered('048000', 1, [
    [SHOWN.softwareVersion, text(32)],
    [SHOWN.hardwareVersion, text(32)],
    [SHOWN.vendorCode, text(32)],
  ]),
]);

function dateCells(wall: string): Cell[] {
  const date = wall.slice(0, 10);
  const weekday = String(new Date(`${date}T00:00:00Z`).getUTCDay());
  return [
    { name: SHOWN.weekday, digits: weekday, bytes: [Number(weekday)] },
    { name: SHOWN.date, digits: date, bytes: packPairs(date.replace(/\D/g, '').slice(2)) },
  ];
}

function timeCells(wall: string): Cell[] {
  const time = wall.slice(11, 19);
  return [{ name: SHOWN.time, digits: time, bytes: packPairs(time.replace(/\D/g, '')) }];
}

/** 04 00 01 01 YYMMDDWW, 02 hhmmss, 0C YYMMDDWWhhmmss: the seconds travel first. */
function showClock(di0: number, display: MeterDisplay): Shown | null {
  const wall = display.memory?.wallTime();
  if (wall === undefined) return null;
  if (di0 === 0x01) return joinCells(dateCells(wall));
  if (di0 === 0x02) return joinCells(timeCells(wall));
  return joinCells([...timeCells(wall), ...dateCells(wall)]);
}

/** Run status words 1 to 7, all of them under FF. */
function showStatusWord(di0: number, show: Show): Shown | null {
  const all = Array.from({ length: STATUS_WORDS }, (_, index) => index + 1);
  const wanted = di0 === BLOCK ? all : all.filter((number) => number === di0);
  const names = wanted.map((number) => `${SHOWN.statusWord}_${number}`);
  return joinCells(names.map((name) => wordCell(name, show(name), 2)));
}

/** When what is in use was switched; everything else the display knows. */
function shownOf(name: string, { address, display }: Omit<ParameterQuery, 'identifier'>) {
  switch (name) {
    case SHOWN.address:
    case SHOWN.meterNumber:
      return address.padStart(12, '0');
    case SHOWN.zoneSwitch:
      return display.memory?.recall('zone-switch', 1)?.frozenAt ?? null;
    case SHOWN.dayTableSwitch:
      return display.memory?.recall('day-table-switch', 1)?.frozenAt ?? null;
    default:
      return display.show(name);
  }
}

export interface ParameterQuery {
  readonly identifier: readonly number[];
  readonly address: string;
  readonly display: MeterDisplay;
}

/** What the meter has under an identifier of group 04; `item` is the identifier as hex. */
export function showParameter(item: string, query: ParameterQuery): Shown | null {
  const { display } = query;
  const di0 = Number.parseInt(item.slice(6), 16);
  if (['04000101', '04000102', '0400010C'].includes(item)) return showClock(di0, display);
  if (item.startsWith('040005')) return showStatusWord(di0, (name) => display.show(name));
  const parameter = PARAMETERS[item];
  if (parameter === undefined) return showSetting(query.identifier, display);
  const [name, form] = parameter;
  return joinCells([form.cell(name, shownOf(name, query))]);
}
