/** Energies, 00. DL/T 645-2007 table A.1; 0B and 90 as prepayment meters of the State Grid have them. */
import { ENERGY, SIGNED_ENERGY } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Label, Row } from './row.ts';

const STANDARD = 'table A.1';

/** One row of energy: the name in the catalogue, the unit, whether the top bit is a sign. */
type Energy = readonly [name: string, unit: string, isSigned: boolean, en: string, zh: string];

const ACTIVE_COMBINED: Energy = [
  'x_energy_active_combined',
  'kWh',
  true,
  'combined active energy',
  '组合有功电能',
];

/** In the order of the identifiers, 01 to 0A, and again for every phase. */
export const KINDS: readonly Energy[] = [
  ['energy_active_import', 'kWh', false, 'active energy import', '正向有功电能'],
  ['energy_active_export', 'kWh', false, 'active energy export', '反向有功电能'],
  ['x_energy_reactive_combined_1', 'kvarh', true, 'combined reactive energy 1', '组合无功1电能'],
  ['x_energy_reactive_combined_2', 'kvarh', true, 'combined reactive energy 2', '组合无功2电能'],
  ['energy_reactive_q1', 'kvarh', false, 'reactive energy quadrant I', '第一象限无功电能'],
  ['energy_reactive_q2', 'kvarh', false, 'reactive energy quadrant II', '第二象限无功电能'],
  ['energy_reactive_q3', 'kvarh', false, 'reactive energy quadrant III', '第三象限无功电能'],
  ['energy_reactive_q4', 'kvarh', false, 'reactive energy quadrant IV', '第四象限无功电能'],
  ['energy_apparent_import', 'kVAh', false, 'apparent energy import', '正向视在电能'],
  ['energy_apparent_export', 'kVAh', false, 'apparent energy export', '反向视在电能'],
];

/** 80 to 86 in total, 94 to 9A and so on by phase. */
const PARTS: readonly Energy[] = [
  ['x_energy_active_related', 'kWh', false, 'related active energy', '关联电能'],
  [
    'x_energy_active_import_fundamental',
    'kWh',
    false,
    'active energy import of the fundamental',
    '正向有功基波电能',
  ],
  [
    'x_energy_active_export_fundamental',
    'kWh',
    false,
    'active energy export of the fundamental',
    '反向有功基波电能',
  ],
  [
    'x_energy_active_import_harmonic',
    'kWh',
    false,
    'active energy import of the harmonics',
    '正向有功谐波电能',
  ],
  [
    'x_energy_active_export_harmonic',
    'kWh',
    false,
    'active energy export of the harmonics',
    '反向有功谐波电能',
  ],
  ['x_energy_copper_loss', 'kWh', false, 'copper loss compensation', '铜损有功电能补偿量'],
  ['x_energy_iron_loss', 'kWh', false, 'iron loss compensation', '铁损有功电能补偿量'],
];

/** The phases stand 14H apart, in energies and in demands. */
export const PHASES = [
  { offset: 0x14, suffix: '_l1', en: 'L1', zh: 'A相' },
  { offset: 0x28, suffix: '_l2', en: 'L2', zh: 'B相' },
  { offset: 0x3c, suffix: '_l3', en: 'L3', zh: 'C相' },
] as const;

export function energyField([name, unit, isSigned, en, zh]: Energy): FieldRow {
  return { name, unit, format: isSigned ? SIGNED_ENERGY : ENERGY, label: { en, zh } };
}

export function inPhase(label: Label, phase: (typeof PHASES)[number]): Label {
  return { en: `${label.en} ${phase.en}`, zh: `${phase.zh}${label.zh}` };
}

function energyRow(pattern: string, field: FieldRow, source = STANDARD): Row {
  return { pattern, label: field.label, source, access: 'R', fields: [field] };
}

function phaseRows(kinds: readonly Energy[], first: number): Row[] {
  return PHASES.flatMap((phase) =>
    kinds.map((kind, index) => {
      const field = energyField(kind);
      const label = inPhase(field.label, phase);
      const ofPhase = { ...field, name: field.name + phase.suffix, label };
      return energyRow(`00 ${hexByte(first + phase.offset + index)} 00 S`, ofPhase);
    }),
  );
}

const PREPAID: readonly Row[] = (
  [
    [
      '00 0B 00 S',
      ['x_energy_active_period', 'kWh', false, 'active energy of the period', '结算周期用电量'],
    ],
    ['00 90 01 00', ['x_energy_remaining', 'kWh', false, 'remaining energy', '剩余电量']],
    ['00 90 01 01', ['x_energy_overdraft', 'kWh', false, 'overdraft energy', '透支电量']],
    ['00 90 02 00', ['x_amount_remaining', 'CNY', false, 'remaining amount', '剩余金额']],
    ['00 90 02 01', ['x_amount_overdraft', 'CNY', false, 'overdraft amount', '透支金额']],
  ] as const
).map(([pattern, kind]) => energyRow(pattern, energyField(kind), 'EXT'));

export const energyRows = (): Row[] => [
  ...[ACTIVE_COMBINED, ...KINDS].map((kind, index) =>
    energyRow(`00 ${hexByte(index)} T S`, energyField(kind)),
  ),
  ...PARTS.map((kind, index) => energyRow(`00 ${hexByte(0x80 + index)} 00 S`, energyField(kind))),
  ...phaseRows(KINDS, 0x01),
  ...phaseRows(PARTS, 0x80),
  ...PREPAID,
];
