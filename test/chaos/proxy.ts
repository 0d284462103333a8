/** A piece of network between the gateway and the broker that can be cut in several ways. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Connections that came so far. */
  readonly connections: number;
  /** Nothing passes any more, and nobody is told. */
  freeze(): void;
  thaw(): void;
  /** Closes every connection. */
  cut(): void;
  /** What the broker says comes so much later, milliseconds. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function startProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let isFrozen = false;
  let delayMs = 0;

  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    if (isFrozen) socket.pause();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (!isFrozen) other.destroy();
    });
  };

  const server = createServer((near) => {
    connections += 1;
    const far = connect(to, '127.0.0.1');
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (delayMs === 0) near.write(bytes);
      else setTimeout(() => near.write(bytes), delayMs);
    });
    keep(near, far);
    keep(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    get connections() {
      return connections;
    },
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    cut,
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}
