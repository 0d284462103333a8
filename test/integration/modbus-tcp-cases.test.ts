/*
 * What masters of Modbus TCP get wrong, each with the right outcome, through the real bus over a
 * real connection:
 *
 *   reply in pieces, two replies in one      its registers
 *   late reply                               told by its number and dropped
 *   reply of another unit, to another number no reply to us
 *   byteCount larger, smaller, zero          an error at once, never a register
 *   300 requests at the same time            one under way; a device that takes one answers all
 *   600 requests, 16 under way, out of order each its own; no number comes twice
 *   an HTTP server                           an error at once, the connection is made anew
 *   connection reset or ended                all that is under way fails at once
 *   identification breaks off                the question ends at its deadline, what came is kept
 *
 * A connect that takes too long is the transport's: transport-tcp.test.ts.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { identify } from '../../drivers/modbus/identify.ts';
import { createLink, type Link } from '../../drivers/modbus/link.ts';
import { busSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type OpenBus, openBus } from '../support/open-bus.ts';
import { contentPdu, mbapWire } from '../unit/modbus/codec-wire.ts';

const HOST = '127.0.0.1';
const UNIT = 17;
const HEADER = 6;
/** With the driver's own 2 s: whatever ends before was not ended by the deadline. */
const LONG_LATENCY_MS = 3000;
/** The driver's own 2 s beside it. */
const DEADLINE_MS = LONG_LATENCY_MS + 2000;

interface Request {
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Buffer;
}

interface Device {
  readonly port: number;
  readonly sockets: readonly Socket[];
  /** Whole requests that came, in order. */
  readonly requests: readonly Request[];
}

/** All whole requests in these bytes, and how many they take. */
function cut(heard: Buffer): { requests: Request[]; end: number } {
  const requests: Request[] = [];
  let end = 0;
  while (heard.length >= end + HEADER) {
    const next = end + HEADER + heard.readUInt16BE(end + 4);
    if (heard.length < next) break;
    const frame = heard.subarray(end, next);
    requests.push({
      transaction: frame.readUInt16BE(0),
      unit: frame[6] ?? 0,
      pdu: frame.subarray(7),
    });
    end = next;
  }
  return { requests, end };
}

/** `say` is called with all the requests of one segment. */
async function startDevice(
  say: (socket: Socket, requests: readonly Request[]) => void,
): Promise<Device> {
  const sockets: Socket[] = [];
  const seen: Request[] = [];
  const server = createServer((socket) => {
    let heard = Buffer.alloc(0);
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const { requests, end } = cut(heard);
      heard = heard.subarray(end);
      seen.push(...requests);
      if (requests.length > 0) say(socket, requests);
    });
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, sockets, requests: seen };
}

const addressOf = ({ pdu }: Request) => pdu.readUInt16BE(1);
const content = (...words: number[]) =>
  contentPdu(
    3,
    words.flatMap((word) => [word >> 8, word & 0xff]),
  );
/** Every register holds its own address. */
const trueAnswer = ({ transaction, unit, pdu }: Request) =>
  mbapWire(transaction, unit, content(pdu.readUInt16BE(1)));

const options = () => ({ priority: 'on-demand', signal: new AbortController().signal }) as const;

/** The register, or the code of what went wrong. */
async function readAt(link: Link, address: number): Promise<number | string> {
  try {
    const bytes = await link.read({ table: 'holding', address, quantity: 1 }, options());
    return Buffer.from(bytes).readUInt16BE(0);
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
}

const later = (ms: number, work: () => void) => void setTimeout(work, ms);

describe('a Modbus TCP connection', () => {
  let open: OpenBus | null = null;

  afterEach(async () => {
    await open?.close();
    open = null;
  });

  async function linkTo({ port }: Device, { inFlight = 1, latencyMs = 0 } = {}) {
    const modbusTcp = { host: HOST, port, inFlight };
    open = await openBus(busSchema.parse({ modbusTcp, latency: `${latencyMs}ms` }));
    return { ...open, ask: createLink(open.bus, UNIT, systemClock) };
  }

  it('takes a reply in pieces, and two in one', async () => {
    const whole: Request[] = [];
    const device = await startDevice((socket, requests) => {
      whole.push(...requests);
      const [first, second] = whole;
      if (first === undefined || second === undefined) return;
      const bytes = Buffer.concat([trueAnswer(second), trueAnswer(first)]);
      socket.write(bytes.subarray(0, 3));
      later(20, () => socket.write(bytes.subarray(3, 9)));
      later(40, () => socket.write(bytes.subarray(9)));
    });
    const { ask } = await linkTo(device, { inFlight: 2 });
    expect(await Promise.all([readAt(ask, 5), readAt(ask, 6)])).toEqual([5, 6]);
  });

  it('drops a late reply while the next request is under way', async () => {
    const device = await startDevice((socket, requests) => {
      for (const request of requests) {
        // The deadline is 2 s: the late one comes into the time of the next.
        const delayMs = addressOf(request) === 1 ? 2400 : 900;
        later(delayMs, () => socket.write(trueAnswer(request)));
      }
    });
    const { ask, bus } = await linkTo(device);
    expect(await readAt(ask, 1)).toBe('BUS_NO_REPLY');
    expect(await readAt(ask, 2)).toBe(2);
    expect(bus.counters).toMatchObject({ foreignFrames: 1, answered: 1, timeouts: 1 });
    expect(device.sockets).toHaveLength(1);
  });

  it('knows whose a reply is by unit and number', async () => {
    const device = await startDevice((socket, requests) => {
      for (const { transaction, unit, pdu } of requests) {
        socket.write(mbapWire(transaction, unit + 1, content(7)));
        socket.write(mbapWire(transaction, unit + 1, [0x83, 2]));
        socket.write(mbapWire(transaction + 1, unit, content(8)));
        socket.write(mbapWire(transaction, unit, [0x84, 2]));
        const own = mbapWire(transaction, unit, content(pdu.readUInt16BE(1)));
        later(30, () => socket.write(own));
      }
    });
    const { ask, bus } = await linkTo(device);
    expect(await readAt(ask, 9)).toBe(9);
    expect(bus.counters).toMatchObject({ foreignFrames: 4, answered: 1 });
  });

  it.each([
    ['larger than the content', [3, 4, 0, 42]],
    ['smaller than the content', [3, 2, 0, 42, 0, 43]],
    ['that of more registers than asked', [3, 4, 0, 42, 0, 43]],
    ['zero', [3, 0]],
    ['not there', [3]],
  ])('fails at once where byteCount is %s', async (_, pdu) => {
    const device = await startDevice((socket, requests) => {
      for (const request of requests) {
        const { transaction, unit } = request;
        const isLie = addressOf(request) === 1;
        socket.write(isLie ? mbapWire(transaction, unit, pdu) : trueAnswer(request));
      }
    });
    const { ask, bus } = await linkTo(device, { latencyMs: LONG_LATENCY_MS });
    expect(await readAt(ask, 1)).toBe('FRAME_LENGTH');
    expect(await readAt(ask, 2)).toBe(2);
    expect(bus.counters.timeouts).toBe(0);
  });

  it('has one request under way, so that a device that takes one a segment answers all', async () => {
    let most = 0;
    const device = await startDevice((socket, requests) => {
      most = Math.max(most, requests.length);
      const [first] = requests;
      if (first !== undefined) socket.write(trueAnswer(first));
    });
    const { ask, bus } = await linkTo(device);
    const addresses = Array.from({ length: 300 }, (_, index) => index);
    const read = await Promise.all(addresses.map((address) => readAt(ask, address)));
    expect(read).toEqual(addresses);
    expect(most).toBe(1);
    expect(bus.counters).toMatchObject({ exchanges: 300, answered: 300, foreignFrames: 0 });
  });

  it('gives each of 600 requests its own, 16 under way, answered out of order', async () => {
    const held: Request[] = [];
    let most = 0;
    const device = await startDevice((socket, requests) => {
      held.push(...requests);
      most = Math.max(most, held.length);
      setImmediate(() => {
        for (const request of held.splice(0).reverse()) socket.write(trueAnswer(request));
      });
    });
    const { ask } = await linkTo(device, { inFlight: 16 });
    const addresses = Array.from({ length: 600 }, (_, index) => index);
    const read = await Promise.all(addresses.map((address) => readAt(ask, address)));
    expect(read).toEqual(addresses);
    expect(new Set(device.requests.map(({ transaction }) => transaction)).size).toBe(600);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('fails at once where an HTTP server answers, and connects anew', async () => {
    const device = await startDevice((socket, requests) => {
      for (const request of requests) {
        if (addressOf(request) > 2) socket.write(trueAnswer(request));
        else socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      }
    });
    const { ask, link, bus } = await linkTo(device, { inFlight: 2, latencyMs: LONG_LATENCY_MS });
    const read = await Promise.all([readAt(ask, 1), readAt(ask, 2)]);
    expect(read).toEqual(['FRAME_MALFORMED', 'FRAME_MALFORMED']);
    await link.whenUp(new AbortController().signal);
    expect(await readAt(ask, 3)).toBe(3);
    expect(device.sockets).toHaveLength(2);
    expect(bus.counters.timeouts).toBe(0);
  });

  it.each<[string, (socket: Socket) => unknown]>([
    ['reset', (socket) => socket.resetAndDestroy()],
    ['ended', (socket) => socket.end()],
  ])('that is %s fails what is under way long before the deadline of 5 s', async (how, end) => {
    const device = await startDevice((socket, requests) => {
      for (const request of requests) if (addressOf(request) > 3) socket.write(trueAnswer(request));
    });
    const settings = { inFlight: 3, latencyMs: LONG_LATENCY_MS };
    const { ask, link, bus } = await linkTo(device, settings);
    const reading = Promise.all([1, 2, 3].map((address) => readAt(ask, address)));
    await expect.poll(() => device.requests.length).toBe(3);
    const endedAt = performance.now();
    for (const socket of device.sockets) end(socket);
    expect(await reading).toEqual(['PORT_LOST', 'PORT_LOST', 'PORT_LOST']);
    const tookMs = performance.now() - endedAt;
    process.stdout.write(`${how}: three requests failed ${tookMs.toFixed(1)} ms later\n`);
    expect(tookMs).toBeLessThan(DEADLINE_MS / 5);
    expect(bus.counters.timeouts).toBe(0);
    await link.whenUp(new AbortController().signal);
    expect(await readAt(ask, 4)).toBe(4);
  });

  it('ends the question where an identification breaks off, and keeps what came', async () => {
    /** Object 0 "AB"; more follow at 1. Nothing is said to the second question. */
    const first = [0x2b, 0x0e, 1, 1, 0xff, 1, 1, 0, 2, 0x41, 0x42];
    const device = await startDevice((socket, requests) => {
      for (const { transaction, unit, pdu } of requests) {
        if (pdu[3] === 0) socket.write(mbapWire(transaction, unit, first));
      }
    });
    const { bus } = await linkTo(device);
    const { objects } = await identify({ bus, unit: UNIT, clock: systemClock }, [], options());
    expect(Object.values(objects)).toEqual(['AB']);
    expect(bus.counters).toMatchObject({ exchanges: 2, answered: 1, timeouts: 1 });
  });
});
