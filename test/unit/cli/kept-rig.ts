import pino from 'pino';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { type Kept, type KeptOptions, readKept } from '../../../src/cli/read-kept.ts';
import type { Line } from '../../../src/core/line.ts';
import { findRegister } from '../../../src/core/registers.ts';
import type { JournalEntry } from '../../../src/core/slave.ts';
import type { Fault } from '../../../src/sim/faults.ts';
import { createSimLine } from '../../../src/sim/line.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { modelWith } from '../dlt645/fake-bus.ts';

const METER = '123456789012';
const ZONE = 'Asia/Shanghai';

/** What `amr read` reads of one simulated meter of 2007 that suffers a fault, in virtual time. */
export function createKeptRig({ fault, seed = 5 }: { fault: Fault | null; seed?: number }) {
  const clock = createVirtualClock(Date.parse('2026-11-23T12:07:30+08:00'));
  const journal: JournalEntry[] = [];
  const simLine = createSimLine({
    clock,
    createSlave: createDlt645Slave,
    baudRate: 9600,
    seed,
    meters: [
      { address: METER, display: createDisplay({ clock, kind: 'three', seed, zone: ZONE }) },
    ],
    onAnswer: (entry) => journal.push(entry),
  });
  simLine.setFault(METER, fault);
  const line: Line = {
    info: { kind: 'serial', address: '/dev/simulated', baudRate: 9600, bitsPerByte: 11 },
    fault: null,
    onData: (listener) => simLine.attach({ write: listener }),
    write: async (bytes) => simLine.receive(bytes),
    restart: () => undefined,
    onFault: () => undefined,
    configure: async () => false,
    whenUp: async () => undefined,
  };
  const settings = { name: 'test', latencyMs: 50, turnaroundMs: 2 };
  const bus = createBus(settings, { line, clock, log: pino({ level: 'silent' }) });
  const session = dlt645.open(bus, { address: METER, model: modelWith([]) }, sessionDeps());

  return {
    journal,
    async read(options: KeptOptions, retries: number, names: readonly string[] = []) {
      const registers = names.flatMap((name) => findRegister(name) ?? []);
      const { signal } = new AbortController();
      const state: { kept: Kept | null } = { kept: null };
      const work = readKept(options, { session, registers, retries, clock, zone: ZONE, signal });
      work.then(
        (kept) => {
          state.kept = kept;
        },
        () => undefined,
      );
      for (let turn = 0; state.kept === null && turn < 10_000; turn++) await clock.advance(1000);
      return await work;
    },
  };
}
