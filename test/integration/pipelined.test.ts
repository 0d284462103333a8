import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busSchema } from '../../src/config/schema.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createFieldLine, type FieldLine } from '../../src/field.ts';
import { answerOf, numberedExchange } from '../support/numbered.ts';

const HOST = '127.0.0.1';
/** Long enough for every test to be over before it. */
const FIRST_MS = 60_000;
const log = pino({ level: 'silent' });

/** A device at the network that the test makes answer. */
async function startDevice() {
  const sockets: Socket[] = [];
  const requests: number[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      requests.push(...bytes.filter((_, index) => index % 2 === 1));
    });
    sockets.push(socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    requests,
    say: (bytes: Uint8Array) => sockets.at(-1)?.write(bytes),
    reset: () => sockets.at(-1)?.resetAndDestroy(),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a Modbus TCP bus on a real connection', () => {
  let device: Awaited<ReturnType<typeof startDevice>>;
  let line: FieldLine;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    device = await startDevice();
    const modbusTcp = { host: HOST, port: device.port, inFlight: 4 };
    const deps = { clock: systemClock, log, random: () => 0 };
    line = createFieldLine('device', busSchema.parse({ modbusTcp, latency: '0ms' }), deps);
    stop = new AbortController();
    running = line.link.run(stop.signal);
    await line.link.firstAttempt;
  });

  afterEach(async () => {
    stop.abort();
    await running;
    await device.stop();
  });

  const ask = (number: number, firstByteMs = FIRST_MS) =>
    line.bus.exchange({ ...numberedExchange(number), firstByteMs });
  /** Starts them and waits until the device has them all. */
  const askAll = async (numbers: readonly number[]) => {
    const asked = numbers.map((number) => ask(number));
    for (const one of asked) one.catch(() => undefined);
    const before = device.requests.length;
    await expect.poll(() => device.requests.length).toBe(before + Math.min(numbers.length, 4));
    return asked;
  };
  const codesOf = async (asked: readonly Promise<unknown>[]) => {
    const ends = await Promise.allSettled(asked);
    return ends.map((end) => (end.status === 'rejected' ? end.reason.code : 'answered'));
  };

  it('is of its kind, and its line too', () => {
    expect([line.bus.kind, line.link.info.kind]).toEqual(['modbus-tcp', 'modbus-tcp']);
  });

  it('has four requests under way and gives each its answer, whatever their order', async () => {
    const asked = await askAll([1, 2, 3, 4, 5]);
    expect(device.requests).toEqual([1, 2, 3, 4]);
    device.say(concatBytes(answerOf(4, 40), answerOf(2, 20), answerOf(9, 90), answerOf(1, 10)));
    await expect.poll(() => device.requests.length).toBe(5);
    device.say(concatBytes(answerOf(5, 50), answerOf(3, 30)));
    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([10, 20, 30, 40, 50]);
    expect(line.bus.counters).toMatchObject({ exchanges: 5, answered: 5, foreignFrames: 1 });
  });

  it('fails all that is under way when the connection is reset, long before the deadline', async () => {
    const asked = await askAll([1, 2, 3]);
    device.reset();
    expect(await codesOf(asked)).toEqual(['PORT_LOST', 'PORT_LOST', 'PORT_LOST']);
    expect(line.bus.counters.timeouts).toBe(0);
    await line.link.whenUp(stop.signal);
    const [again] = await askAll([4]);
    device.say(answerOf(4, 44));
    expect(await again).toEqual({ number: 4, value: 44 });
  });

  it('connects anew at once where the other side speaks another protocol', async () => {
    const asked = await askAll([1, 2]);
    device.say(Buffer.from('HTTP/1.1 400 Bad Request\r\n'));
    expect(await codesOf(asked)).toEqual(['FRAME_MALFORMED', 'FRAME_MALFORMED']);
    await line.link.whenUp(stop.signal);
    await expect.poll(() => device.sockets.length).toBe(2);
    const [again] = await askAll([3]);
    device.say(answerOf(3, 33));
    expect(await again).toEqual({ number: 3, value: 33 });
    expect(line.bus.counters).toMatchObject({ restarts: 1, answered: 1 });
  });

  it('gives an exchange up at its deadline and keeps the connection', async () => {
    await expect(ask(1, 20)).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
    device.say(answerOf(1, 10));
    const [next] = await askAll([2]);
    device.say(answerOf(2, 20));
    expect(await next).toEqual({ number: 2, value: 20 });
    expect(device.sockets).toHaveLength(1);
    expect(line.bus.counters).toMatchObject({ timeouts: 1, restarts: 0 });
  });
});
