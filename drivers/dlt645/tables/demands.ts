/** Maximum demands with the moment of each, 01. DL/T 645-2007 table A.2. */
import { energyField, inPhase, KINDS, PHASES } from './energies.ts';
import { DEMAND, MINUTE, SIGNED_DEMAND } from './formats.ts';
import { hexByte } from './patterns.ts';
import type { FieldRow, Row } from './row.ts';

/** The maximum demand of each energy, 01 to 0A. */
export const DEMAND_FIELDS: readonly FieldRow[] = KINDS.map((kind) => {
  const { name, unit, label } = energyField(kind);
  const [, , isSigned] = kind;
  return {
    name: `${name.replace('energy', 'demand')}_max`,
    unit: unit.replace(/h$/, ''),
    format: isSigned ? SIGNED_DEMAND : DEMAND,
    time: MINUTE,
    label: { en: `maximum demand of ${label.en}`, zh: label.zh.replace(/电能$/, '最大需量') },
  };
});

function demandRow(pattern: string, field: FieldRow): Row {
  return { pattern, label: field.label, source: 'table A.2', access: 'R', fields: [field] };
}

export const demandRows = (): Row[] => [
  ...DEMAND_FIELDS.map((field, index) => demandRow(`01 ${hexByte(index + 1)} T S`, field)),
  ...PHASES.flatMap((phase) =>
    DEMAND_FIELDS.map((field, index) =>
      demandRow(`01 ${hexByte(phase.offset + index + 1)} 00 S`, {
        ...field,
        name: field.name + phase.suffix,
        label: inPhase(field.label, phase),
      }),
    ),
  ),
];
