import { inEachPhase, type Row } from './row.ts';

/** Quantities of the present moment. */
const PLAIN: readonly Row[] = [
  ['1-0:32.7.0', 'voltage_l1', 'V', 'voltage', 'voltage L1', 'A相电压'],
  ['1-0:52.7.0', 'voltage_l2', 'V', 'voltage', 'voltage L2', 'B相电压'],
  ['1-0:72.7.0', 'voltage_l3', 'V', 'voltage', 'voltage L3', 'C相电压'],
  ['1-0:31.7.0', 'current_l1', 'A', 'current', 'current L1', 'A相电流'],
  ['1-0:51.7.0', 'current_l2', 'A', 'current', 'current L2', 'B相电流'],
  ['1-0:71.7.0', 'current_l3', 'A', 'current', 'current L3', 'C相电流'],
  ['1-0:91.7.0', 'current_n', 'A', 'current', 'current neutral', '零线电流'],
  ['1-0:16.7.0', 'power_active', 'kW', 'power', 'active power, import positive', '总有功功率'],
  ['1-0:36.7.0', 'power_active_l1', 'kW', 'power', 'active power L1', 'A相有功功率'],
  ['1-0:56.7.0', 'power_active_l2', 'kW', 'power', 'active power L2', 'B相有功功率'],
  ['1-0:76.7.0', 'power_active_l3', 'kW', 'power', 'active power L3', 'C相有功功率'],
  // 3.7.0 and 4.7.0 are one-direction codes; a signed reactive power has none.
  [null, 'x_power_reactive', 'kvar', 'power', 'reactive power, signed', '总无功功率'],
  [null, 'x_power_reactive_l1', 'kvar', 'power', 'reactive power L1, signed', 'A相无功功率'],
  [null, 'x_power_reactive_l2', 'kvar', 'power', 'reactive power L2, signed', 'B相无功功率'],
  [null, 'x_power_reactive_l3', 'kvar', 'power', 'reactive power L3, signed', 'C相无功功率'],
  ['1-0:9.7.0', 'power_apparent', 'kVA', 'power', 'apparent power', '总视在功率'],
  ['1-0:29.7.0', 'power_apparent_l1', 'kVA', 'power', 'apparent power L1', 'A相视在功率'],
  ['1-0:49.7.0', 'power_apparent_l2', 'kVA', 'power', 'apparent power L2', 'B相视在功率'],
  ['1-0:69.7.0', 'power_apparent_l3', 'kVA', 'power', 'apparent power L3', 'C相视在功率'],
  ['1-0:13.7.0', 'power_factor', '', 'factor', 'power factor', '总功率因数'],
  ['1-0:33.7.0', 'power_factor_l1', '', 'factor', 'power factor L1', 'A相功率因数'],
  ['1-0:53.7.0', 'power_factor_l2', '', 'factor', 'power factor L2', 'B相功率因数'],
  ['1-0:73.7.0', 'power_factor_l3', '', 'factor', 'power factor L3', 'C相功率因数'],
  ['1-0:14.7.0', 'frequency', 'Hz', 'frequency', 'frequency', '电网频率'],
];

/** Phase and waveform, of each phase. */
const WAVES: readonly Row[] = [
  [null, 'x_phase_angle', 'deg', 'angle', 'phase angle', '相角'],
  [null, 'x_voltage_distortion', '%', 'distortion', 'voltage distortion', '电压波形失真度'],
  [null, 'x_current_distortion', '%', 'distortion', 'current distortion', '电流波形失真度'],
];

/** Orders of harmonics that a meter measures, 1 being the fundamental. */
export const HARMONICS = 21;

function harmonicsOf([, name, unit, kind, en, zh]: Row): Row[] {
  return Array.from({ length: HARMONICS }, (_, index) => {
    const order = index + 1;
    return [null, `${name}_${order}`, unit, kind, `${en} order ${order}`, `${zh}${order}次`];
  });
}

const HARMONIC_CONTENTS: readonly Row[] = [
  [null, 'x_voltage_harmonic', '%', 'distortion', 'voltage harmonic content', '电压谐波含量'],
  [null, 'x_current_harmonic', '%', 'distortion', 'current harmonic content', '电流谐波含量'],
];

const OF_THE_METER: readonly Row[] = [
  [
    null,
    'x_power_active_minute',
    'kW',
    'power',
    'active power, average of one minute',
    '一分钟有功总平均功率',
  ],
  [
    null,
    'x_power_reactive_minute',
    'kvar',
    'power',
    'reactive power, average of one minute',
    '一分钟无功总平均功率',
  ],
  [null, 'x_temperature', 'degC', 'temperature', 'temperature inside the meter', '表内温度'],
  [null, 'x_battery_voltage_clock', 'V', 'voltage', 'voltage of the clock battery', '时钟电池电压'],
  [
    null,
    'x_battery_voltage_reading',
    'V',
    'voltage',
    'voltage of the battery for reading without power',
    '停电抄表电池电压',
  ],
  [
    null,
    'x_battery_minutes',
    'min',
    'duration',
    'working time of the internal battery',
    '内部电池工作时间',
  ],
  [null, 'x_price_step', 'CNY/kWh', 'price', 'present step price', '当前阶梯电价'],
  [null, 'x_price', 'CNY/kWh', 'price', 'present price', '当前电价'],
  [null, 'x_price_tariff', 'CNY/kWh', 'price', 'present tariff price', '当前费率电价'],
];

export const VARIABLES: readonly Row[] = [
  ...PLAIN,
  ...WAVES.flatMap(inEachPhase),
  ...HARMONIC_CONTENTS.flatMap(inEachPhase).flatMap(harmonicsOf),
  ...OF_THE_METER,
];
