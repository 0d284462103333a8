import { spawn } from 'node:child_process';
import dns from 'node:dns';
import { getEventListeners, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { transmitMs } from '../../src/core/transport.ts';
import { createLink } from '../../src/transport/link.ts';
import { createModbusTcpTransport, createTcpTransport } from '../../src/transport/tcp.ts';
import { type TransportRig, transportContract } from '../contract/transport.ts';

const HOST = '127.0.0.1';
const never = () => new AbortController().signal;

/** A serial server: takes connections at one port, as long as it is up. */
async function startServer(port = 0) {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  const latest = async () => {
    await expect.poll(() => sockets.length).toBeGreaterThan(0);
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('nobody connected');
    return socket;
  };
  const stop = async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    server.close();
    if (server.listening) await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, server, sockets, latest, stop };
}

type SerialServer = Awaited<ReturnType<typeof startServer>>;

async function openRig(): Promise<TransportRig> {
  let server = await startServer();
  const { port } = server;
  return {
    make: () => createTcpTransport({ host: HOST, port, baudRate: 9600 }),
    async far() {
      const socket = await server.latest();
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      return { write: (bytes) => socket.write(bytes), received: () => Buffer.concat(chunks) };
    },
    cut: () => server.stop(),
    async mend() {
      server = await startServer(port);
    },
    stop: () => server.stop(),
  };
}

transportContract('a TCP connection', openRig);

describe('a TCP connection to a serial server', () => {
  let server: SerialServer;

  beforeEach(async () => {
    server = await startServer();
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await server.stop();
  });

  const openTransport = async () => {
    const transport = createTcpTransport({ host: HOST, port: server.port, baudRate: 2400 });
    const losses: Error[] = [];
    transport.onData(() => undefined);
    transport.onDown((reason) => losses.push(reason));
    await transport.open(never());
    return { transport, losses, far: await server.latest() };
  };

  it('is described by host and port, and by the line behind the server', () => {
    const { info } = createTcpTransport({ host: HOST, port: 4001, baudRate: 2400 });
    expect(info).toEqual({
      kind: 'tcp',
      address: '127.0.0.1:4001',
      baudRate: 2400,
      bitsPerByte: 11,
    });
  });

  it('is described by host and port alone where the device speaks Modbus TCP itself', () => {
    const { info } = createModbusTcpTransport({ host: HOST, port: 502 });
    expect(info).toMatchObject({ kind: 'modbus-tcp', address: '127.0.0.1:502' });
    expect(transmitMs(260, info)).toBe(0);
  });

  it('fails to open where nobody listens, and says so', async () => {
    await server.stop();
    const transport = createTcpTransport({ host: HOST, port: server.port, baudRate: 2400 });
    await expect(transport.open(never())).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
      message: expect.stringMatching(`cannot connect to .*:${server.port}: .*ECONNREFUSED`),
    });
  });

  it('says what each address of a name answered', async () => {
    await server.stop();
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    vi.spyOn(dns, 'lookup').mockImplementation(((...parameters: unknown[]) => {
      const answer = parameters.at(-1);
      if (typeof answer === 'function') answer(null, addresses);
    }) as typeof dns.lookup);
    const transport = createTcpTransport({ host: 'two.test', port: server.port, baudRate: 2400 });
    await expect(transport.open(never())).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
      message: expect.stringMatching(/127\.0\.0\.1:\d+, .*127\.0\.0\.2:\d+$/),
    });
  });

  it.each([
    ['resets it', (far: Socket) => far.resetAndDestroy(), /ECONNRESET/],
    ['ends it', (far: Socket) => far.end(), /closed by the other side/],
    ['goes away', (far: Socket) => far.destroy(), /closed by the other side/],
  ])('is lost once when the server %s', async (_, end, reason) => {
    const { transport, losses, far } = await openTransport();
    end(far);
    await expect.poll(() => losses.length).toBe(1);
    expect(losses[0]).toMatchObject({
      code: 'PORT_LOST',
      message: expect.stringMatching(reason),
    });
    await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    await transport.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(losses.length).toBe(1);
  });

  it('rejects a write that is under way when the connection is lost', async () => {
    const { transport, losses, far } = await openTransport();
    far.pause();
    const stuck = transport.write(new Uint8Array(64 * 1024 * 1024));
    stuck.catch(() => undefined);
    far.resetAndDestroy();
    await expect(stuck).rejects.toMatchObject({ code: 'PORT_LOST' });
    await expect.poll(() => losses.length).toBe(1);
  });

  it('outlives the signal that it was opened with', async () => {
    const opening = new AbortController();
    const transport = createTcpTransport({ host: HOST, port: server.port, baudRate: 2400 });
    const losses: Error[] = [];
    transport.onDown((reason) => losses.push(reason));
    await transport.open(opening.signal);
    opening.abort();
    await transport.write(Uint8Array.of(5));
    const far = await server.latest();
    expect([...(await once(far, 'data'))[0]]).toEqual([5]);
    expect(losses).toEqual([]);
    await transport.close();
  });

  it.skipIf(!existsSync('/proc/net/tcp'))('is probed by the kernel while it is idle', async () => {
    const { transport, far } = await openTransport();
    const port = (far.remotePort ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n');
    const own = rows.find((row) => row.trim().split(/\s+/)[1]?.endsWith(`:${port}`));
    // Timer 2 is keep-alive; it goes off within 10 s, counted in hundredths of a second.
    const [timer, left = ''] = own?.trim().split(/\s+/)[5]?.split(':') ?? [];
    expect(timer).toBe('02');
    expect(Number.parseInt(left, 16)).toBeLessThanOrEqual(1000);
    await transport.close();
  });
});

/** A port whose backlog is full: the kernel answers no further connection. */
async function openSilentPort() {
  const program = `const s = require('node:net').createServer();
    s.listen({ port: 0, host: '${HOST}', backlog: 1 }, () => console.log(s.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const port = Number(line);
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 4 }, () => connect(port, HOST).on('error', () => undefined));
  await expect.poll(() => fillers.filter(({ connecting }) => !connecting).length).toBe(2);
  return {
    port,
    stop: () => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

describe('a TCP connection that nobody answers', () => {
  let silent: Awaited<ReturnType<typeof openSilentPort>>;

  beforeEach(async () => {
    silent = await openSilentPort();
  });

  afterEach(() => {
    vi.useRealTimers();
    silent.stop();
  });

  it('is given up after 5 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const transport = createTcpTransport({ host: HOST, port: silent.port, baudRate: 2400 });
    let isOver = false;
    const opening = transport.open(never()).finally(() => {
      isOver = true;
    });
    opening.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(4999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expect(opening).rejects.toMatchObject({
      code: 'PORT_OPEN_FAILED',
      message: expect.stringContaining('no answer within 5 s'),
    });
  });

  it('is given up when the signal aborts or its owner closes it', async () => {
    for (const how of ['abort', 'close'] as const) {
      const stop = new AbortController();
      const transport = createTcpTransport({ host: HOST, port: silent.port, baudRate: 2400 });
      const opening = transport.open(stop.signal);
      opening.catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      if (how === 'abort') stop.abort();
      else await transport.close();
      await expect(opening).rejects.toMatchObject({
        code: 'PORT_OPEN_FAILED',
        message: expect.stringContaining('given up'),
      });
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    }
  });
});

describe('a link over TCP', () => {
  it('leaves no listener on its signal after 1000 connections', async () => {
    const server = await startServer();
    server.server.on('connection', (socket) => socket.resetAndDestroy());
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    const make = () => createTcpTransport({ host: HOST, port: server.port, baudRate: 9600 });
    const log = pino({ level: 'silent' });
    const link = createLink({ make, clock, log, random: Math.random });
    const stop = new AbortController();
    const running = link.run(stop.signal);
    await expect.poll(() => link.attempts, { timeout: 20_000 }).toBeGreaterThan(1000);
    expect(getEventListeners(stop.signal, 'abort').length).toBeLessThan(5);
    stop.abort();
    await running;
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    await server.stop();
  }, 40_000);
});
