import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { AmrError } from '../core/errors.ts';

export interface EmbeddedBroker {
  /** `mqtt://127.0.0.1:PORT` */
  readonly url: string;
  /** Drops all clients and frees the port. */
  close(): Promise<void>;
}

/**
 * A broker inside this process on the loopback, for the demo and for tests: MQTT 3.1.1, no
 * passwords, everything in memory. Port 0 or none: a free one. Rejects with PORT_OPEN_FAILED.
 */
export async function startEmbeddedBroker({
  port = 0,
}: {
  readonly port?: number;
} = {}): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new AmrError('PORT_OPEN_FAILED', `no broker on port ${port}`, { cause })),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${taken}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
