import {
  type FrozenDisplay,
  type LoadRecordStart,
  type MeterMemory,
  SHOWN,
} from '../../src/core/slave.ts';
import {
  type Cell,
  digitsCell,
  type Format,
  joinCells,
  plain,
  type Shown,
  signed,
  timeCell,
} from './sim-cells.ts';

/**
 * The meter's load records, annex B:
 *
 *   A0 A0 | n | time 5 | group 1 AA | … | group 6 AA | cs | E5
 *
 * `n` counts from the time through the last AA, `cs` sums from the first A0 through the last AA.
 * A group that is not recorded is its AA alone.
 */
const HEAD = 0xa0;
const BAD_HEAD = 0xe0;
const SEPARATOR = 0xaa;
const END = 0xe5;

type Group = readonly (readonly [registers: readonly string[], format: Format])[];

const placesOf = (name: string) => ['', '_l1', '_l2', '_l3'].map((place) => name + place);
const phasesOf = (name: string) => placesOf(name).slice(1);

const GROUPS: readonly Group[] = [
  [
    [phasesOf('voltage'), plain(2, 1)],
    [phasesOf('current'), signed(3, 3)],
    [['frequency'], plain(2, 2)],
  ],
  [
    [placesOf('power_active'), signed(3, 4)],
    [placesOf('x_power_reactive'), signed(3, 4)],
  ],
  [[placesOf('power_factor'), signed(2, 3)]],
  [
    [['energy_active_import', 'energy_active_export'], plain(4, 2)],
    [['x_energy_reactive_combined_1', 'x_energy_reactive_combined_2'], signed(4, 2)],
  ],
  [[[1, 2, 3, 4].map((quadrant) => `energy_reactive_q${quadrant}`), plain(4, 2)]],
  [[[SHOWN.demandActive, SHOWN.demandReactive], signed(3, 4)]],
];

/** 06 00 all classes, 06 01 to 06 06 one of them; which record is meant is DI0. */
const EARLIEST = 0;
const FROM_TIME = 1;
const NEWEST = 2;

export interface LoadRecordQuery {
  readonly identifier: readonly number[];
  /** What followed the identifier: nothing, N, or N mm hh DD MM YY. */
  readonly rest: readonly number[];
  /** The meter marks what it holds as damaged. */
  readonly isBad: boolean;
}

function groupCells(group: Group, record: FrozenDisplay): Cell[] {
  return group.flatMap(([registers, format]) =>
    registers.map((register) => digitsCell(register, record.show(register), format)),
  );
}

function showRecord(record: FrozenDisplay, groups: readonly Group[], isBad: boolean): Shown {
  const head = isBad ? BAD_HEAD : HEAD;
  const time = timeCell(SHOWN.frozenAt, record.frozenAt, 5);
  const shown = groups.map((group) => joinCells(groupCells(group, record)));
  const body = [...time.bytes, ...shown.flatMap((group) => [...(group?.payload ?? []), SEPARATOR])];
  const summed = [head, head, body.length, ...body];
  const sum = summed.reduce((total, byte) => (total + byte) & 0xff, 0);
  const values = Object.assign({}, ...shown.map((group) => group?.values ?? {}));
  const named = Object.entries<string | null>(values).map(([name, digits]) => [
    `${record.frozenAt} ${name}`,
    digits,
  ]);
  return { payload: [...summed, sum, END], values: Object.fromEntries(named) };
}

/** `YYYY-MM-DDTHH:mm:00` of mm hh DD MM YY, `null` where that is no time. */
function wallTimeOf(bytes: readonly number[]): string | null {
  const [minute, hour, day, month, year] = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const wall = `20${year}-${month}-${day}T${hour}:${minute}:00`;
  return Number.isNaN(Date.parse(`${wall}Z`)) ? null : wall;
}

function startOf(di0: number, rest: readonly number[]): LoadRecordStart | null {
  if (di0 === EARLIEST) return 'earliest';
  if (di0 === NEWEST) return 'newest';
  const wallTime = di0 === FROM_TIME && rest.length === 6 ? wallTimeOf(rest.slice(1)) : null;
  return wallTime === null ? null : { wallTime };
}

/**
 * As many records as asked for, one where no number was given. An empty payload where the meter
 * holds none of that time; `null` where it has no such identifier.
 */
export function showLoadRecords(
  { identifier, rest, isBad }: LoadRecordQuery,
  memory: MeterMemory | undefined,
): Shown | null {
  const [, di2 = 0, di1 = 0, di0 = 0] = identifier;
  const groups = GROUPS.map((group, index) => (di2 === 0 || di2 === index + 1 ? group : []));
  const from = startOf(di0, rest);
  if (memory === undefined || from === null || di1 !== 0 || di2 > GROUPS.length) return null;
  const [count = 1] = rest;
  const records = memory
    .loadRecords(from, count)
    .map((record) => showRecord(record, groups, isBad));
  return {
    payload: records.flatMap(({ payload }) => payload),
    values: Object.assign({}, ...records.map(({ values }) => values)),
  };
}
