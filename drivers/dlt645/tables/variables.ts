/** Variables, 02. DL/T 645-2007 table A.3; 02 80 00 0B and on as meters of the State Grid have them. */
import type { Format } from '../format.ts';
import { CURRENT, FACTOR, number, PERCENT, POWER, VOLTAGE } from './formats.ts';
import type { FieldRow, Row } from './row.ts';

type Variable = readonly [
  pattern: string,
  name: string,
  unit: string,
  format: Format,
  en: string,
  zh: string,
];

const OF_PHASES: readonly Variable[] = [
  ['02 01 P 00', 'voltage', 'V', VOLTAGE, 'voltage', '电压'],
  ['02 02 P 00', 'current', 'A', CURRENT, 'current', '电流'],
  ['02 03 V 00', 'power_active', 'kW', POWER, 'active power', '有功功率'],
  ['02 04 V 00', 'x_power_reactive', 'kvar', POWER, 'reactive power', '无功功率'],
  ['02 05 V 00', 'power_apparent', 'kVA', POWER, 'apparent power', '视在功率'],
  ['02 06 V 00', 'power_factor', '', FACTOR, 'power factor', '功率因数'],
  ['02 07 P 00', 'x_phase_angle', 'deg', number('XXX.X'), 'phase angle', '相角'],
  ['02 08 P 00', 'x_voltage_distortion', '%', PERCENT, 'voltage distortion', '电压波形失真度'],
  ['02 09 P 00', 'x_current_distortion', '%', PERCENT, 'current distortion', '电流波形失真度'],
  ['02 0A L H', 'x_voltage_harmonic', '%', PERCENT, 'voltage harmonic content', '电压谐波含量'],
  ['02 0B L H', 'x_current_harmonic', '%', PERCENT, 'current harmonic content', '电流谐波含量'],
];

const VOLTS = number('XX.XX');
const PRICE = number('XXXX.XXXX');

const OF_THE_METER: readonly Variable[] = [
  ['02 80 00 01', 'current_n', 'A', CURRENT, 'neutral current', '零线电流'],
  ['02 80 00 02', 'frequency', 'Hz', number('XX.XX'), 'grid frequency', '电网频率'],
  [
    '02 80 00 03',
    'x_power_active_minute',
    'kW',
    POWER,
    'active power of one minute',
    '一分钟有功总平均功率',
  ],
  ['02 80 00 04', 'x_demand_active_present', 'kW', POWER, 'present active demand', '当前有功需量'],
  [
    '02 80 00 05',
    'x_demand_reactive_present',
    'kvar',
    POWER,
    'present reactive demand',
    '当前无功需量',
  ],
  [
    '02 80 00 06',
    'x_demand_apparent_present',
    'kVA',
    POWER,
    'present apparent demand',
    '当前视在需量',
  ],
  [
    '02 80 00 07',
    'x_temperature',
    'degC',
    number('XXX.X', 'signed'),
    'temperature inside the meter',
    '表内温度',
  ],
  ['02 80 00 08', 'x_battery_voltage_clock', 'V', VOLTS, 'clock battery voltage', '时钟电池电压'],
  [
    '02 80 00 09',
    'x_battery_voltage_reading',
    'V',
    VOLTS,
    'voltage of the battery for reading without power',
    '停电抄表电池电压',
  ],
];

const FURTHER: readonly Variable[] = [
  ['02 80 00 0B', 'x_price_step', 'CNY/kWh', PRICE, 'present step price', '当前阶梯电价'],
  // The format of this one is by analogy with its neighbours.
  ['02 80 00 20', 'x_price', 'CNY/kWh', PRICE, 'present price', '当前电价'],
  ['02 80 00 21', 'x_price_tariff', 'CNY/kWh', PRICE, 'present tariff price', '当前费率电价'],
  [
    '02 80 00 25',
    'x_power_reactive_minute',
    'kvar',
    POWER,
    'reactive power of one minute',
    '一分钟无功总平均功率',
  ],
];

function variableRow([pattern, name, unit, format, en, zh]: Variable, source: string): Row {
  const field: FieldRow = { name, unit, format, label: { en, zh } };
  return { pattern, label: field.label, source, access: 'R', fields: [field] };
}

const BATTERY: Row = variableRow(
  [
    '02 80 00 0A',
    'x_battery_minutes',
    'min',
    number('XXXXXXXX'),
    'working time of the internal battery',
    '内部电池工作时间',
  ],
  'table A.3',
);

/** Some meters send three bytes of it. */
const shorter = BATTERY.fields.map((field) => ({ ...field, format: number('XXXXXX') }));

export const variableRows = (): Row[] => [
  ...[...OF_PHASES, ...OF_THE_METER].map((variable) => variableRow(variable, 'table A.3')),
  { ...BATTERY, layouts: [shorter] },
  ...FURTHER.map((variable) => variableRow(variable, 'EXT')),
];
