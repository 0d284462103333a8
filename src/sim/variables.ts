import { decimal, formatDecimal } from '../core/decimal.ts';
import { SHOWN } from '../core/slave.ts';
import type { MeterKind, SlotLoad } from './curve.ts';
import { shareOut } from './phases.ts';
import { between } from './random.ts';
import { STEADY_MS } from './waveform.ts';

/** Voltages, currents, powers, factors and frequency that fit one another and the load. */
export interface VariablesOf {
  readonly kind: MeterKind;
  readonly seed: number;
  readonly load: SlotLoad;
  readonly at: number;
}

interface Branch {
  readonly activeMilliwatts: number;
  readonly reactiveMillivars: number;
  readonly apparentMillivoltamperes: number;
}

function branchOf(activeMilliwatts: number, reactiveMillivars: number): Branch {
  const apparent = Math.round(Math.hypot(activeMilliwatts, reactiveMillivars));
  return { activeMilliwatts, reactiveMillivars, apparentMillivoltamperes: apparent };
}

/** The load shared out to the phases; the shares add up to it. */
function phasesOf({ kind, seed, load }: VariablesOf): Branch[] {
  const reactive = shareOut(load.reactiveMillivars, { kind, seed });
  return shareOut(load.activeMilliwatts, { kind, seed }).map((active, index) =>
    branchOf(active, reactive[index] ?? 0),
  );
}

/** 215 to 235 V; falls a little under load. */
function decivoltsOf({ seed, at }: VariablesOf, phase: number, branch: Branch): number {
  const noise = between(-25, 25, seed, 6, phase, Math.floor(at / STEADY_MS));
  const drop = Math.min(Math.trunc(Math.abs(branch.activeMilliwatts) / 100_000), 50);
  return Math.min(Math.max(2280 - drop + noise, 2150), 2350);
}

const HOUR_MS = 3_600_000;

const cut = (count: number, decimals: number) =>
  formatDecimal(decimal(Math.trunc(count), decimals));

function factorOf({ activeMilliwatts, apparentMillivoltamperes }: Branch): string {
  if (apparentMillivoltamperes === 0) return '1.000';
  return cut((activeMilliwatts * 1000) / apparentMillivoltamperes, 3);
}

function putPowers(shown: Map<string, string>, branch: Branch, place: string): void {
  shown.set(`power_active${place}`, cut(branch.activeMilliwatts / 100, 4));
  shown.set(`x_power_reactive${place}`, cut(branch.reactiveMillivars / 100, 4));
  shown.set(`power_apparent${place}`, cut(branch.apparentMillivoltamperes / 100, 4));
  shown.set(`power_factor${place}`, factorOf(branch));
}

/** Tenths of a degree by which the current is behind the voltage, 0 to 359.9. */
function angleOf({ activeMilliwatts, reactiveMillivars }: Branch): number {
  const tenths = Math.round((Math.atan2(reactiveMillivars, activeMilliwatts) * 1800) / Math.PI);
  return (tenths + 3600) % 3600;
}

/** What flows back: all of it with one phase, the vector sum of three at 120 degrees. */
function neutralOf(milliamperes: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = milliamperes;
  if (milliamperes.length === 1) return a;
  return Math.sqrt(Math.max(a * a + b * b + c * c - a * b - b * c - c * a, 0));
}

/** Register name -> digits of everything but energy. */
export function showVariables(of: VariablesOf): Map<string, string> {
  const shown = new Map<string, string>();
  const milliamperes: number[] = [];
  for (const [index, branch] of phasesOf(of).entries()) {
    const place = `_l${index + 1}`;
    const decivolts = decivoltsOf(of, index, branch);
    const current = Math.trunc((branch.apparentMillivoltamperes * 10) / decivolts);
    milliamperes.push(current);
    shown.set(`voltage${place}`, cut(decivolts, 1));
    shown.set(`current${place}`, cut(current, 3));
    putPowers(shown, branch, place);
    shown.set(`${SHOWN.angle}${place}`, cut(angleOf(branch), 1));
  }
  putPowers(shown, branchOf(of.load.activeMilliwatts, of.load.reactiveMillivars), '');
  shown.set('current_n', cut(neutralOf(milliamperes), 3));
  const drift = between(-4, 4, 7, Math.floor(of.at / STEADY_MS));
  shown.set('frequency', cut(5000 + drift, 2));
  shown.set(SHOWN.powerOfMinute, cut(of.load.activeMilliwatts / 100, 4));
  shown.set(SHOWN.temperature, cut(between(180, 320, of.seed, 8, Math.floor(of.at / HOUR_MS)), 1));
  return shown;
}
