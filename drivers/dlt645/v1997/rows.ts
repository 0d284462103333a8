/**
 * The data identifiers of DL/T 645-1997, one row a quantity. The standard's own text is not
 * public: a row is what meter firmware, masters and captures of real meters agree on. No value of
 * this edition bears a sign.
 *
 *   pattern := DI1 DI0, in hex
 *   DI1     := digits, or those of the present month, the last and the one before: 90|94|98
 *   DI0     := digits, a range 21..2E, or a digit and a letter:
 *              T tariff, 0 the total, 1 to E, F all   P phase 1 to 3, F all   V the total 0 and P
 *
 * B6 60 to B6 91 are left out: makers put different quantities there.
 */
import type { Format } from '../format.ts';
import { bits, COUNT, DEMAND, digits, ENERGY, number, time } from '../tables/formats.ts';
import type { FieldRow, Row } from '../tables/row.ts';
import { WORDS_1997 } from './words.ts';

/** Meter firmware and masters; some rows were seen in captures of two real meters as well. */
const AGREED = 'firmware and masters of 1997 meters';
const CAPTURE = 'captures of one maker';
const CONCENTRATOR = 'a concentrator of one maker';

type Wording = readonly [en: string, zh: string];
type Line = readonly [
  pattern: string,
  label: Wording,
  name: string,
  unit: string,
  format: Format,
  access?: Row['access'],
  source?: string,
];

function toRow([pattern, label, name, unit, format, access = 'R', source = AGREED]: Line): Row {
  const [en, zh] = label;
  const word = WORDS_1997.find((one) => one.name === name);
  const field: FieldRow = { name, unit, format, label: { en, zh }, ...(word && { word }) };
  return { pattern, label: { en, zh }, source, access, fields: [field] };
}

const DAY_TIME = time('MMDDhhmm');
const TIMES = number('XXXX');
const WHOLE_VOLTS = number('XXXX');
const AMPERES = number('XX.XX');
const REACTIVE_POWER = number('XX.XX');
const FACTOR = number('X.XXX');
const PAIR = number('XX');

/** Quadrant IV comes before II and III. Which quadrants make forward, the maker decides. */
const KINDS: readonly (readonly [di1: 0 | 1, high: number, name: string, ...label: Wording])[] = [
  [0, 1, 'energy_active_import', 'active energy import', '正向有功电能'],
  [0, 2, 'energy_active_export', 'active energy export', '反向有功电能'],
  [1, 1, 'x_energy_reactive_forward', 'forward reactive energy', '正向无功电能'],
  [1, 2, 'x_energy_reactive_reverse', 'reverse reactive energy', '反向无功电能'],
  [1, 3, 'energy_reactive_q1', 'reactive energy quadrant I', '第一象限无功电能'],
  [1, 4, 'energy_reactive_q4', 'reactive energy quadrant IV', '第四象限无功电能'],
  [1, 5, 'energy_reactive_q2', 'reactive energy quadrant II', '第二象限无功电能'],
  [1, 6, 'energy_reactive_q3', 'reactive energy quadrant III', '第三象限无功电能'],
];

/** DI1 of the present month, the last one and the one before. */
const months = (high: string, kind: number) =>
  [0, 4, 8].map((each) => high + (each + kind)).join('|');

const ENERGIES = KINDS.map(
  ([kind, high, name, en, zh]): Line => [
    `${months('9', kind)} ${high}T`,
    [en, zh],
    `${name}*`,
    kind === 0 ? 'kWh' : 'kvarh',
    ENERGY,
  ],
);

const demandName = (energy: string) => `${energy.replace('energy', 'demand')}_max`;
const demandOf = (zh: string) => zh.replace(/电能$/, '最大需量');

const DEMANDS = KINDS.flatMap(([kind, high, name, en, zh]): Line[] => [
  [
    `${months('A', kind)} ${high}T`,
    [`maximum demand of ${en}`, demandOf(zh)],
    `${demandName(name)}*`,
    kind === 0 ? 'kW' : 'kvar',
    DEMAND,
  ],
  [
    `${months('B', kind)} ${high}T`,
    [`time of the maximum demand of ${en}`, `${demandOf(zh)}发生时间`],
    `x_${demandName(name).replace(/^x_/, '')}*_at`,
    '',
    DAY_TIME,
  ],
]);

const VENDOR: readonly Line[] = [
  [
    '90 00',
    ['combined active energy', '组合有功电能'],
    'x_energy_active_combined',
    'kWh',
    ENERGY,
    'R',
    CAPTURE,
  ],
  [
    '9A 1T',
    ['daily freeze of active energy import', '日冻结正向有功电能'],
    'x_freeze_daily_energy_active_import*',
    'kWh',
    ENERGY,
    'R',
    CONCENTRATOR,
  ],
];

const VARIABLES: readonly Line[] = [
  [
    'B2 10',
    ['time of the last programming', '最近一次编程时间'],
    'x_programming_time',
    '',
    DAY_TIME,
  ],
  [
    'B2 11',
    ['time of the last demand clear', '最近一次最大需量清零时间'],
    'x_demand_clear_time',
    '',
    DAY_TIME,
  ],
  ['B2 12', ['programming count', '编程次数'], 'x_programming_count', '', TIMES],
  ['B2 13', ['demand clear count', '最大需量清零次数'], 'x_demand_clear_count', '', TIMES],
  [
    'B2 14',
    ['working time of the internal battery', '电池工作时间'],
    'x_battery_minutes',
    'min',
    COUNT,
  ],
  ['B3 1V', ['phase loss count', '断相次数'], 'x_phase_loss_count', '', TIMES],
  ['B3 2V', ['phase loss duration', '断相时间累计'], 'x_phase_loss_minutes', 'min', COUNT],
  [
    'B3 3V',
    ['begin of the last phase loss', '最近一次断相起始时刻'],
    'x_phase_loss_begin',
    '',
    DAY_TIME,
  ],
  [
    'B3 4V',
    ['end of the last phase loss', '最近一次断相结束时刻'],
    'x_phase_loss_end',
    '',
    DAY_TIME,
  ],
  ['B6 1P', ['voltage', '电压'], 'voltage', 'V', WHOLE_VOLTS],
  ['B6 2P', ['current', '电流'], 'current', 'A', AMPERES],
  ['B6 3V', ['active power', '有功功率'], 'power_active', 'kW', number('XX.XXXX')],
  [
    'B6 34',
    ['limit of active power import', '正向有功功率上限值'],
    'x_power_limit_import',
    'kW',
    number('XX.XX'),
    'RW',
  ],
  [
    'B6 35',
    ['limit of active power export', '反向有功功率上限值'],
    'x_power_limit_export',
    'kW',
    number('XX.XX'),
    'RW',
  ],
  ['B6 4V', ['reactive power', '无功功率'], 'x_power_reactive', 'kvar', REACTIVE_POWER],
  ['B6 5V', ['power factor', '功率因数'], 'power_factor', '', FACTOR],
];

const DAY_TABLES = Array.from({ length: 8 }, (_, index): Line => {
  const high = (3 + index).toString(16).toUpperCase();
  const table = index + 1;
  return [
    `C3 ${high}1..${high}A`,
    [`day table ${table}, start and tariff of a period`, `第${table}日时段表时段起始时间及费率号`],
    `x_day_table_${table}*`,
    '',
    digits(3),
    'RW',
  ];
});

const PARAMETERS: readonly Line[] = [
  ['C0 10', ['date and weekday', '日期及周次'], 'x_clock_date', '', time('YYMMDDWW'), 'RW'],
  ['C0 11', ['time', '时间'], 'x_clock_time', '', time('hhmmss'), 'RW'],
  ['C0 20', ['run status', '电表运行状态字'], 'x_status_run', '', bits(1), 'RW'],
  ['C0 21', ['grid status', '电网状态字'], 'x_status_grid', '', bits(1), 'RW'],
  ['C0 22', ['week-rest days', '周休日状态字'], 'x_week_rest', '', bits(1), 'RW'],
  [
    'C0 30',
    ['active meter constant', '电表常数(有功)'],
    'x_constant_active',
    'imp/kWh',
    COUNT,
    'RW',
  ],
  [
    'C0 31',
    ['reactive meter constant', '电表常数(无功)'],
    'x_constant_reactive',
    'imp/kvarh',
    COUNT,
    'RW',
  ],
  ['C0 32', ['meter number', '表号'], 'x_meter_number', '', digits(6), 'RW'],
  ['C0 33', ['customer number', '用户号'], 'x_customer_number', '', digits(6), 'RW'],
  ['C0 34', ['device number', '设备码'], 'x_device_number', '', digits(6), 'RW'],
  ['C1 11', ['demand period', '最大需量周期'], 'x_demand_period', 'min', PAIR, 'RW'],
  ['C1 12', ['demand sliding step', '滑差时间'], 'x_demand_step', 'min', PAIR, 'RW'],
  ['C1 13', ['seconds per screen', '循显时间'], 'x_screen_seconds', 's', PAIR, 'RW'],
  ['C1 14', ['seconds a screen is held', '停显时间'], 'x_screen_hold_seconds', 's', PAIR, 'RW'],
  ['C1 15', ['decimals of energy shown', '显示电能小数位数'], 'x_energy_decimals', '', PAIR, 'RW'],
  ['C1 16', ['decimals of power shown', '显示功率小数位数'], 'x_power_decimals', '', PAIR, 'RW'],
  ['C1 17', ['automatic reading day', '自动抄表日期'], 'x_reading_day', '', time('DDhh'), 'RW'],
  ['C1 18', ['load representative day', '负荷代表日'], 'x_load_day', '', PAIR, 'RW'],
  [
    'C1 19',
    ['active start reading', '有功电能起始读数'],
    'x_energy_active_start',
    'kWh',
    number('XXXXXXX.X'),
    'RW',
  ],
  [
    'C1 1A',
    ['reactive start reading', '无功电能起始读数'],
    'x_energy_reactive_start',
    'kvarh',
    number('XXXXXXX.X'),
    'RW',
  ],
  ['C2 11', ['pulse width', '输出脉冲宽度'], 'x_pulse_width', 'ms', TIMES, 'RW'],
  ['C3 10', ['year zones', '年时区数'], 'x_year_zones', '', PAIR, 'RW'],
  ['C3 11', ['day tables', '日时段表数'], 'x_day_tables', '', PAIR, 'RW'],
  ['C3 12', ['periods of a day', '日时段数'], 'x_day_periods', '', PAIR, 'RW'],
  ['C3 13', ['tariffs', '费率数'], 'x_tariffs', '', PAIR, 'RW'],
  ['C3 14', ['public holidays', '公共假日数'], 'x_holidays', '', PAIR, 'RW'],
  [
    'C3 21..2E',
    ['year zone, start and day table', '年时区起始日期及日时段表号'],
    'x_year_zone*',
    '',
    digits(3),
    'RW',
  ],
  ...DAY_TABLES,
  [
    'C4 11..1D',
    ['holiday, date and day table', '公共假日日期及日时段表号'],
    'x_holiday*',
    '',
    digits(3),
    'RW',
  ],
  [
    'C4 1E',
    ['day table of week-rest days', '周休日日时段表号'],
    'x_rest_day_table',
    '',
    PAIR,
    'RW',
  ],
  [
    'C5 10',
    ['start of the load record', '负荷记录起始时间'],
    'x_load_record_start',
    '',
    DAY_TIME,
    'RW',
  ],
  [
    'C5 11',
    ['interval of the load record', '负荷记录间隔时间'],
    'x_load_record_interval',
    'min',
    TIMES,
    'RW',
  ],
];

const PASSWORD: Row = {
  pattern: 'C2 12',
  label: { en: 'password', zh: '密码' },
  source: AGREED,
  access: 'W',
  fields: [],
  carries: 'secret',
};

/** Every row, in the order of the identifiers' classes. */
export const ROWS_1997: readonly Row[] = [
  ...[...ENERGIES, ...DEMANDS, ...VENDOR, ...VARIABLES, ...PARAMETERS].map(toRow),
  PASSWORD,
];
