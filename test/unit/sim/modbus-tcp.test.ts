import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createModbusSlave } from '../../../drivers/modbus/sim.ts';
import { buildModbusTcpMeters, type SimLineSettings } from '../../../src/cli/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import {
  createModbusTcpMeters,
  type ModbusTcpOptions,
  serveModbusTcp,
} from '../../../src/sim/modbus-tcp.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { displayOf, modelOf } from '../modbus/sim-rig.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const MODEL = modelOf({ voltage_l1: { at: 0, type: 'u16', scale: -1 } }, { table: 'holding' });

/** Units 1 and 2, which show 230.1 V and 230.2 V, on a clock that the test moves. */
async function createRig(options: Partial<ModbusTcpOptions> = {}) {
  const clock = createVirtualClock();
  const meters = createModbusTcpMeters({
    clock,
    createSlave: createModbusSlave,
    meters: ['1', '2'].map((address) => ({
      address,
      model: MODEL,
      display: displayOf({ voltage_l1: `230.${address}` }),
    })),
    ...options,
  });
  const served = await serveModbusTcp(meters);
  cleanups.push(async () => {
    meters.close();
    await served.close();
  });
  return { clock, meters, served, dial: () => dial(served.port) };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

const request = (transaction: string, unit: string) =>
  fromHex(`${transaction} 00 00 00 06 ${unit} 03 00 00 00 01`);
const answer = (transaction: string, unit: string) =>
  `${transaction} 00 00 00 05 ${unit} 03 02 08 ${unit === '01' ? 'FD' : 'FE'}`;
const silent = (transaction: string, unit: string) => `${transaction} 00 00 00 03 ${unit} 83 0B`;

/** Collects what comes; `until` lets the meters' time go on until there is so much. */
function listen(socket: Socket, clock: ReturnType<typeof createVirtualClock>) {
  const chunks: Uint8Array[] = [];
  socket.on('data', (chunk) => chunks.push(Uint8Array.from(chunk)));
  const heard = () => toHex(concatBytes(...chunks));
  return {
    heard,
    async until(bytes: number): Promise<string> {
      while (concatBytes(...chunks).length < bytes) await clock.advance(1);
      return heard();
    },
  };
}

describe('simulated meters behind a Modbus TCP address', () => {
  it('answer with the number of each request, in the order of the requests', async () => {
    const { clock, dial } = await createRig();
    const socket = await dial();
    const { until } = listen(socket, clock);
    const requests = [request('00 01', '01'), request('FF FF', '02'), request('00 00', '01')];
    socket.write(concatBytes(...requests));
    expect(await until(33)).toBe(
      [answer('00 01', '01'), answer('FF FF', '02'), answer('00 00', '01')].join(' '),
    );
  });

  it('put a request together that comes in pieces', async () => {
    const { clock, dial } = await createRig();
    const socket = await dial();
    const { until } = listen(socket, clock);
    const bytes = request('12 34', '02');
    for (const byte of bytes) {
      socket.write(Uint8Array.of(byte));
      await clock.advance(1);
    }
    expect(await until(11)).toBe(answer('12 34', '02'));
  });

  it('answer each master on its own connection', async () => {
    const { clock, dial } = await createRig();
    const [first, second] = [await dial(), await dial()];
    const [one, two] = [listen(first, clock), listen(second, clock)];
    first.write(request('00 01', '01'));
    second.write(request('00 01', '02'));
    expect([await one.until(11), await two.until(11)]).toEqual([
      answer('00 01', '01'),
      answer('00 01', '02'),
    ]);
  });

  it('are silent for a unit that is not there, or say 0B', async () => {
    for (const isUnknownRefused of [false, true]) {
      const { clock, dial } = await createRig({ isUnknownRefused });
      const socket = await dial();
      const { until } = listen(socket, clock);
      socket.write(concatBytes(request('00 01', '03'), request('00 02', '01')));
      const answers = [answer('00 02', '01')];
      if (isUnknownRefused) answers.unshift(silent('00 01', '03'));
      const expected = answers.join(' ');
      expect(await until(fromHex(expected).length)).toBe(expected);
    }
  });

  it.each([
    ['another protocol', 'GET / HTTP/1.0\r\n\r\n'],
    ['a length that cannot be', '\0\x01\0\0\x01\0\x01\x03'],
    ['no unit and function', '\0\x01\0\0\0\x01\x01\x03'],
  ])('hang up on %s, and serve the next', async (_, nonsense) => {
    const { clock, dial } = await createRig();
    const socket = await dial();
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(nonsense, 'latin1');
    await closed;
    const next = await dial();
    const { until } = listen(next, clock);
    next.write(request('00 01', '01'));
    expect(await until(11)).toBe(answer('00 01', '01'));
  });

  it('keep the order when one is late', async () => {
    const { clock, meters, dial } = await createRig();
    meters.setFault('1', { name: 'late', ms: 300 });
    const socket = await dial();
    const { until } = listen(socket, clock);
    socket.write(concatBytes(request('00 01', '01'), request('00 02', '02')));
    expect(await until(22)).toBe(`${answer('00 01', '01')} ${answer('00 02', '02')}`);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(300);
  });

  it('have the faults of a meter', async () => {
    const { clock, meters, dial } = await createRig();
    meters.setFault('1', 'wrong-address');
    meters.setFault('2', 'lying-count');
    const socket = await dial();
    const { until } = listen(socket, clock);
    socket.write(concatBytes(request('00 01', '01'), request('00 02', '02')));
    expect(await until(22)).toBe(
      '00 01 00 00 00 05 02 03 02 08 FD 00 02 00 00 00 05 02 03 04 08 FE',
    );
    expect(() => meters.setFault('3', 'silent')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    );
  });
});

describe('simulated meters behind a gateway', () => {
  /** 1000 baud and 10 bits: 10 ms a byte; 8 bytes there and 7 back. */
  const line = { baudRate: 1000, bitsPerByte: 10 };
  const EXCHANGE_MS = 150;
  const WAIT_MS = 1000;

  it('are asked one after another, whoever asks', async () => {
    const { clock, dial } = await createRig({ line });
    const [first, second] = [await dial(), await dial()];
    const [one, two] = [listen(first, clock), listen(second, clock)];
    first.write(concatBytes(request('00 01', '01'), request('00 02', '01')));
    second.write(request('00 03', '02'));
    await one.until(22);
    await two.until(11);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(3 * EXCHANGE_MS);
  });

  it('hold up the others when they are silent, for which the gateway says 0B', async () => {
    const { clock, meters, dial } = await createRig({ line });
    meters.setFault('1', 'silent');
    const socket = await dial();
    const { until } = listen(socket, clock);
    socket.write(concatBytes(request('00 01', '01'), request('00 02', '02')));
    expect(await until(9)).toBe(silent('00 01', '01'));
    expect(clock.monotonic()).toBeGreaterThanOrEqual(WAIT_MS);
    expect(await until(20)).toBe(`${silent('00 01', '01')} ${answer('00 02', '02')}`);
  });

  it('are given up when they are too late', async () => {
    const { clock, meters, dial } = await createRig({ line });
    meters.setFault('1', { name: 'late', ms: WAIT_MS });
    const socket = await dial();
    const { until } = listen(socket, clock);
    socket.write(request('00 01', '01'));
    expect(await until(9)).toBe(silent('00 01', '01'));
  });
});

describe('amr sim with Modbus TCP', () => {
  it('serves the meters of a model and journals what they say', async () => {
    const told: unknown[] = [];
    const settings: SimLineSettings = {
      model: 'carlo-gavazzi-em340',
      meters: 2,
      onAnswer: (entry) => told.push(entry),
    };
    const meters = await buildModbusTcpMeters(settings);
    const served = await serveModbusTcp(meters);
    cleanups.push(() => served.close());
    const socket = await dial(served.port);
    socket.write(fromHex('00 01 00 00 00 06 02 04 00 00 00 02'));
    const [bytes] = await once(socket, 'data');
    expect(toHex(bytes)).toMatch(/^00 01 00 00 00 07 02 04 04 0[89] .. 00 00$/);
    expect(told).toMatchObject([
      { meter: '2', item: 'input 0x0000 x2', values: { voltage_l1: expect.stringMatching(/^2/) } },
    ]);
  });
});
