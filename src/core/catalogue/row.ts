export type RegisterKind =
  | 'energy'
  | 'power'
  | 'demand'
  | 'voltage'
  | 'current'
  | 'factor'
  | 'frequency'
  | 'angle'
  | 'distortion'
  | 'temperature'
  | 'duration'
  | 'price'
  | 'money';

/** One quantity as the catalogue lists it; `null` where it has no OBIS code of its own. */
export type Row = readonly [
  obis: string | null,
  name: string,
  unit: string,
  kind: RegisterKind,
  en: string,
  zh: string,
];

/** A phase in names, in OBIS codes (value group C is that of the total and this more), in labels. */
export interface Phase {
  readonly suffix: string;
  readonly groupC: number;
  readonly en: string;
  readonly zh: string;
}

export const PHASES: readonly Phase[] = [
  { suffix: '_l1', groupC: 20, en: 'L1', zh: 'A相' },
  { suffix: '_l2', groupC: 40, en: 'L2', zh: 'B相' },
  { suffix: '_l3', groupC: 60, en: 'L3', zh: 'C相' },
];

/** The row of the same quantity in one phase. */
export function inPhase([obis, name, unit, kind, en, zh]: Row, phase: Phase): Row {
  const code = obis?.replace(/:(\d+)\./, (_, group) => `:${Number(group) + phase.groupC}.`) ?? null;
  return [code, `${name}${phase.suffix}`, unit, kind, `${en} ${phase.en}`, `${phase.zh}${zh}`];
}

export const inEachPhase = (row: Row) => PHASES.map((phase) => inPhase(row, phase));
