import { parseDecimal } from '../../src/core/decimal.ts';
import {
  type EventKind,
  type EventLog,
  type FrozenDisplay,
  type MeterEvent,
  type MeterMemory,
  SHOWN,
} from '../../src/core/slave.ts';
import {
  type Cell,
  digitsCell,
  joinCells,
  plain,
  type Shown,
  signed,
  timeCell,
  zeroCell,
} from './sim-cells.ts';

/** The meter's events, 03 of table A.4, and the relay's, 1D and 1E. */
const LAST_RECORD = 10;
const COUNT = plain(3);
const ENERGY = plain(4, 2);
const PHASES = [1, 2, 3];

const IMPORT_TO_COMBINED = [
  'energy_active_import',
  'energy_active_export',
  'x_energy_reactive_combined_1',
  'x_energy_reactive_combined_2',
];
const SIX_ENERGIES = [
  'energy_active_import',
  'energy_active_export',
  ...[1, 2, 3, 4].map((quadrant) => `energy_reactive_q${quadrant}`),
];

/** What was counted from one moment to the other, as digits; registers roll over at 10^8. */
function riseOf({ begin, end }: MeterEvent, register: string): string | null {
  const [from, to] = [begin, end].map((moment) => parseDecimal(moment.show(register) ?? ''));
  if (!from || !to) return null;
  const units = (to.coefficient - from.coefficient + 100_000_000n) % 100_000_000n;
  return `${units / 100n}.${String(units % 100n).padStart(2, '0')}`;
}

const riseCells = (event: MeterEvent, registers: readonly string[]) =>
  registers.map((register) => digitsCell(`${register}_rise`, riseOf(event, register), ENERGY));

const spanCells = ({ begin, end }: MeterEvent) => [
  timeCell(SHOWN.beganAt, begin.frozenAt, 6),
  timeCell(SHOWN.endedAt, end.frozenAt, 6),
];

function phaseCells(event: MeterEvent, phase: number): Cell[] {
  const at = (name: string) => event.begin.show(`${name}_l${phase}`);
  const cell = (name: string, format: typeof COUNT) =>
    digitsCell(`${name}_l${phase}`, at(name), format);
  return [
    ...riseCells(
      event,
      IMPORT_TO_COMBINED.map((register) => `${register}_l${phase}`),
    ),
    cell('voltage', plain(2, 1)),
    cell('current', signed(3, 3)),
    cell('power_active', signed(3, 4)),
    cell('x_power_reactive', signed(3, 4)),
    cell('power_factor', signed(2, 3)),
  ];
}

/** Hundredths of an ampere-hour that a phase had while the event went on. */
function ampereHoursOf({ begin, end }: MeterEvent, phase: number): bigint | null {
  const current = parseDecimal(begin.show(`current_l${phase}`) ?? '');
  const [from, to] = [begin, end].map(({ frozenAt }) => Date.parse(`${frozenAt}Z`));
  if (current === null || from === undefined || to === undefined) return null;
  return (current.coefficient * BigInt(to - from)) / 36_000_000n;
}

function ampereHourCells(event: MeterEvent): Cell[] {
  const phases = PHASES.map((phase) => ampereHoursOf(event, phase));
  const total = phases.reduce<bigint>((sum, part) => sum + (part ?? 0n), 0n);
  return [total, ...phases].map((units, index) => {
    const digits =
      units === null ? null : `${units / 100n}.${String(units % 100n).padStart(2, '0')}`;
    return digitsCell(SHOWN.ampereHours + (index === 0 ? '' : `_l${index}`), digits, ENERGY);
  });
}

const voltageLossCells = (event: MeterEvent) => [
  ...spanCells(event),
  ...riseCells(event, IMPORT_TO_COMBINED),
  ...PHASES.flatMap((phase) => phaseCells(event, phase)),
  ...ampereHourCells(event),
];

/** Time, operator, the first of ten identifiers written; FF in place of the others. */
const programmingCells = ({ begin }: MeterEvent): Cell[] => [
  timeCell(SHOWN.beganAt, begin.frozenAt, 6),
  digitsCell(SHOWN.operator, '1', plain(4)),
  {
    name: SHOWN.programmed,
    digits: '04000101',
    bytes: [0x01, 0x01, 0x00, 0x04, ...new Array<number>(36).fill(0xff)],
  },
];

const standingCells = (moment: FrozenDisplay, suffix: string) =>
  SIX_ENERGIES.map((register) => digitsCell(register + suffix, moment.show(register), ENERGY));

const coverCells = (event: MeterEvent) => [
  ...spanCells(event),
  ...standingCells(event.begin, '_before'),
  ...standingCells(event.end, '_after'),
];

interface Row {
  readonly kind: EventKind;
  readonly phase?: number;
  readonly cellsOf: (event: MeterEvent) => Cell[];
  readonly width: number;
}

/** DI3 DI2 DI1 -> how the records of the event look. */
const RECORDS: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(
    PHASES.map((phase) => [
      `03010${phase}`,
      { kind: 'voltage-loss', phase, cellsOf: voltageLossCells, width: 131 } as const,
    ]),
  ),
  '031100': { kind: 'power-off', cellsOf: spanCells, width: 12 },
  '033000': { kind: 'programming', cellsOf: programmingCells, width: 50 },
  '03300D': { kind: 'cover-open', cellsOf: coverCells, width: 60 },
  '1D0001': {
    kind: 'relay-trip',
    cellsOf: ({ begin }) => [timeCell(SHOWN.beganAt, begin.frozenAt, 6)],
    width: 6,
  },
  '1E0001': {
    kind: 'relay-close',
    cellsOf: ({ end }) => [timeCell(SHOWN.endedAt, end.frozenAt, 6)],
    width: 6,
  },
};

const COUNTS: Readonly<Record<string, EventKind>> = {
  '03110000': 'power-off',
  '03300000': 'programming',
  '03300D00': 'cover-open',
  '1D000001': 'relay-trip',
  '1E000001': 'relay-close',
};

const countCell = (log: EventLog | null, suffix: string) =>
  digitsCell(SHOWN.eventCount + suffix, log === null ? null : String(log.count), COUNT);

/** Count, minutes of phase A, B, C. */
function showVoltageLosses(memory: MeterMemory): Shown | null {
  const cells = PHASES.flatMap((phase) => {
    const log = memory.events('voltage-loss', phase);
    const minutes = log === null ? null : String(log.minutes);
    return [
      countCell(log, `_l${phase}`),
      digitsCell(`${SHOWN.eventMinutes}_l${phase}`, minutes, COUNT),
    ];
  });
  return joinCells(cells);
}

/** A count, or the record of the last event (01) to the tenth last (0A), zeros where none was. */
export function showEvent(item: string, memory: MeterMemory): Shown | null {
  if (item === '03010000') return showVoltageLosses(memory);
  const counted = COUNTS[item];
  if (counted !== undefined) return joinCells([countCell(memory.events(counted), '')]);
  const row = RECORDS[item.slice(0, 6)];
  const number = Number.parseInt(item.slice(6), 16);
  if (row === undefined || number < 1 || number > LAST_RECORD) return null;
  const log = memory.events(row.kind, row.phase);
  if (log === null) return null;
  const event = log.recall(number);
  return joinCells(event === null ? [zeroCell(SHOWN.beganAt, row.width)] : row.cellsOf(event));
}
