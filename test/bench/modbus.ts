/*
 * Polls a second over Modbus TCP, one under way, against one slave in a process of its own: a poll
 * is one request for ten registers, `measured` through the gateway's bus, `baseline` by bare
 * modbus-serial. They take turns, so that what else the machine does meets both. `reads` are whole
 * reads of a meter, one such request each, from the names of its registers to their values.
 *
 * `rtu` is how close a line of 9600 baud comes to its limit: 10 bits x (request + answer bytes) /
 * baud + answer delay + the 3.5 characters of silence that the standard wants before a request.
 * `requests` are those for the registers of one meter. Exits 1 where a bound is missed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { modbus } from '../../drivers/modbus/driver.ts';
import { createLink, gapMs } from '../../drivers/modbus/link.ts';
import { buildSimLine } from '../../src/cli/sim.ts';
import { loadModels } from '../../src/config/models.ts';
import { busSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { DriverSession } from '../../src/core/driver.ts';
import { resolveRegisters } from '../../src/core/model.ts';
import { findRegister, type Register } from '../../src/core/registers.ts';
import { transmitMs } from '../../src/core/transport.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { modbusSerialTcp } from '../support/modbus-serial.ts';
import { openBus } from '../support/open-bus.ts';
import { sessionDeps } from '../support/session-deps.ts';
import { modelOf } from '../unit/modbus/fake-meter.ts';
import type { BenchOptions, Figures } from './run.ts';

const WARM_UP = 4;
const ROUNDS = 11;
const POLLS = 2000;
const UNIT = 1;
/** One request for all of them. */
const POLLED = [
  'energy_active_import',
  'energy_active_export',
  'voltage_l1',
  'voltage_l2',
  'voltage_l3',
  'current_l1',
  'current_l2',
  'current_l3',
  'power_active',
  'frequency',
];

const LEAST_RATIO = 1;
const LEAST_RTU = 0.98;
const BAUD = 9600;
const RTU_ROUNDS = 20;
const RTU_MODEL = 'eastron-sdm630';
/** Thirty registers. */
const RTU_WORDS = [
  'instant',
  'energy',
  'power-reactive',
  'power_apparent',
  'power_apparent_l1',
  'power_apparent_l2',
  'power_apparent_l3',
  'x_phase_angle_l1',
  'x_phase_angle_l2',
  'x_phase_angle_l3',
  'current_n',
  'x_energy_active_combined',
];
const ANSWER_DELAY_MS = 20;

const options = { priority: 'curve', signal: new AbortController().signal } as const;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

async function startSlave() {
  const file = fileURLToPath(new URL('../support/modbus-tcp-slave.ts', import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { port: Number(line), stop };
}

/** Fails where anything could not be read: then nothing was measured. */
async function readAll(session: DriverSession, registers: readonly Register[]) {
  const { values, failures } = await session.read(registers, options);
  const [failure] = failures;
  if (failure !== undefined) throw failure.error;
  return values;
}

async function perSecond(poll: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  for (let done = 0; done < POLLS; done++) await poll();
  return (POLLS * 1000) / (performance.now() - startedAt);
}

/** The same ten registers in three ways. */
async function createPolls(port: number) {
  const modbusTcp = { host: '127.0.0.1', port };
  const { bus, close } = await openBus(busSchema.parse({ modbusTcp }));
  const sources = POLLED.map((name, at) => [name, { at, type: 'u16' }]);
  const model = modelOf(Object.fromEntries(sources), { table: 'holding' });
  const session = modbus.open(bus, { address: String(UNIT), model }, sessionDeps());
  const registers = POLLED.flatMap((name) => findRegister(name) ?? []);
  const link = createLink(bus, UNIT, systemClock);
  const client = await modbusSerialTcp(port, UNIT);
  const request = { table: 'holding', address: 0, quantity: POLLED.length } as const;
  return {
    counters: bus.counters,
    ours: () => link.read(request, options),
    bare: () => client.readHoldingRegisters(request.address, request.quantity),
    reads: () => readAll(session, registers),
    async close() {
      await client.stop();
      await close();
    },
  };
}

async function measureTcp(say: BenchOptions['say']) {
  const slave = await startSlave();
  const { ours, bare, reads, counters, close } = await createPolls(slave.port);
  const rounds: { measured: number; baseline: number; reads: number }[] = [];
  for (let round = 1 - WARM_UP; round <= ROUNDS; round++) {
    const one = {
      measured: await perSecond(ours),
      baseline: await perSecond(bare),
      reads: await perSecond(reads),
    };
    const said = Object.entries(one).map(([name, rate]) => `${name} ${Math.round(rate)}/s`);
    say(`round ${round}: ${said.join(', ')}`);
    if (round > 0) rounds.push(one);
  }
  const { exchanges } = counters;
  if (exchanges !== 2 * (ROUNDS + WARM_UP) * POLLS) throw new Error(`${exchanges} requests`);
  await close();
  await slave.stop();
  const of = (figure: (round: (typeof rounds)[number]) => number) => median(rounds.map(figure));
  return {
    ratio: Number(of(({ measured, baseline }) => measured / baseline).toFixed(3)),
    measured: Math.round(of(({ measured }) => measured)),
    baseline: Math.round(of(({ baseline }) => baseline)),
    reads: Math.round(of((round) => round.reads)),
  };
}

/** The line of the simulated meter, 8N1. */
const RTU_LINE = { kind: 'serial', address: '', baudRate: BAUD, bitsPerByte: 10 } as const;

async function measureRtu(say: BenchOptions['say']) {
  const model = (await loadModels()).get(RTU_MODEL);
  if (model === undefined) throw new Error(`the model ${RTU_MODEL} is gone`);
  const settings = { model: RTU_MODEL, meters: 1, baudRate: BAUD, answerDelayMs: ANSWER_DELAY_MS };
  const line = await buildSimLine(settings);
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  const tcp = { host: '127.0.0.1', port: served.port, baudRate: BAUD };
  const { bus, trace, close } = await openBus(busSchema.parse({ tcp }));
  const [address = ''] = line.addresses;
  const session = modbus.open(bus, { address, model }, sessionDeps());
  const registers = resolveRegisters(model, RTU_WORDS);
  const passed = () => trace.entries().reduce((sum, { bytes }) => sum + bytes.length, 0);

  await readAll(session, registers);
  const [requestsBefore, bytesBefore] = [bus.counters.exchanges, passed()];
  const rounds: number[] = [];
  for (let round = 1; round <= RTU_ROUNDS; round++) {
    const startedAt = performance.now();
    await readAll(session, registers);
    rounds.push(performance.now() - startedAt);
    say(`RTU round ${round} of ${RTU_ROUNDS}`);
  }
  const measuredMs = median(rounds);
  const requests = (bus.counters.exchanges - requestsBefore) / RTU_ROUNDS;
  const bytes = (passed() - bytesBefore) / RTU_ROUNDS;
  await close();
  line.close();
  await served.close();
  const limitMs = transmitMs(bytes, RTU_LINE) + requests * (ANSWER_DELAY_MS + gapMs(RTU_LINE));
  return {
    ratio: Number((limitMs / measuredMs).toFixed(4)),
    measuredMs: Number(measuredMs.toFixed(2)),
    limitMs: Number(limitMs.toFixed(2)),
    gapMs: Number(gapMs(RTU_LINE).toFixed(3)),
    bytes,
    requests,
    registers: registers.length,
  };
}

export async function run({ say }: BenchOptions): Promise<Figures> {
  const { reads, ...tcp } = await measureTcp(say);
  const { requests, registers, ...rtu } = await measureRtu(say);
  if (tcp.ratio < LEAST_RATIO || rtu.ratio < LEAST_RTU) process.exitCode = 1;
  return {
    bench: 'modbus',
    ...tcp,
    conditions: {
      unit: 'polls a second, median',
      rounds: ROUNDS,
      polls: POLLS,
      registers: POLLED.length,
      inFlight: 1,
      reads,
      rtu: { unit: 'ms a read, median', baud: BAUD, answerDelayMs: ANSWER_DELAY_MS, ...rtu },
      requests: { model: RTU_MODEL, registers, measured: requests, baseline: registers },
      node: process.versions.node,
    },
  };
}
