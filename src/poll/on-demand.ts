/** Reads a meter because somebody asks, ahead of what is due. */
import type { Clock, ClockState } from '../core/clock.ts';
import type { DriverSession } from '../core/driver.ts';
import { AmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import { type MeterModel, resolveRegisters } from '../core/model.ts';
import type { Reading } from '../core/reading.ts';
import type { Register } from '../core/registers.ts';
import type { Store } from '../core/store.ts';
import { readingOf } from './reading-of.ts';
import { repeatRead } from './repeat.ts';

export interface OnDemandMeter {
  readonly model: MeterModel;
  readonly session: DriverSession;
  readonly line: Pick<Line, 'fault'>;
}

export interface OnDemandDeps {
  /** By id. */
  readonly meters: ReadonlyMap<string, OnDemandMeter>;
  readonly store: Store;
  readonly clock: Clock;
  readonly clockState: () => ClockState;
  readonly zone: string;
  /** No further attempt starts after this, and a running one ends. */
  readonly stop: AbortSignal;
  /** After the commit. */
  readonly onStored?: ((reading: Reading) => void) | undefined;
}

/** Further tries of what failed and may succeed. */
const RETRIES = 2;
/** Of the ids that a refusal names. */
const MOST_NAMED = 20;

function unknownMeter(meter: string, { meters }: OnDemandDeps): AmrError {
  const ids = [...meters.keys()];
  const more = ids.length > MOST_NAMED ? ` and ${ids.length - MOST_NAMED} more` : '';
  const named = ids.slice(0, MOST_NAMED).join(', ');
  return new AmrError('CONFIG_INVALID', `no meter ${meter}; there are ${named}${more}`);
}

/** The moments of the questions, no two of one meter alike: they are part of the identity. */
function createSlots({ clock }: OnDemandDeps) {
  const latest = new Map<string, number>();
  return (meter: string): number => {
    const at = Math.max(Math.floor(clock.now()), (latest.get(meter) ?? 0) + 1);
    latest.set(meter, at);
    return at;
  };
}

async function readMeter(
  { session, line }: OnDemandMeter,
  registers: readonly Register[],
  signal: AbortSignal,
) {
  const options = { priority: 'on-demand', signal } as const;
  const result = await repeatRead(registers, {
    retries: RETRIES,
    obstacle: () => (signal.aborted ? new AmrError('BUS_ABORTED', 'given up') : line.fault),
    read: (wanted) => session.read(wanted, options),
  });
  return { ...result, frozenAt: null };
}

/**
 * Reads these registers (OBIS codes, names, groups of the model) and stores the reading, in the
 * stream `live`, also where it is `missing`. Rejects with CONFIG_INVALID for what is not there,
 * naming what is, with GATEWAY_STOPPED, with the signal's reason, and with STORE_ errors.
 */
export function createReadNow(deps: OnDemandDeps) {
  const { meters, store, clock, clockState, zone, stop, onStored } = deps;
  const slotOf = createSlots(deps);

  return async (
    meter: string,
    words: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Reading> => {
    const asked = meters.get(meter);
    if (asked === undefined) throw unknownMeter(meter, deps);
    const registers = resolveRegisters(asked.model, words);
    const at = slotOf(meter);
    const outcome = await readMeter(asked, registers, AbortSignal.any([signal, stop]));
    signal.throwIfAborted();
    if (stop.aborted) throw new AmrError('GATEWAY_STOPPED', 'the gateway was stopped');
    const task = { meter, rev: 0, plan: { kind: 'on-demand' }, slot: { at } } as const;
    const circumstances = { readAt: clock.now(), zone, clockState: clockState() };
    const reading: Reading = { ...readingOf(task, outcome, circumstances), source: 'on-demand' };
    await store.append('live', [JSON.stringify(reading)]);
    onStored?.(reading);
    return reading;
  };
}
