import { inEachPhase, type Row } from './row.ts';

/** Counted by tariff: the tariff takes the place of the last group, 1-0:1.8.1 is tariff 1. */
export const TARIFF_ENERGIES: readonly Row[] = [
  ['1-0:1.8.0', 'energy_active_import', 'kWh', 'energy', 'active energy import', '正向有功电能'],
  ['1-0:2.8.0', 'energy_active_export', 'kWh', 'energy', 'active energy export', '反向有功电能'],
  [
    '1-0:5.8.0',
    'energy_reactive_q1',
    'kvarh',
    'energy',
    'reactive energy quadrant I',
    '第一象限无功电能',
  ],
  [
    '1-0:6.8.0',
    'energy_reactive_q2',
    'kvarh',
    'energy',
    'reactive energy quadrant II',
    '第二象限无功电能',
  ],
  [
    '1-0:7.8.0',
    'energy_reactive_q3',
    'kvarh',
    'energy',
    'reactive energy quadrant III',
    '第三象限无功电能',
  ],
  [
    '1-0:8.8.0',
    'energy_reactive_q4',
    'kvarh',
    'energy',
    'reactive energy quadrant IV',
    '第四象限无功电能',
  ],
  [
    '1-0:9.8.0',
    'energy_apparent_import',
    'kVAh',
    'energy',
    'apparent energy import',
    '正向视在电能',
  ],
  [
    '1-0:10.8.0',
    'energy_apparent_export',
    'kVAh',
    'energy',
    'apparent energy export',
    '反向视在电能',
  ],
  // What these three add up depends on the meter's combination words, so no plain code fits.
  [null, 'x_energy_active_combined', 'kWh', 'energy', 'combined active energy', '组合有功电能'],
  [
    null,
    'x_energy_reactive_combined_1',
    'kvarh',
    'energy',
    'combined reactive energy 1',
    '组合无功1电能',
  ],
  [
    null,
    'x_energy_reactive_combined_2',
    'kvarh',
    'energy',
    'combined reactive energy 2',
    '组合无功2电能',
  ],
];

/** Shares of the active energy, in total and by phase, without tariffs. */
const PARTS: readonly Row[] = [
  [null, 'x_energy_active_related', 'kWh', 'energy', 'related active energy', '关联总电能'],
  [
    null,
    'x_energy_active_import_fundamental',
    'kWh',
    'energy',
    'active energy import of the fundamental',
    '正向有功基波电能',
  ],
  [
    null,
    'x_energy_active_export_fundamental',
    'kWh',
    'energy',
    'active energy export of the fundamental',
    '反向有功基波电能',
  ],
  [
    null,
    'x_energy_active_import_harmonic',
    'kWh',
    'energy',
    'active energy import of the harmonics',
    '正向有功谐波电能',
  ],
  [
    null,
    'x_energy_active_export_harmonic',
    'kWh',
    'energy',
    'active energy export of the harmonics',
    '反向有功谐波电能',
  ],
  [
    null,
    'x_energy_copper_loss',
    'kWh',
    'energy',
    'copper loss compensation energy',
    '铜损有功电能补偿量',
  ],
  [
    null,
    'x_energy_iron_loss',
    'kWh',
    'energy',
    'iron loss compensation energy',
    '铁损有功电能补偿量',
  ],
];

const PREPAID: readonly Row[] = [
  [
    null,
    'x_energy_active_period',
    'kWh',
    'energy',
    'active energy of the settlement period',
    '结算周期有功用电量',
  ],
  [null, 'x_energy_remaining', 'kWh', 'energy', 'remaining energy', '剩余电量'],
  [null, 'x_energy_overdraft', 'kWh', 'energy', 'overdraft energy', '透支电量'],
  [null, 'x_amount_remaining', 'CNY', 'money', 'remaining amount', '剩余金额'],
  [null, 'x_amount_overdraft', 'CNY', 'money', 'overdraft amount', '透支金额'],
];

/** By phase a meter keeps what it keeps by tariff, except the combined active energy. */
const hasPhases = ([, name]: Row) => name !== 'x_energy_active_combined';

export const PLAIN_ENERGIES: readonly Row[] = [
  ...TARIFF_ENERGIES.filter(hasPhases).flatMap(inEachPhase),
  ...PARTS,
  ...PARTS.flatMap(inEachPhase),
  ...PREPAID,
];
