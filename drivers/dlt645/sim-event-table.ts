import { type EventKind, SHOWN } from '../../src/core/slave.ts';
import {
  AMPERE_HOURS,
  BEGAN,
  BY_OPERATOR,
  CLEARED,
  CLOCKS,
  DEMANDS_BEFORE,
  DETAILED_RISES,
  DETAILED_STANDINGS,
  ENDED,
  LONG_RATE,
  LOSS_CURRENT,
  OPERATOR,
  overDemand,
  type Part,
  PROGRAMMED,
  purchase,
  RISES,
  SHORT_RATE,
  SPAN,
  sixStanding,
  standing,
  standings,
  standingTotals,
  TWENTY_FOUR_BEFORE,
  unbalance,
} from './sim-event-parts.ts';
import { type Named, NN, pairs, word } from './sim-forms.ts';
import { ALL_DAY_TABLES, ALL_HOLIDAYS, ALL_ZONE_TABLES } from './sim-schedules.ts';

/** The meter's events: 03 of table A.4, and 10 to 1F, in which meters tell them field by field. */
export interface EventRow {
  readonly kind: EventKind;
  /** 1 to 3, for those of a phase. */
  readonly phase?: number;
  readonly parts: readonly Part[];
  /** All fields of a record can be asked for together; true where absent. */
  readonly hasBlock?: false;
}

export interface CountRow {
  readonly kind: EventKind;
  readonly phase?: number;
  readonly what: 'count' | 'minutes';
}

type Row = readonly [place: string, kind: EventKind, parts: readonly Part[]];

const PHASES = [1, 2, 3];
const WITH_AMPERE_HOURS = [...SPAN, ...DETAILED_RISES, ...AMPERE_HOURS];
const WITH_DETAILS = [...SPAN, ...DETAILED_RISES];
const WITH_RISES = [...SPAN, ...RISES];

/** 03 xx 0P Q; 03 xx 00 00 counts and adds up the minutes of each phase. */
const OF_PHASES: readonly Row[] = [
  ['0301', 'voltage-loss', WITH_AMPERE_HOURS],
  ['0302', 'undervoltage', WITH_AMPERE_HOURS],
  ['0303', 'overvoltage', WITH_AMPERE_HOURS],
  ['0304', 'phase-cut', WITH_AMPERE_HOURS],
  ['030B', 'current-loss', WITH_DETAILS],
  ['030C', 'overcurrent', WITH_DETAILS],
  ['030D', 'current-cut', WITH_DETAILS],
  ['030E', 'power-reversal', WITH_RISES],
  ['030F', 'overload', WITH_RISES],
];

/** 03 xx 00 Q; 03 xx 00 00 counts and adds up the minutes. */
const OF_METER: readonly Row[] = [
  ['0305', 'all-phase-loss', [BEGAN, LOSS_CURRENT, ENDED]],
  ['0306', 'auxiliary-loss', SPAN],
  ['0307', 'voltage-sequence', WITH_RISES],
  ['0308', 'current-sequence', WITH_RISES],
  ['0309', 'voltage-unbalance', [...SPAN, unbalance('voltage', SHORT_RATE), ...RISES]],
  ['030A', 'current-unbalance', [...SPAN, unbalance('current', SHORT_RATE), ...RISES]],
];

const before = (...rows: readonly Named[]) => [
  ...BY_OPERATOR,
  ...standing(rows, 'begin', '_before'),
];
const opened = [...SPAN, ...sixStanding('begin', '_before'), ...sixStanding('end', '_after')];

/** DI3 DI2 DI1, Q behind it; 00 in its place counts. */
const COUNTED: readonly Row[] = [
  ['031100', 'power-off', SPAN],
  ['033000', 'programming', [...BY_OPERATOR, ...PROGRAMMED]],
  ['033001', 'meter-clear', [...BY_OPERATOR, ...TWENTY_FOUR_BEFORE]],
  ['033002', 'demand-clear', [...BY_OPERATOR, ...DEMANDS_BEFORE]],
  ['033003', 'event-clear', [...BY_OPERATOR, CLEARED]],
  ['033004', 'clock-set', [OPERATOR, ...CLOCKS]],
  ['033005', 'day-table-set', before(...ALL_DAY_TABLES)],
  ['033006', 'zone-table-set', before(...ALL_ZONE_TABLES)],
  ['033007', 'week-rest-set', before([SHOWN.weekRestTable, NN])],
  ['033008', 'holiday-set', before(...ALL_HOLIDAYS)],
  ['033009', 'combination-active-set', before([SHOWN.combinationActive, word(1)])],
  ['03300A', 'combination-reactive-1-set', before([SHOWN.combinationReactive1, word(1)])],
  ['03300B', 'combination-reactive-2-set', before([SHOWN.combinationReactive2, word(1)])],
  [
    '03300C',
    'settlement-day-set',
    before(...[1, 2, 3].map((each): Named => [`${SHOWN.settlementDay}_${each}`, pairs(2)])),
  ],
  ['03300D', 'cover-open', opened],
  ['03300E', 'terminal-cover-open', opened],
];

/** 03 12 0n Q, n from 1 on; 03 12 00 00 counts all of them. */
const OVER_DEMAND: readonly EventKind[] = [
  'demand-over-import',
  'demand-over-export',
  'demand-over-q1',
  'demand-over-q2',
  'demand-over-q3',
  'demand-over-q4',
];

/** DI3 DI2 DI1 -> the record, whose number is DI0. */
export const RECORDS: Readonly<Record<string, EventRow>> = Object.fromEntries<EventRow>([
  ...OF_PHASES.flatMap(([place, kind, parts]) =>
    PHASES.map((phase) => [`${place}0${phase}`, { kind, phase, parts }] as const),
  ),
  ...OF_METER.map(([place, kind, parts]) => [`${place}00`, { kind, parts }] as const),
  ...COUNTED.map(([place, kind, parts]) => [place, { kind, parts }] as const),
  ...OVER_DEMAND.map((kind, index) => {
    const parts = [...SPAN, ...overDemand(index + 1)];
    return [`03120${index + 1}`, { kind, parts }] as const;
  }),
]);

const AT_END = standings('end', '_at_end');
const ITEMISED_DETAILS = [BEGAN, ...DETAILED_STANDINGS];
const ITEMISED_ENERGIES = [BEGAN, ...standings('begin')];

/** DI3; the phase is DI2. */
const ITEMISED_OF_PHASES: readonly Row[] = [
  ...(
    [
      ['10', 'voltage-loss'],
      ['11', 'undervoltage'],
      ['12', 'overvoltage'],
      ['13', 'phase-cut'],
    ] as const
  ).map(
    ([place, kind]): Row => [place, kind, [...ITEMISED_DETAILS, ...AMPERE_HOURS, ENDED, ...AT_END]],
  ),
  ...(
    [
      ['18', 'current-loss'],
      ['19', 'overcurrent'],
      ['1A', 'current-cut'],
    ] as const
  ).map(([place, kind]): Row => [place, kind, [...ITEMISED_DETAILS, ENDED, ...AT_END]]),
  ['1B', 'power-reversal', [...ITEMISED_ENERGIES, ENDED, ...AT_END]],
];

const withRate = (of: 'voltage' | 'current') => [
  ...ITEMISED_ENERGIES,
  unbalance(of, LONG_RATE),
  ENDED,
  ...AT_END,
];

/** DI3; DI2 is 00. 00 01 behind it counts, 00 02 adds up the minutes. */
const ITEMISED_OF_METER: readonly Row[] = [
  ['14', 'voltage-sequence', [...ITEMISED_ENERGIES, ENDED, ...AT_END]],
  ['15', 'current-sequence', [...ITEMISED_ENERGIES, ENDED, ...AT_END]],
  ['16', 'voltage-unbalance', withRate('voltage')],
  ['17', 'current-unbalance', withRate('current')],
];

/** The same without minutes. */
const ITEMISED_AND_COUNTED: readonly Row[] = [
  ['1D', 'relay-trip', [BEGAN, OPERATOR, ...sixStanding('begin')]],
  ['1E', 'relay-close', [ENDED, OPERATOR, ...sixStanding('end')]],
  [
    '1F',
    'power-factor-low',
    [BEGAN, ...standingTotals('begin'), ENDED, ...standingTotals('end', '_at_end')],
  ],
];

/** DI3 DI2 -> what DI1 counts the fields of from 1 on; DI0 is the number of the record. */
export const ITEMISED: Readonly<Record<string, EventRow>> = Object.fromEntries<EventRow>([
  ...ITEMISED_OF_PHASES.flatMap(([place, kind, parts]) =>
    PHASES.map((phase) => [`${place}0${phase}`, { kind, phase, parts }] as const),
  ),
  ...[...ITEMISED_OF_METER, ...ITEMISED_AND_COUNTED].map(
    ([place, kind, parts]) => [`${place}00`, { kind, parts }] as const,
  ),
  ['0332', { kind: 'purchase-energy', parts: purchase('energy'), hasBlock: false }],
  ['0333', { kind: 'purchase-amount', parts: purchase('amount'), hasBlock: false }],
]);

const pair = (row: Omit<CountRow, 'what'>): CountRow[] => [
  { ...row, what: 'count' },
  { ...row, what: 'minutes' },
];

/** Identifier -> what it counts, one after another. */
export const COUNTS: Readonly<Record<string, readonly CountRow[]>> = Object.fromEntries<
  readonly CountRow[]
>([
  ...OF_PHASES.map(
    ([place, kind]) => [`${place}0000`, PHASES.flatMap((phase) => pair({ kind, phase }))] as const,
  ),
  ...OF_METER.map(([place, kind]) => [`${place}0000`, pair({ kind })] as const),
  ...COUNTED.map(([place, kind]) => [`${place}00`, [{ kind, what: 'count' as const }]] as const),
  ['03120000', OVER_DEMAND.map((kind) => ({ kind, what: 'count' as const }))],
  ...ITEMISED_OF_PHASES.flatMap(([place, kind]) =>
    PHASES.flatMap((phase) =>
      pair({ kind, phase }).map(
        (row, index) => [`${place}0${phase}000${index + 1}`, [row]] as const,
      ),
    ),
  ),
  ...ITEMISED_OF_METER.flatMap(([place, kind]) =>
    pair({ kind }).map((row, index) => [`${place}00000${index + 1}`, [row]] as const),
  ),
  ...ITEMISED_AND_COUNTED.map(
    ([place, kind]) => [`${place}000001`, [{ kind, what: 'count' as const }]] as const,
  ),
]);
