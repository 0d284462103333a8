/*
 * Modbus TCP meters behind one connection, read by the daemon's own field side in real time:
 * devices that close after each answer, and units that are silent.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createNotes } from '../../src/core/notes.ts';
import { buildBuses, loadMeters } from '../../src/field.ts';
import { runPoller } from '../../src/poll/poller.ts';
import { createReadings, loadModbusConfig, zerosFor } from '../support/polled.ts';

const HEADER = 7;
const REQUEST = 12;

interface Device {
  readonly port: number;
  readonly seen: { connections: number; requests: number; under: number; most: number };
}

interface Habits {
  readonly answerMs: number;
  readonly closesAfterAnswer?: boolean;
  readonly silentUnits?: readonly number[];
}

/** A gateway before Modbus meters whose registers are all zero. */
async function startDevice({ answerMs, closesAfterAnswer, silentUnits = [] }: Habits) {
  const seen = { connections: 0, requests: 0, under: 0, most: 0 };
  const sockets = new Set<Socket>();

  function answer(socket: Socket, request: Buffer): void {
    seen.requests += 1;
    if (silentUnits.includes(request[6] ?? 0) || socket.writableEnded) return;
    seen.under += 1;
    seen.most = Math.max(seen.most, seen.under);
    setTimeout(() => {
      seen.under -= 1;
      if (socket.writableEnded) return;
      const pdu = zerosFor(request.subarray(HEADER));
      const header = Buffer.from(request.subarray(0, HEADER));
      header.writeUInt16BE(pdu.length + 1, 4);
      socket.write(Buffer.concat([header, pdu]));
      if (closesAfterAnswer === true) socket.end();
    }, answerMs);
  }

  const server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    let heard = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      for (; heard.length >= REQUEST; heard = heard.subarray(REQUEST)) {
        answer(socket, heard.subarray(0, REQUEST));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const device: Device = { port: (server.address() as AddressInfo).port, seen };
  return device;
}

async function poll(
  { port }: Device,
  { every, units, inFlight }: { every: string; units: Record<string, number>; inFlight: number },
) {
  const bus = `modbusTcp: { host: 127.0.0.1, port: ${port}, inFlight: ${inFlight} }, latency: 0ms`;
  const loaded = await loadModbusConfig({ bus, every, units });
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (text) => lines.push(JSON.parse(text)) });
  const deps = { clock: systemClock, log, random: () => 0.5, notesOf: () => createNotes() };
  const [field] = buildBuses(loaded.config, await loadMeters(loaded), deps);
  if (field === undefined) throw new Error('no bus was built');
  const { readings, store } = createReadings();
  const stop = new AbortController();
  const close = new AbortController();
  const linked = field.link.run(close.signal);
  const signals = { finish: stop.signal, stop: stop.signal, abort: stop.signal };
  const { name, link, duties, lanes, counters } = field;
  const zone = 'Asia/Shanghai';
  const clockState = () => 'synced' as const;
  const ended = runPoller(
    {
      bus: name,
      line: link,
      duties,
      lanes,
      counters,
      store,
      clock: systemClock,
      clockState,
      zone,
      log,
    },
    signals,
  );
  onTestFinished(async () => {
    stop.abort();
    await ended;
    close.abort();
    await linked;
  });
  const of = (meter: string) => readings.filter((reading) => reading.meter === meter);
  return { of, lines };
}

const goodAmong = (readings: readonly { quality: string }[]) =>
  readings.filter(({ quality }) => quality === 'good').length;

describe('a Modbus TCP device that closes the connection after each answer', () => {
  it('is read whole in every slot, and nobody warns of its port', async () => {
    const device = await startDevice({ answerMs: 5, closesAfterAnswer: true });
    const { of, lines } = await poll(device, { every: '2s', units: { m1: 1, m2: 2 }, inFlight: 1 });
    for (const meter of ['m1', 'm2']) {
      await expect.poll(() => of(meter).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
      expect(goodAmong(of(meter))).toBe(of(meter).length);
    }
    // Each reading takes more than one question, and so more than one connection.
    expect(device.seen.connections).toBeGreaterThan(2 * (of('m1').length + of('m2').length - 2));
    expect(lines.filter(({ msg }) => msg === 'port down' || msg === 'port up')).toEqual([]);
  });
});

describe('a Modbus TCP bus with three requests in flight', () => {
  it('reads several meters at the same time, and a silent one holds nobody up', async () => {
    const device = await startDevice({ answerMs: 60, silentUnits: [3] });
    const units = { m1: 1, m2: 2, m3: 3, m4: 4 };
    const { of } = await poll(device, { every: '5s', units, inFlight: 3 });
    for (const meter of ['m1', 'm2', 'm4']) {
      await expect.poll(() => of(meter).length, { timeout: 25_000 }).toBeGreaterThanOrEqual(2);
      expect(goodAmong(of(meter))).toBe(of(meter).length);
    }
    await expect.poll(() => of('m3').length, { timeout: 10_000 }).toBeGreaterThanOrEqual(1);
    expect(of('m3')[0]).toMatchObject({ quality: 'missing', cause: 'BUS_NO_REPLY' });
    expect(device.seen.most).toBeGreaterThan(1);
  });
});
