import type { Clock } from '../core/clock.ts';
import type { MeterModel } from '../core/model.ts';
import type { CreateSlave, JournalEntry, MeterDisplay, SlaveOptions } from '../core/slave.ts';
import { type Fault, slaveFaultOf } from './faults.ts';
import type { Random } from './random.ts';

type Peculiarities = Pick<SlaveOptions, 'holes' | 'sunspecModel' | 'sunspecBase'>;

export interface SimMeter extends Peculiarities {
  readonly address: string;
  readonly display: MeterDisplay;
  readonly model?: MeterModel;
  /** Where it is not that of the others. */
  readonly createSlave?: CreateSlave;
  /** FE bytes before an answer; the slave's own number where absent. */
  readonly preamble?: number;
}

/** One meter on the line, with the fault that its next answer will suffer. */
export interface Station {
  /** Bytes whose last bit came at `end`. */
  hear(bytes: Uint8Array, end: number): void;
  silence(ms: number): void;
  setFault(fault: Fault | null): void;
  /** Throws the dice for the echo of one request. */
  isEchoing(): boolean;
}

export interface StationDeps {
  readonly clock: Clock;
  readonly createSlave: CreateSlave;
  /** What the meter's frames travel on. */
  readonly medium: Pick<SlaveOptions, 'kind' | 'byteMs'>;
  readonly onAnswer?: ((entry: JournalEntry) => void) | undefined;
  readonly random: Random;
  /** Puts an answer on the line; `end` is the last bit of the request. */
  readonly say: (answer: Uint8Array, end: number, fault: Fault | null) => void;
}

export function createStation(meter: SimMeter, deps: StationDeps): Station {
  const { random } = deps;
  let configured: Fault | null = null;
  let next: Fault | null = null;
  let told: Pick<JournalEntry, 'item' | 'values'> = { item: '', values: {} };

  const { createSlave = deps.createSlave, ...identity } = meter;
  const slave = createSlave({
    ...identity,
    ...deps.medium,
    onAnswer: (item, values) => {
      told = { item, values };
    },
  });
  const strikes = (fault: Fault | null) =>
    fault !== null && random.fraction() < (fault.probability ?? 1);
  // The slave must know beforehand, so the dice fall one answer ahead.
  const prepare = () => {
    next = strikes(configured) ? configured : null;
    slave.setFault(slaveFaultOf(next?.name ?? null));
  };
  const record = () => {
    const fault = next === null ? {} : { fault: next.name };
    deps.onAnswer?.({ at: deps.clock.now(), meter: meter.address, ...told, ...fault });
  };

  return {
    hear(bytes, end) {
      const answer = slave.receive(bytes);
      if (answer === null) return;
      if (next?.name !== 'silent') record();
      deps.say(answer, end, next);
      prepare();
    },
    silence: (ms) => slave.silence(ms),
    setFault(fault) {
      configured = fault;
      prepare();
    },
    isEchoing: () => configured?.name === 'echo' && strikes(configured),
  };
}
