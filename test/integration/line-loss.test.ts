import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { busSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createFieldLine } from '../../src/field.ts';
import { numberedExchange } from '../support/numbered.ts';

describe('a line behind a serial server', () => {
  it('ends its exchange when the connection is reset, long before the deadline', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
      sockets.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const config = busSchema.parse({ tcp: { host: '127.0.0.1', port } });
    const log = pino({ level: 'silent' });
    const { bus, link } = createFieldLine('dtu', config, {
      clock: systemClock,
      log,
      random: () => 0,
    });
    const stop = new AbortController();
    const running = link.run(stop.signal);
    await link.firstAttempt;
    const exchange = { ...numberedExchange(1), firstByteMs: 60_000 };
    await expect(bus.exchange(exchange)).rejects.toMatchObject({ code: 'PORT_LOST' });
    expect(bus.counters).toMatchObject({ exchanges: 1, timeouts: 0 });
    stop.abort();
    await running;
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
