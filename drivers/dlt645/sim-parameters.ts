import { type MeterDisplay, SHOWN } from '../../src/core/slave.ts';
import {
  type Cell,
  digitsCell,
  joinCells,
  packPairs,
  plain,
  type Show,
  type Shown,
  textCell,
  wordCell,
} from './sim-cells.ts';

/** The meter's parameters, 04 of table A.5; all of them are read-only here. */
const STATUS_WORDS = 7;
const BLOCK = 0xff;

type Row = readonly [name: string, cellOf: (name: string, shown: string | null) => Cell];

const text = (width: number) => (name: string, shown: string | null) =>
  textCell(name, shown, width);
const word = (width: number) => (name: string, shown: string | null) =>
  wordCell(name, shown, width);
const digits = (width: number, decimals: number) => (name: string, shown: string | null) =>
  digitsCell(name, shown, plain(width, decimals));

function numbered(prefix: string, from: number, rows: readonly Row[]): [string, Row][] {
  return rows.map((row, index) => {
    const di0 = (from + index).toString(16).toUpperCase().padStart(2, '0');
    return [prefix + di0, row];
  });
}

/** Identifier -> name and form. */
const PARAMETERS: Readonly<Record<string, Row>> = Object.fromEntries([
  ...numbered('040001', 3, [
    [SHOWN.demandPeriod, digits(1, 0)],
    [SHOWN.demandStep, digits(1, 0)],
  ]),
  ...numbered('040002', 4, [[SHOWN.tariffs, digits(1, 0)]]),
  ...numbered('040004', 1, [
    [SHOWN.address, digits(6, 0)],
    [SHOWN.meterNumber, digits(6, 0)],
    [SHOWN.assetCode, text(32)],
    [SHOWN.ratedVoltage, text(6)],
    [SHOWN.ratedCurrent, text(6)],
    [SHOWN.largestCurrent, text(6)],
    [SHOWN.accuracyActive, text(4)],
    [SHOWN.accuracyReactive, text(4)],
    [SHOWN.constantActive, digits(3, 0)],
    [SHOWN.constantReactive, digits(3, 0)],
    [SHOWN.model, text(10)],
    [SHOWN.productionDate, text(10)],
    [SHOWN.protocolVersion, text(16)],
  ]),
  ...numbered('040006', 1, [
    [SHOWN.combinationActive, word(1)],
    [SHOWN.combinationReactive1, word(1)],
    [SHOWN.combinationReactive2, word(1)],
  ]),
  ...numbered('040009', 1, [
    [SHOWN.loadRecordMode, word(1)],
    [SHOWN.freezeMode, word(1)],
  ]),
  ...numbered(
    '04000A',
    2,
    [1, 2, 3, 4, 5, 6].map((each) => [`${SHOWN.loadRecordInterval}_${each}`, digits(2, 0)]),
  ),
  ...numbered(
    '04000B',
    1,
    [1, 2, 3].map((each) => [`${SHOWN.settlementDay}_${each}`, digits(2, 0)]),
  ),
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

/** What the meter has under an identifier of group 04; `item` is the identifier as hex. */
export function showParameter(
  item: string,
  { address, display }: { readonly address: string; readonly display: MeterDisplay },
): Shown | null {
  const di0 = Number.parseInt(item.slice(6), 16);
  if (['04000101', '04000102', '0400010C'].includes(item)) return showClock(di0, display);
  if (item.startsWith('040005')) return showStatusWord(di0, (name) => display.show(name));
  const parameter = PARAMETERS[item];
  if (parameter === undefined) return null;
  const [name, cellOf] = parameter;
  const isOwn = name === SHOWN.address || name === SHOWN.meterNumber;
  return joinCells([cellOf(name, isOwn ? address.padStart(12, '0') : display.show(name))]);
}
