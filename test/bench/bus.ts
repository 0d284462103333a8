/**
 * How close a bus comes to what its line allows: 8 meters at 2400 baud, 8E1, answering after
 * 20 ms, read as the gateway reads them. The limit of one exchange is
 * 11 bits x (request + answer bytes) / baud + answer delay, with the bytes that really passed;
 * `baseline` is its sum, `measured` the time it took, `ratio` baseline / measured.
 */
import pino from 'pino';
import { createBus } from '../../src/bus/bus.ts';
import { buildSimLine } from '../../src/cli/sim.ts';
import { loadModels } from '../../src/config/models.ts';
import { systemClock } from '../../src/core/clock.ts';
import { resolveRegisters } from '../../src/core/model.ts';
import type { Transport } from '../../src/core/transport.ts';
import { loadDriver } from '../../src/field.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { createLink } from '../../src/transport/link.ts';
import { createTcpTransport } from '../../src/transport/tcp.ts';
import { sessionDeps } from '../support/session-deps.ts';
import type { BenchOptions, Figures } from './run.ts';

const BAUD = 2400;
const BITS_PER_BYTE = 11;
const ANSWER_DELAY_MS = 20;
const METERS = 8;
const ROUNDS = 5;
const WORDS = ['energy', 'voltage', 'power', 'frequency'];
/** The default of a bus. */
const TURNAROUND_MS = 2;

interface Passed {
  bytes: number;
}

function counted(transport: Transport, passed: Passed): Transport {
  return {
    ...transport,
    onData: (listener) =>
      transport.onData((bytes) => {
        passed.bytes += bytes.length;
        listener(bytes);
      }),
    write: (bytes) => {
      passed.bytes += bytes.length;
      return transport.write(bytes);
    },
  };
}

export async function run({ say }: BenchOptions): Promise<Figures> {
  const clock = systemClock;
  const log = pino({ level: 'silent' });
  const line = await buildSimLine({
    meters: METERS,
    kind: 'three',
    baudRate: BAUD,
    answerDelayMs: ANSWER_DELAY_MS,
  });
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  const passed: Passed = { bytes: 0 };
  const tcp = { host: '127.0.0.1', port: served.port, baudRate: BAUD };
  const make = () => counted(createTcpTransport(tcp), passed);
  const link = createLink({ make, clock, log, random: Math.random });
  const end = new AbortController();
  const running = link.run(end.signal);
  await link.firstAttempt;
  const timing = { latencyMs: 500, turnaroundMs: TURNAROUND_MS };
  const bus = createBus({ name: 'bench', ...timing }, { line: link, clock, log });
  const model = (await loadModels()).get('dlt645-2007');
  if (model === undefined) throw new Error('the model dlt645-2007 is gone');
  const driver = await loadDriver(model.protocol);
  const registers = resolveRegisters(model, WORDS);
  const sessions = line.addresses.map((address) =>
    driver.open(bus, { address: address, model: model }, sessionDeps()),
  );

  const startedAt = clock.monotonic();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const session of sessions) {
      const { failures } = await session.read(registers, { priority: 'curve', signal: end.signal });
      if (failures.length > 0) throw failures[0]?.error ?? new Error('not read');
    }
    say(`round ${round} of ${ROUNDS}`);
  }
  const measured = clock.monotonic() - startedAt;
  const { exchanges } = bus.counters;
  const baseline = (passed.bytes * BITS_PER_BYTE * 1000) / BAUD + exchanges * ANSWER_DELAY_MS;
  end.abort();
  await running;
  line.close();
  await served.close();
  return {
    bench: 'bus',
    ratio: Number((baseline / measured).toFixed(4)),
    measured: Math.round(measured),
    baseline: Math.round(baseline),
    conditions: {
      unit: 'ms',
      baud: BAUD,
      meters: METERS,
      answerDelayMs: ANSWER_DELAY_MS,
      turnaroundMs: TURNAROUND_MS,
      exchanges,
      bytes: passed.bytes,
    },
  };
}
