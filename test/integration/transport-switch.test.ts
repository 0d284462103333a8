import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { LineSettings, Transport } from '../../src/core/transport.ts';
import { createLink } from '../../src/transport/link.ts';
import { createTcpTransport } from '../../src/transport/tcp.ts';
import { createTrace, traced } from '../../src/transport/trace.ts';
import { floodFarEnd, lacksSocat, openFarEnd } from '../support/pty.ts';
import { observe, openSerialFixture, type SerialFixture } from '../support/serial-fixture.ts';
import { lineStateOf } from '../support/stty.ts';

const never = () => new AbortController().signal;
const SLOW: LineSettings = { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 2 };
const EVEN: LineSettings = { baudRate: 9600, dataBits: 8, parity: 'even', stopBits: 1 };

describe.skipIf(lacksSocat)('a serial port that is set anew (needs socat)', () => {
  let fixture: SerialFixture;
  let made: Transport[];

  beforeEach(async () => {
    fixture = await openSerialFixture();
    made = [];
  });

  afterEach(async () => {
    await Promise.all(made.map((transport) => transport.close()));
    await fixture.stop();
  });

  const openTransport = async () => {
    const transport = fixture.make(systemClock);
    made.push(transport);
    const seen = observe(transport);
    await transport.open(never());
    return { transport, seen };
  };

  it('has the new settings on the line and in its description, and the old ones after', async () => {
    const { near } = fixture.pair;
    const { transport, seen } = await openTransport();
    const before = transport.info;
    expect(lineStateOf(near)).toEqual({ baudRate: 9600, stopBits: 1 });
    expect(await transport.configure?.(SLOW)).toBe(true);
    expect(lineStateOf(near)).toEqual({ baudRate: 2400, stopBits: 2 });
    expect(transport.info).toEqual({ ...before, baudRate: 2400, bitsPerByte: 11 });
    expect(await transport.configure?.(EVEN)).toBe(true);
    expect(lineStateOf(near)).toEqual({ baudRate: 9600, stopBits: 1 });
    expect(transport.info).toEqual({ ...before, bitsPerByte: 11 });
    expect(await transport.configure?.(null)).toBe(true);
    expect(transport.info).toEqual(before);
    expect(seen.losses).toEqual([]);
  });

  it('is left alone where it is set so already', async () => {
    const { transport } = await openTransport();
    const own = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
    expect(await transport.configure?.(null)).toBe(false);
    expect(await transport.configure?.(own)).toBe(false);
    expect(await transport.configure?.(SLOW)).toBe(true);
    expect(await transport.configure?.({ ...SLOW })).toBe(false);
  });

  it('carries bytes both ways under every setting, each once and none of another', async () => {
    const { transport, seen } = await openTransport();
    const far = await openFarEnd(fixture.pair.far);
    for (let round = 1; round <= 20; round++) {
      await transport.configure?.(round % 2 === 0 ? null : SLOW);
      await transport.write(Uint8Array.of(round));
      await expect.poll(() => far.received().length, { interval: 5 }).toBe(round);
      far.write(Uint8Array.of(100 + round));
      await expect.poll(() => seen.bytes().length, { interval: 5 }).toBe(round);
    }
    const rounds = Array.from({ length: 20 }, (_, index) => index + 1);
    expect([...far.received()]).toEqual(rounds);
    expect([...seen.bytes()]).toEqual(rounds.map((round) => 100 + round));
    expect(seen.losses).toEqual([]);
    await far.stop();
  });

  it('hands out nothing while it is set, though the line is never silent', async () => {
    const { transport, seen } = await openTransport();
    const flood = await floodFarEnd(fixture.pair.far);
    let switches = 0;
    for (let round = 0; round < 20; round++) {
      const before = seen.bytes().length;
      await expect.poll(() => seen.bytes().length, { interval: 1 }).toBeGreaterThan(before);
      const switching = transport.configure?.(round % 2 === 0 ? SLOW : null);
      const chunks = seen.chunks.length;
      await switching;
      switches += 1;
      expect(seen.chunks.length).toBe(chunks);
    }
    expect(switches).toBe(20);
    expect(seen.losses).toEqual([]);
    await flood.stop();
  });

  it('keeps its lock file all the while', async () => {
    const { transport } = await openTransport();
    const [name] = readdirSync(fixture.lockDir);
    let isDone = false;
    const switching = transport.configure?.(SLOW).finally(() => {
      isDone = true;
    });
    let looks = 0;
    for (; !isDone; looks++) {
      expect(readdirSync(fixture.lockDir)).toEqual([name]);
      await new Promise(setImmediate);
    }
    await switching;
    expect(looks).toBeGreaterThan(0);
    expect(name).toMatch(/^LCK\.\./);
    await transport.close();
    expect(readdirSync(fixture.lockDir)).toEqual([]);
  });

  it('refuses writes while it is set', async () => {
    const { transport } = await openTransport();
    const far = await openFarEnd(fixture.pair.far);
    const switching = transport.configure?.(SLOW);
    await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    await switching;
    await transport.write(Uint8Array.of(2));
    await expect.poll(() => [...far.received()]).toEqual([2]);
    await far.stop();
  });

  it('is lost once when it does not come back, and gives its lock back', async () => {
    const { transport, seen } = await openTransport();
    rmSync(fixture.pair.near);
    await expect(transport.configure?.(SLOW)).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(seen.losses).toMatchObject([
      { code: 'PORT_LOST', message: expect.stringContaining('does not exist') },
    ]);
    expect(readdirSync(fixture.lockDir)).toEqual([]);
    await expect(transport.configure?.(null)).rejects.toMatchObject({ code: 'PORT_LOST' });
  });

  it('ends closed when it is closed meanwhile, whenever that is', async () => {
    let wasSet = false;
    let turns = 0;
    for (; !wasSet; turns++) {
      const { transport, seen } = await openTransport();
      const switching = transport.configure?.(SLOW).then(() => {
        wasSet = true;
      });
      switching?.catch(() => undefined);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      await transport.close();
      expect(readdirSync(fixture.lockDir)).toEqual([]);
      if (!wasSet) await expect(switching).rejects.toMatchObject({ code: 'PORT_LOST' });
      expect(seen.losses).toEqual([]);
      await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
    }
    expect(turns).toBeGreaterThan(1);
  });

  it('is no loss to the link that keeps it open, nor to the trace of its bytes', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line) => lines.push(line) });
    const trace = createTrace(systemClock, log);
    const make = () => traced(fixture.make(systemClock), trace);
    const link = createLink({ make, clock: systemClock, log, random: () => 0.5 });
    const faults: Error[] = [];
    link.onFault((reason) => faults.push(reason));
    const stop = new AbortController();
    const running = link.run(stop.signal);
    await link.firstAttempt;
    expect(await link.configure(SLOW)).toBe(true);
    expect(link.info).toMatchObject({ baudRate: 2400, bitsPerByte: 11 });
    expect(lineStateOf(fixture.pair.near)).toEqual({ baudRate: 2400, stopBits: 2 });
    expect(link.fault).toBeNull();
    expect([link.attempts, faults, lines]).toEqual([1, [], []]);
    link.restart(new Error('hangs'));
    await link.whenUp(stop.signal);
    expect(link.info).toMatchObject({ baudRate: 9600, bitsPerByte: 10 });
    stop.abort();
    await running;
  });
});

describe('a serial server', () => {
  it('keeps its own settings, and refuses others', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const make = () => createTcpTransport({ host: '127.0.0.1', port, baudRate: 2400 });
    const log = pino({ level: 'silent' });
    const link = createLink({ make, clock: systemClock, log, random: () => 0.5 });
    const stop = new AbortController();
    const running = link.run(stop.signal);
    await link.firstAttempt;
    await expect(link.configure(SLOW)).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
    expect(await link.configure(null)).toBe(false);
    expect(link.info.baudRate).toBe(2400);
    stop.abort();
    await running;
    server.close();
    await once(server, 'close');
  });
});
