import { decimal, formatDecimal } from '../core/decimal.ts';
import { formatInstant } from '../core/zoned-time.ts';
import type { Calendar } from './calendar.ts';
import type { Demand, Peak } from './demand.ts';
import { parseEnergyWord } from './energy-registers.ts';
import { type PhasesOf, phaseShare } from './phases.ts';

/** Shown as the time of a demand that never was. */
export const NEVER = '0000-00-00T00:00:00';

/** `demand_active_import_max`, `…_max_t1`, `…_max_l1`, each with `_at` behind it for its time. */
const WORD = /^(x_)?demand_(\w+?)_max(_[tl]\d+)?(_at)?$/;

/** Power with four decimals, as the meter cuts it. */
export function kilo(milli: number): string {
  return formatDecimal(decimal(Math.trunc(milli / 100), 4));
}

/**
 * Shows the maximum demand of the month that ends at, or goes on at, the given moment; `null`
 * where the meter keeps no such demand.
 */
export function createDemandDisplay(phases: PhasesOf, demand: Demand, calendar: Calendar) {
  const peakOf = (word: string, at: number): Peak | null => {
    const energy = parseEnergyWord(word, phases.kind);
    // The sum of two directions has no demand of its own.
    if (energy === null || energy.channels.length > 1) return null;
    const [channel] = energy.channels;
    if (channel === undefined) return { milliwatts: 0, at: null };
    const from = calendar.firstOfMonth(calendar.indexOf(at - 1)).start;
    const peak = demand.peakOf(channel, energy.tariff, { from, to: at });
    if (energy.phase === 0) return peak;
    const share = phaseShare(BigInt(peak.milliwatts), energy.phase, phases);
    return share === null ? null : { ...peak, milliwatts: Number(share) };
  };

  return (register: string, at: number): string | null => {
    const match = WORD.exec(register);
    if (match === null) return null;
    const [, x = '', name = '', place = '', time] = match;
    const peak = peakOf(`${x}energy_${name}${place}`, at);
    if (peak === null) return null;
    if (time === undefined) return kilo(peak.milliwatts);
    return peak.at === null ? NEVER : formatInstant(peak.at, calendar.zone).slice(0, 19);
  };
}
