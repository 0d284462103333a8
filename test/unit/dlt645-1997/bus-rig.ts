import pino from 'pino';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { createSlave1997, type Slave1997Options } from '../../../drivers/dlt645/v1997/sim.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { ReadResult } from '../../../src/core/driver.ts';
import type { Line } from '../../../src/core/line.ts';
import type { CreateSlave, JournalEntry } from '../../../src/core/slave.ts';
import { createSimLine } from '../../../src/sim/line.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { model97 } from './wire.ts';

export interface RigOptions {
  readonly meters?: readonly string[];
  readonly createSlave?: CreateSlave;
  readonly slave?: Pick<Slave1997Options, 'partBytes' | 'repeatsWildcard'>;
  readonly blocks?: string[];
}

/** A real bus on a simulated line of 1200 baud with meters of 1997, in virtual time. */
export function createBusRig(options: RigOptions = {}) {
  const { meters = ['123456789012'], slave = {}, blocks = ['901F', '902F'] } = options;
  const clock = createVirtualClock();
  const journal: JournalEntry[] = [];
  const simLine = createSimLine({
    clock,
    createSlave: options.createSlave ?? ((own) => createSlave1997({ ...own, ...slave })),
    baudRate: 1200,
    meters: meters.map((address, index) => ({
      address,
      display: createDisplay({ clock, kind: 'three', seed: index, zone: 'Asia/Shanghai' }),
    })),
    onAnswer: (entry) => journal.push(entry),
  });
  const line: Line = {
    info: { kind: 'serial', address: '/dev/simulated', baudRate: 1200, bitsPerByte: 11 },
    fault: null,
    onData: (listener) => simLine.attach({ write: listener }),
    write: async (bytes) => simLine.receive(bytes),
    restart: () => undefined,
    whenUp: async () => undefined,
  };
  const settings = { name: 'test', latencyMs: 50, turnaroundMs: 2 };
  const bus = createBus(settings, { line, clock, log: pino({ level: 'silent' }) });

  /** The outcome of what takes time, by letting the time pass. */
  async function settled<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const end = () => {
      state.isDone = true;
    };
    work.then(end, end);
    while (!state.isDone) await clock.advance(100);
    return await work;
  }

  return {
    bus,
    clock,
    journal,
    line: simLine,
    settled,
    sessionOf: (address: string) =>
      dlt645v1997.open(bus, { address: address, model: model97(blocks) }, sessionDeps()),
  };
}

export const shownBy = ({ values }: ReadResult) =>
  Object.fromEntries(
    values.map(({ register, value }) => [
      register.name,
      value === null ? null : formatDecimal(value),
    ]),
  );
