import { createServer, type Socket } from 'node:net';
import { AmrError } from '../core/errors.ts';

/** Where masters reach simulated meters. */
export interface Served {
  close(): Promise<void>;
}

export interface ServedTcp extends Served {
  readonly port: number;
}

export interface ListenOptions {
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** Hands every socket that comes to `join`. Rejects with PORT_OPEN_FAILED. */
export function listen(
  join: (socket: Socket) => void,
  { host = '127.0.0.1', port = 0 }: ListenOptions,
): Promise<ServedTcp> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A master that goes away is no fault of the meters; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    join(socket);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => {
      reject(new AmrError('PORT_OPEN_FAILED', `cannot listen on ${host}:${port}`, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve({ port: typeof address === 'object' && address ? address.port : port, close });
    });
  });
}
