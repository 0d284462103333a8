/*
 * What is known of each identifier of 1997, written again by hand: bytes, decimals, unit, and the
 * names of what it holds, in order. A time has no decimals.
 */
export interface Wording97 {
  readonly bytes: number;
  readonly decimals: number | null;
  readonly unit: string;
  readonly names: readonly string[];
}

const hex = (value: number) => value.toString(16).toUpperCase();
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const PHASES = ['_l1', '_l2', '_l3'];

/** DI1 in the present month, DI0's high digit, name. */
const COUNTED: readonly (readonly [di1: number, high: number, name: string])[] = [
  [0x0, 1, 'energy_active_import'],
  [0x0, 2, 'energy_active_export'],
  [0x1, 1, 'x_energy_reactive_forward'],
  [0x1, 2, 'x_energy_reactive_reverse'],
  [0x1, 3, 'energy_reactive_q1'],
  [0x1, 4, 'energy_reactive_q4'],
  [0x1, 5, 'energy_reactive_q2'],
  [0x1, 6, 'energy_reactive_q3'],
];

const demand = (name: string) => `${name.replace('energy', 'demand')}_max`;

function countedWordings(): [string, Wording97][] {
  const found: [string, Wording97][] = [];
  for (const [kind, high, energy] of COUNTED) {
    const isActive = kind === 0;
    const atOf = (place: string) => `x_${demand(energy).replace(/^x_/, '')}${place}_at`;
    const classes: [number, Omit<Wording97, 'names'>, (place: string) => string][] = [
      [
        0x90,
        { bytes: 4, decimals: 2, unit: isActive ? 'kWh' : 'kvarh' },
        (place) => energy + place,
      ],
      [
        0xa0,
        { bytes: 3, decimals: 4, unit: isActive ? 'kW' : 'kvar' },
        (place) => demand(energy) + place,
      ],
      [0xb0, { bytes: 4, decimals: null, unit: '' }, atOf],
    ];
    for (const [di1, wording, nameOf] of classes) {
      for (const month of [0, 1, 2]) {
        const stem = hex(di1 + kind + 4 * month) + high;
        const names = ['', ...upTo(14).map((tariff) => `_t${tariff}`)].map((tariff) => {
          const isPast = month > 0;
          const name = nameOf(isPast ? `${tariff}_s${month}` : tariff);
          return isPast ? `x_${name.replace(/^x_/, '')}` : name;
        });
        names.forEach((name, tariff) => {
          found.push([stem + hex(tariff), { ...wording, names: [name] }]);
        });
        found.push([`${stem}F`, { ...wording, names }]);
      }
    }
  }
  return found;
}

type Phased = readonly [
  stem: string,
  bytes: number,
  decimals: number | null,
  unit: string,
  name: string,
  hasTotal: boolean,
];
const PHASED: readonly Phased[] = [
  ['B31', 2, 0, '', 'x_phase_loss_count', true],
  ['B32', 3, 0, 'min', 'x_phase_loss_minutes', true],
  ['B33', 4, null, '', 'x_phase_loss_begin', true],
  ['B34', 4, null, '', 'x_phase_loss_end', true],
  ['B61', 2, 0, 'V', 'voltage', false],
  ['B62', 2, 2, 'A', 'current', false],
  ['B63', 3, 4, 'kW', 'power_active', true],
  ['B64', 2, 2, 'kvar', 'x_power_reactive', true],
  ['B65', 2, 3, '', 'power_factor', true],
];

function phasedWordings(): [string, Wording97][] {
  return PHASED.flatMap(([stem, bytes, decimals, unit, name, hasTotal]) => {
    const places: [number, string][] = PHASES.map((phase, index) => [index + 1, name + phase]);
    if (hasTotal) places.unshift([0, name]);
    const wording = { bytes, decimals, unit };
    return [
      ...places.map(([place, one]): [string, Wording97] => [
        stem + place,
        { ...wording, names: [one] },
      ]),
      [`${stem}F`, { ...wording, names: places.map(([, one]) => one) }] as [string, Wording97],
    ];
  });
}

type Plain = readonly [di: string, bytes: number, decimals: number, unit: string, name: string];
/** Numbers that stand alone. */
const PLAIN: readonly Plain[] = [
  ['9000', 4, 2, 'kWh', 'x_energy_active_combined'],
  ['B212', 2, 0, '', 'x_programming_count'],
  ['B213', 2, 0, '', 'x_demand_clear_count'],
  ['B214', 3, 0, 'min', 'x_battery_minutes'],
  ['B634', 2, 2, 'kW', 'x_power_limit_import'],
  ['B635', 2, 2, 'kW', 'x_power_limit_export'],
  ['C030', 3, 0, 'imp/kWh', 'x_constant_active'],
  ['C031', 3, 0, 'imp/kvarh', 'x_constant_reactive'],
  ['C111', 1, 0, 'min', 'x_demand_period'],
  ['C112', 1, 0, 'min', 'x_demand_step'],
  ['C113', 1, 0, 's', 'x_screen_seconds'],
  ['C114', 1, 0, 's', 'x_screen_hold_seconds'],
  ['C115', 1, 0, '', 'x_energy_decimals'],
  ['C116', 1, 0, '', 'x_power_decimals'],
  ['C118', 1, 0, '', 'x_load_day'],
  ['C119', 4, 1, 'kWh', 'x_energy_active_start'],
  ['C11A', 4, 1, 'kvarh', 'x_energy_reactive_start'],
  ['C211', 2, 0, 'ms', 'x_pulse_width'],
  ['C310', 1, 0, '', 'x_year_zones'],
  ['C311', 1, 0, '', 'x_day_tables'],
  ['C312', 1, 0, '', 'x_day_periods'],
  ['C313', 1, 0, '', 'x_tariffs'],
  ['C314', 1, 0, '', 'x_holidays'],
  ['C41E', 1, 0, '', 'x_rest_day_table'],
  ['C511', 2, 0, 'min', 'x_load_record_interval'],
];

/** One maker's daily freeze. */
const FROZEN = ['', ...upTo(14).map((tariff) => `_t${tariff}`)].map(
  (tariff) => `x_freeze_daily_energy_active_import${tariff}`,
);
const FREEZES: [string, Wording97][] = [
  ...FROZEN.map((name, tariff): [string, Wording97] => [
    `9A1${hex(tariff)}`,
    { bytes: 4, decimals: 2, unit: 'kWh', names: [name] },
  ]),
  ['9A1F', { bytes: 4, decimals: 2, unit: 'kWh', names: FROZEN }],
];

/** Everything but what is a time of another layout, a code or a list of codes. */
export const WORDINGS_97: ReadonlyMap<string, Wording97> = new Map([
  ...countedWordings(),
  ...FREEZES,
  ...phasedWordings(),
  ...PLAIN.map(([di, bytes, decimals, unit, name]): [string, Wording97] => [
    di,
    { bytes, decimals, unit, names: [name] },
  ]),
]);

/** Identifier, content high byte first, what it shows. */
export const OTHERS_97: readonly (readonly [di: string, content: string, shown: string | null])[] =
  [
    ['B210', '11231745', '11-23 17:45'],
    ['B211', '00000000', null],
    ['C010', '19070606', '2019-07-06 weekday 6'],
    ['C011', '123456', '12:34:56'],
    ['C020', '31', '0x31'],
    ['C021', '00', '0x00'],
    ['C022', '41', '0x41'],
    ['C032', '201708176934', '201708176934'],
    ['C033', '000000000001', '000000000001'],
    ['C034', '123456789012', '123456789012'],
    ['C117', '0100', '01 00'],
    ['C321', '010101', '010101'],
    ['C32E', '120102', '120102'],
    ['C331', '063003', '063003'],
    ['C33A', '230004', '230004'],
    ['C3A1', '000001', '000001'],
    ['C3AA', '220004', '220004'],
    ['C411', '100101', '100101'],
    ['C41D', '010102', '010102'],
    ['C510', '01010000', '01-01 00:00'],
  ];
