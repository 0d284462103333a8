import { parseDecimal } from '../../src/core/decimal.ts';
import { demandNameOf, type MeterEvent, SHOWN } from '../../src/core/slave.ts';
import {
  CURRENT,
  DEMAND,
  ENERGY,
  FACTOR,
  type Form,
  IDENTIFIER,
  type Named,
  number,
  POWER,
  RATE,
  SIGNED_ENERGY,
  time,
  VOLTAGE,
} from './sim-forms.ts';

/** What records of events are made of, table A.4. */
export interface Part {
  readonly name: string;
  readonly form: Form;
  of(event: MeterEvent): string | null;
}

type Moment = 'begin' | 'end';

const PHASES = ['_l1', '_l2', '_l3'];
const TOTAL_AND_PHASES = ['', ...PHASES];

const FOUR = [
  ['energy_active_import', ENERGY],
  ['energy_active_export', ENERGY],
  ['x_energy_reactive_combined_1', SIGNED_ENERGY],
  ['x_energy_reactive_combined_2', SIGNED_ENERGY],
] as const satisfies readonly Named[];

const SIX = [
  'energy_active_import',
  'energy_active_export',
  ...[1, 2, 3, 4].map((quadrant) => `energy_reactive_q${quadrant}`),
];

/** As it stood at that moment; the suffix tells two moments of one record apart. */
export function standing(rows: readonly Named[], moment: Moment, suffix = ''): Part[] {
  return rows.map(([name, form]) => ({
    name: name + suffix,
    form,
    of: (event) => event[moment].show(name),
  }));
}

export const constant = (name: string, form: Form, shown: string | null): Part => ({
  name,
  form,
  of: () => shown,
});

export const BEGAN: Part = {
  name: SHOWN.beganAt,
  form: time(6),
  of: ({ begin }) => begin.frozenAt,
};
export const ENDED: Part = { name: SHOWN.endedAt, form: time(6), of: ({ end }) => end.frozenAt };
export const SPAN = [BEGAN, ENDED];
export const OPERATOR = constant(SHOWN.operator, number(4), '1');
export const BY_OPERATOR = [BEGAN, OPERATOR];

const hundredths = (units: bigint) => `${units / 100n}.${String(units % 100n).padStart(2, '0')}`;

/** What was counted from one moment to the other; registers roll over at 10^8. */
function riseOf({ begin, end }: MeterEvent, register: string): string | null {
  const [from, to] = [begin, end].map((moment) => parseDecimal(moment.show(register) ?? ''));
  if (!from || !to) return null;
  return hundredths((to.coefficient - from.coefficient + 100_000_000n) % 100_000_000n);
}

const inPlace = (place: string): Named[] => FOUR.map(([name, form]) => [name + place, form]);

const rises = (place: string): Part[] =>
  inPlace(place).map(([name, form]) => ({
    name: `${name}_rise`,
    form,
    of: (event) => riseOf(event, name),
  }));

/** Of four energies, in total and by phase: how far they rose, or where they stood. */
export const RISES = TOTAL_AND_PHASES.flatMap(rises);
export const standings = (moment: Moment, suffix = '') =>
  TOTAL_AND_PHASES.flatMap((place) => standing(inPlace(place), moment, suffix));
export const standingTotals = (moment: Moment, suffix = '') =>
  standing(inPlace(''), moment, suffix);

const measured = (place: string): Part[] =>
  standing(
    [
      [`voltage${place}`, VOLTAGE],
      [`current${place}`, CURRENT],
      [`power_active${place}`, POWER],
      [`x_power_reactive${place}`, POWER],
      [`power_factor${place}`, FACTOR],
    ],
    'begin',
  );

/** Four energies in total; by phase the four and what was measured as it began. */
const detailed = (energies: (place: string) => Part[]) => [
  ...energies(''),
  ...PHASES.flatMap((place) => [...energies(place), ...measured(place)]),
];
export const DETAILED_RISES = detailed(rises);
export const DETAILED_STANDINGS = detailed((place) => standing(inPlace(place), 'begin'));

/** Hundredths of an ampere-hour that a phase had while the event went on. */
function ampereHoursOf({ begin, end }: MeterEvent, place: string): bigint | null {
  const current = parseDecimal(begin.show(`current${place}`) ?? '');
  const [from, to] = [begin, end].map(({ frozenAt }) => Date.parse(`${frozenAt}Z`));
  if (current === null || from === undefined || to === undefined) return null;
  return (current.coefficient * BigInt(to - from)) / 36_000_000n;
}

/** In total and by phase. */
export const AMPERE_HOURS: readonly Part[] = TOTAL_AND_PHASES.map((place) => ({
  name: SHOWN.ampereHours + place,
  form: ENERGY,
  of(event) {
    const places = place === '' ? PHASES : [place];
    const parts = places.map((each) => ampereHoursOf(event, each)).filter((part) => part !== null);
    if (parts.length === 0) return null;
    return hundredths(parts.reduce((sum, part) => sum + part, 0n));
  },
}));

/** How far apart the phases were as it began, in percent of the highest. */
export const unbalance = (of: 'voltage' | 'current', form: Form): Part => ({
  name: SHOWN.unbalance,
  form,
  of({ begin }) {
    const shown = PHASES.map((place) => parseDecimal(begin.show(of + place) ?? '')?.coefficient);
    const found = shown.filter((each) => each !== undefined).sort((a, b) => Number(a - b));
    const [lowest, highest] = [found[0], found.at(-1)];
    if (lowest === undefined || highest === undefined || highest <= 0n) return null;
    return hundredths(((highest - lowest) * 10_000n) / highest);
  },
});
/** XX.XX in a record, XXXX.XX where it is told field by field. */
export const SHORT_RATE = number(2, 2);
export const LONG_RATE = RATE;

/** Of the phase that is always there. */
export const LOSS_CURRENT: Part = {
  name: 'current',
  form: CURRENT,
  of: ({ begin }) => begin.show('current_l1'),
};

const sixNamed: readonly Named[] = SIX.map((name) => [name, ENERGY]);

export const sixStanding = (moment: Moment, suffix = '') => standing(sixNamed, moment, suffix);

/** Six energies in total, then of each phase. */
export const TWENTY_FOUR_BEFORE = TOTAL_AND_PHASES.flatMap((place) =>
  standing(
    SIX.map((name) => [name + place, ENERGY]),
    'begin',
    '_before',
  ),
);

const demandNamed = (register: string, place = ''): Named[] => {
  const name = demandNameOf(register) + place;
  return [
    [name, DEMAND],
    [`${name}_at`, time(5)],
  ];
};

/** The maximum demands of the six energies with their times. */
export const DEMANDS_BEFORE = TOTAL_AND_PHASES.flatMap((place) =>
  standing(
    SIX.flatMap((register) => demandNamed(register, place)),
    'begin',
    '_before',
  ),
);

/** 1 to 6: the highest demand of the register with its time. */
export const overDemand = (number: number) => standing(demandNamed(SIX[number - 1] ?? ''), 'end');

/** The first of ten identifiers that were written; FF in place of the others. */
export const PROGRAMMED: readonly Part[] = [
  constant(SHOWN.programmed, IDENTIFIER, '04000101'),
  ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((each) =>
    constant(`${SHOWN.programmed}_${each}`, IDENTIFIER, null),
  ),
];

export const CLEARED = constant(SHOWN.cleared, IDENTIFIER, '030100FF');

export const CLOCKS: readonly Part[] = [
  { name: SHOWN.clockBefore, form: time(6), of: ({ begin }) => begin.frozenAt },
  { name: SHOWN.clockAfter, form: time(6), of: ({ end }) => end.frozenAt },
];

/** Date, count, what was bought, what was left before and after, all that was ever bought. */
export const purchase = (of: 'energy' | 'amount'): Part[] => [
  { name: SHOWN.endedAt, form: time(5), of: ({ end }) => end.frozenAt },
  ...standing(
    [
      [`${SHOWN.purchase}_${of}_count`, number(2)],
      ...['bought', 'before', 'after', 'total'].map(
        (each): Named => [`${SHOWN.purchase}_${of}_${each}`, ENERGY],
      ),
    ],
    'end',
  ),
];
