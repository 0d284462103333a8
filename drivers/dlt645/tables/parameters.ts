/** Parameters, 04 00. DL/T 645-2007 table A.5; EXT as meters of the State Grid have them. */
import type { Format } from '../format.ts';
import { bits, digits, ENERGY, MINUTE, number, text, time, VOLTAGE } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { Row } from './row.ts';
import { CHARACTERISTIC_WORDS, STATUS_WORDS, type Word } from './words.ts';

type Parameter = readonly [
  pattern: string,
  name: string,
  unit: string,
  format: Format,
  en: string,
  zh: string,
];

const NN = number('NN');
const NNNN = number('NNNN');
const PRICE_LIMIT = number('XXXXXX.XX');

function parameter(
  [pattern, name, unit, format, en, zh]: Parameter,
  access: Row['access'],
  source = 'table A.5',
): Row {
  const label = { en, zh };
  return { pattern, label, source, access, fields: [{ name, unit, format, label }] };
}

const SETTABLE: readonly Parameter[] = [
  ['04 00 01 01', 'x_clock_date', '', time('YYMMDDWW'), 'date and weekday', '日期及星期'],
  ['04 00 01 02', 'x_clock_time', '', time('hhmmss'), 'time', '时间'],
  ['04 00 01 03', 'x_demand_period', 'min', NN, 'maximum demand period', '最大需量周期'],
  ['04 00 01 04', 'x_demand_step', 'min', NN, 'sliding time', '滑差时间'],
  ['04 00 01 06', 'x_zone_switch', '', MINUTE, 'switch of zone tables', '两套时区表切换时间'],
  ['04 00 01 07', 'x_day_table_switch', '', MINUTE, 'switch of day tables', '两套日时段表切换时间'],
  ['04 00 02 01', 'x_zones', '', NN, 'zones of the year', '年时区数'],
  ['04 00 02 02', 'x_day_tables', '', NN, 'day tables', '日时段表数'],
  ['04 00 02 03', 'x_periods', '', NN, 'periods of the day', '日时段数'],
  ['04 00 02 04', 'x_tariffs', '', NN, 'tariffs', '费率数'],
  ['04 00 02 05', 'x_holidays', '', NNNN, 'holidays', '公共假日数'],
  ['04 00 02 06', 'x_harmonic_orders', '', NN, 'harmonic orders', '谐波分析次数'],
  ['04 00 03 01', 'x_auto_screens', '', NN, 'screens of the automatic display', '自动循环显示屏数'],
  ['04 00 03 02', 'x_screen_seconds', 's', NN, 'seconds a screen', '每屏显示时间'],
  ['04 00 03 03', 'x_energy_decimals', '', NN, 'decimals of energy shown', '显示电能小数位数'],
  ['04 00 03 04', 'x_power_decimals', '', NN, 'decimals of power shown', '显示功率小数位数'],
  ['04 00 03 05', 'x_key_screens', '', NN, 'screens of the display by key', '按键循环显示屏数'],
  ['04 00 04 01', 'x_address', '', digits(6), 'communication address', '通信地址'],
  ['04 00 04 02', 'x_meter_number', '', digits(6), 'meter number', '表号'],
  ['04 00 04 03', 'x_asset_code', '', text(32), 'asset code', '资产管理编码'],
  [
    '04 00 0A 01',
    'x_load_record_start',
    '',
    time('MMDDhhmm'),
    'load record start',
    '负荷记录起始时间',
  ],
];

const FIXED: readonly Parameter[] = [
  ['04 00 01 05', 'x_pulse_width', 'ms', NNNN, 'calibration pulse width', '校表脉冲宽度'],
  ['04 00 04 04', 'x_rated_voltage', '', text(6), 'rated voltage', '额定电压'],
  ['04 00 04 05', 'x_rated_current', '', text(6), 'rated current', '额定电流/基本电流'],
  ['04 00 04 06', 'x_largest_current', '', text(6), 'largest current', '最大电流'],
  ['04 00 04 07', 'x_accuracy_active', '', text(4), 'active accuracy class', '有功准确度等级'],
  ['04 00 04 08', 'x_accuracy_reactive', '', text(4), 'reactive accuracy class', '无功准确度等级'],
  ['04 00 04 09', 'x_constant_active', 'imp/kWh', number('XXXXXX'), 'active constant', '有功常数'],
  [
    '04 00 04 0A',
    'x_constant_reactive',
    'imp/kvarh',
    number('XXXXXX'),
    'reactive constant',
    '无功常数',
  ],
  ['04 00 04 0B', 'x_model', '', text(10), 'model', '电表型号'],
  ['04 00 04 0C', 'x_production_date', '', text(10), 'production date', '生产日期'],
  ['04 00 04 0D', 'x_protocol_version', '', text(16), 'protocol version', '协议版本号'],
  ['04 80 00 01', 'x_software_version', '', text(32), 'software version', '厂家软件版本号'],
  ['04 80 00 02', 'x_hardware_version', '', text(32), 'hardware version', '厂家硬件版本号'],
  ['04 80 00 03', 'x_vendor_code', '', text(32), 'vendor code', '厂家编号'],
];

const LIMITS: readonly Parameter[] = [
  [
    '04 00 0A 02..07',
    'x_load_record_interval*',
    'min',
    NNNN,
    'load record interval',
    '负荷记录间隔',
  ],
  ['04 00 0B 01..03', 'x_settlement_day*', '', time('DDhh'), 'settlement day', '结算日'],
  [
    '04 00 0E 01',
    'x_power_active_import_limit',
    'kW',
    number('NN.NNNN'),
    'limit of active power import',
    '正向有功功率上限',
  ],
  [
    '04 00 0E 02',
    'x_power_active_export_limit',
    'kW',
    number('NN.NNNN'),
    'limit of active power export',
    '反向有功功率上限',
  ],
  ['04 00 0E 03', 'x_voltage_upper_limit', 'V', VOLTAGE, 'upper limit of voltage', '电压上限值'],
  ['04 00 0E 04', 'x_voltage_lower_limit', 'V', VOLTAGE, 'lower limit of voltage', '电压下限值'],
];

const FURTHER: readonly Parameter[] = [
  ['04 00 01 0C', 'x_clock', '', time('YYMMDDWWhhmmss'), 'date, weekday and time', '日期时间'],
  ['04 00 04 0E', 'x_customer_number', '', digits(6), 'customer number', '客户编号'],
  ['04 00 0F 01', 'x_energy_alarm_1', 'kWh', ENERGY, 'energy alarm 1', '报警电量1限值'],
  ['04 00 0F 02', 'x_energy_alarm_2', 'kWh', ENERGY, 'energy alarm 2', '报警电量2限值'],
  ['04 00 0F 03', 'x_energy_hoard_limit', 'kWh', ENERGY, 'limit of energy bought', '囤积电量限值'],
  ['04 00 0F 04', 'x_energy_overdraft_limit', 'kWh', ENERGY, 'limit of overdraft', '透支电量限值'],
  ['04 00 10 01', 'x_amount_alarm_1', 'CNY', PRICE_LIMIT, 'amount alarm 1', '报警金额1限值'],
  ['04 00 10 02', 'x_amount_alarm_2', 'CNY', PRICE_LIMIT, 'amount alarm 2', '报警金额2限值'],
  [
    '04 00 10 03',
    'x_amount_overdraft_limit',
    'CNY',
    PRICE_LIMIT,
    'limit of the overdraft amount',
    '透支金额限值',
  ],
  [
    '04 00 10 04',
    'x_amount_hoard_limit',
    'CNY',
    PRICE_LIMIT,
    'limit of the amount bought',
    '囤积金额限值',
  ],
  [
    '04 00 10 05',
    'x_amount_close_limit',
    'CNY',
    PRICE_LIMIT,
    'amount from which on the relay may close',
    '合闸允许金额限值',
  ],
  // The meaning of these two is not proven.
  ['04 00 11 01', 'x_run_characteristic', '', NN, 'run characteristic word', '电表运行特征字'],
  ['04 00 13 01', 'x_signal_strength', '', NN, 'signal strength', '无线通信信号强度'],
  ['04 00 12 01', 'x_hourly_freeze_start', '', MINUTE, 'hourly freeze start', '整点冻结起始时间'],
  [
    '04 00 12 02',
    'x_hourly_freeze_interval',
    'min',
    NN,
    'hourly freeze interval',
    '整点冻结时间间隔',
  ],
  ['04 00 12 03', 'x_daily_freeze_time', '', time('hhmm'), 'daily freeze time', '日冻结时间'],
  ['04 00 14 01', 'x_trip_delay', 'min', NNNN, 'relay trip delay', '跳闸延时时间'],
];

function wordRow(
  pattern: string,
  word: Word,
  [en, zh, name = word.name]: readonly [string, string, string?],
): Row {
  const label = { en, zh };
  const fields = [{ name, unit: '', format: bits(1), label, word }];
  return { pattern, label, source: 'table A.5', access: 'RW', fields };
}

const WORDS: readonly Row[] = [
  wordRow('04 00 06 01', CHARACTERISTIC_WORDS.active, [
    'active combination word',
    '有功组合方式特征字',
  ]),
  wordRow('04 00 06 02', CHARACTERISTIC_WORDS.reactive, [
    'reactive combination word 1',
    '无功组合方式1特征字',
    'x_combination_reactive_1',
  ]),
  wordRow('04 00 06 03', CHARACTERISTIC_WORDS.reactive, [
    'reactive combination word 2',
    '无功组合方式2特征字',
    'x_combination_reactive_2',
  ]),
  ...(
    [
      ['infrared', '调制型红外光口'],
      ['optical', '接触式红外光口'],
      ['port_1', '通信口1'],
      ['port_2', '通信口2'],
      ['port_3', '通信口3'],
    ] as const
  ).map(([port, zh], index) =>
    wordRow(`04 00 07 ${hexByte(index + 1)}`, CHARACTERISTIC_WORDS.baud, [
      `baud-rate word, ${port.replace('_', ' ')}`,
      `${zh}通信速率特征字`,
      `x_baud_${port}`,
    ]),
  ),
  wordRow('04 00 08 01', CHARACTERISTIC_WORDS.weekRest, ['week-rest word', '周休日特征字']),
  wordRow('04 00 09 01', CHARACTERISTIC_WORDS.loadRecord, ['load record mode', '负荷记录模式字']),
  wordRow('04 00 09 02', CHARACTERISTIC_WORDS.freeze, ['freeze mode', '冻结数据模式字']),
];

const statusField = (word: Word, index: number) => ({
  name: word.name,
  unit: '',
  format: bits(2),
  label: { en: `run status word ${index + 1}`, zh: `电表运行状态字${index + 1}` },
  word,
});

const STATUS_FIELDS = STATUS_WORDS.map(statusField);
const STATUS: readonly Row[] = [
  ...STATUS_FIELDS.map(
    (field, index): Row => ({
      pattern: `04 00 05 ${hexByte(index + 1)}`,
      label: field.label,
      source: 'table A.5, annex C',
      access: 'R',
      fields: [field],
    }),
  ),
  {
    pattern: '04 00 05 FF',
    label: { en: 'run status words', zh: '电表运行状态字数据块' },
    source: 'table A.5, annex C',
    access: 'R',
    fields: STATUS_FIELDS,
  },
];

/** Conductance, susceptance, resistance, reactance of each phase. */
const LOSS_FACTORS: readonly Row[] = (
  [
    ['_l1', 'L1', 'A相'],
    ['_l2', 'L2', 'B相'],
    ['_l3', 'L3', 'C相'],
  ] as const
).flatMap(([suffix, en, zh], phase) =>
  (
    [
      ['conductance', '电导系数'],
      ['susceptance', '电纳系数'],
      ['resistance', '电阻系数'],
      ['reactance', '电抗系数'],
    ] as const
  ).map(([what, wort], index) =>
    parameter(
      [
        `04 00 0D ${hexByte(phase * 4 + index + 1)}`,
        `x_${what}_factor${suffix}`,
        '',
        number('N.NNN'),
        `${what} factor ${en}`,
        `${zh}${wort}`,
      ],
      'RW',
    ),
  ),
);

const PASSWORDS: Row = {
  pattern: '04 00 0C 01..0A',
  label: { en: 'password of level 0 to 9', zh: '0至9级密码' },
  source: 'table A.5',
  access: 'W',
  fields: [],
  carries: 'secret',
};

const REPORTS: readonly Row[] = (
  [
    ['04 00 15 01', 'x_report_status', 'active-report status word', '主动上报状态字'],
    [
      '04 00 15 03',
      'x_report_reset',
      'reset of the active-report status word',
      '主动上报复位状态字',
    ],
  ] as const
).map(([pattern, name, en, zh], index) =>
  parameter([pattern, name, '', bits(12), en, zh], index === 0 ? 'R' : 'RW', 'EXT'),
);

export const parameterRows = (): Row[] => [
  ...SETTABLE.map((one) => parameter(one, 'RW')),
  ...FIXED.map((one) => parameter(one, 'R')),
  ...STATUS,
  ...WORDS,
  parameter(
    [
      '04 00 08 02',
      'x_week_rest_table',
      '',
      NN,
      'day table of rest days',
      '周休日采用的日时段表号',
    ],
    'RW',
  ),
  ...LIMITS.map((one) => parameter(one, 'RW')),
  PASSWORDS,
  ...LOSS_FACTORS,
  ...FURTHER.map((one) => parameter(one, 'RW', 'EXT')),
  ...REPORTS,
];
