import { TARIFF_ENERGIES } from './energies.ts';
import { inEachPhase, type Row } from './row.ts';

/** The maximum demand of what an energy register counts: group D is 6 where that has 8. */
function maximumDemand([obis, name, unit, , en, zh]: Row): Row {
  return [
    obis?.replace('.8.', '.6.') ?? null,
    `${name.replace('energy', 'demand')}_max`,
    unit.replace(/h$/, ''),
    'demand',
    `maximum demand of ${en}`,
    zh.replace(/电能$/, '最大需量'),
  ];
}

/** Kept by tariff. Of the combined active energy no demand is kept. */
export const TARIFF_DEMANDS: readonly Row[] = TARIFF_ENERGIES.filter(
  ([, name]) => name !== 'x_energy_active_combined',
).map(maximumDemand);

export const PHASE_DEMANDS: readonly Row[] = TARIFF_DEMANDS.flatMap(inEachPhase);

/** The demand of the running period. */
export const PRESENT_DEMANDS: readonly Row[] = [
  [null, 'x_demand_active_present', 'kW', 'demand', 'present active demand', '当前有功需量'],
  [null, 'x_demand_reactive_present', 'kvar', 'demand', 'present reactive demand', '当前无功需量'],
  [null, 'x_demand_apparent_present', 'kVA', 'demand', 'present apparent demand', '当前视在需量'],
];
