import { SHOWN } from '../core/slave.ts';
import { type Calendar, SLOT_MS } from './calendar.ts';
import { createCurve, type SlotLoad } from './curve.ts';
import { createDemand } from './demand.ts';
import { createDemandDisplay, kilo } from './demand-registers.ts';
import { createDerivedEnergy, DERIVED } from './derived-energy.ts';
import { createEnergy } from './energy.ts';
import { createEnergyDisplay } from './energy-registers.ts';
import type { Events } from './events.ts';
import { createNameplate } from './nameplate.ts';
import type { PhasesOf } from './phases.ts';
import { createPrepayment, PREPAID } from './prepayment.ts';
import type { Look } from './shown.ts';
import { showStatus } from './status.ts';
import { showVariables } from './variables.ts';
import { createVoltageQuality } from './voltage-quality.ts';
import { showWaveforms } from './waveform.ts';

const PRESENT_DEMAND = /demand_\w+_present$/;
const REACTIVE_MINUTE = new RegExp(`^${SHOWN.reactivePowerOfMinute}$`);
const WAVEFORM = /_(harmonic|distortion)_/;
const STATUS = new RegExp(`^${SHOWN.statusWord}`);
const VOLTAGE_QUALITY = new RegExp(`^${SHOWN.voltageQuality}`);

export interface LookOptions extends PhasesOf {
  readonly solar: boolean;
  readonly calendar: Calendar;
  readonly events: Events;
}

/** Many registers are asked for one moment; the work for it is done once. */
function onceAMoment<Made>(make: (at: number) => Made): (at: number) => Made {
  let last: { readonly at: number; readonly made: Made } | null = null;
  return (at) => {
    if (last?.at !== at) last = { at, made: make(at) };
    return last.made;
  };
}

function showPresentDemand({ activeMilliwatts, reactiveMillivars }: SlotLoad): Map<string, string> {
  return new Map([
    [SHOWN.demandActive, kilo(activeMilliwatts)],
    [SHOWN.demandReactive, kilo(reactiveMillivars)],
    [SHOWN.demandApparent, kilo(Math.round(Math.hypot(activeMilliwatts, reactiveMillivars)))],
  ]);
}

export function createLook({ kind, seed, solar, calendar, events }: LookOptions): Look {
  const curve = createCurve({ kind, seed, solar });
  const demand = createDemand(curve, calendar);
  const nameplate = createNameplate(kind, seed);
  const showEnergy = createEnergyDisplay({ kind, seed });
  const showDemand = createDemandDisplay({ kind, seed }, demand, calendar);

  const loadAt = (at: number) => {
    const day = calendar.day(calendar.indexOf(at));
    const slot = Math.floor((at - day.start) / SLOT_MS);
    return curve(day.index, day.wallSlots[slot] ?? 0);
  };
  const energyAt = onceAMoment(createEnergy(curve, calendar));
  const presentDemands = onceAMoment((at) => showPresentDemand(demand.presentAt(at)));
  const waveforms = onceAMoment((at) => showWaveforms({ kind, seed, at }));
  const variables = onceAMoment((at) => showVariables({ kind, seed, load: loadAt(at), at }));
  const statusAt = onceAMoment((at) => showStatus({ events, kind, seed, load: loadAt(at), at }));

  const showCounted: Look = (register, at) =>
    register.includes('energy') ? showEnergy(register, energyAt(at)) : showDemand(register, at);

  /** The first whose pattern fits the name shows it. */
  const showers: readonly (readonly [RegExp, Look])[] = [
    [PREPAID, createPrepayment({ calendar, events, kind, look: showCounted })],
    [REACTIVE_MINUTE, (_, at) => kilo(loadAt(at).reactiveMillivars)],
    [PRESENT_DEMAND, (register, at) => presentDemands(at).get(register) ?? null],
    [DERIVED, createDerivedEnergy(showCounted, calendar)],
    [/energy|demand/, showCounted],
    [WAVEFORM, (register, at) => waveforms(at).get(register) ?? null],
    [STATUS, (register, at) => statusAt(at).get(register) ?? null],
    [VOLTAGE_QUALITY, createVoltageQuality({ kind, seed }, calendar)],
    [/^/, (register, at) => variables(at).get(register) ?? null],
  ];

  return (register, at) => {
    const plate = nameplate.get(register);
    if (plate !== undefined) return plate;
    const found = showers.find(([pattern]) => pattern.test(register));
    return found === undefined ? null : found[1](register, at);
  };
}
