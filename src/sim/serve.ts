import { createServer, type Socket } from 'node:net';
import { SerialPort } from 'serialport';
import { AmrError } from '../core/errors.ts';
import type { SimLine } from './line.ts';

/** Where masters reach a simulated line. */
export interface Served {
  close(): Promise<void>;
}

/** A serial server: every socket hears the whole line, any of them may talk. */
export interface ServedTcp extends Served {
  readonly port: number;
}

function join(line: SimLine, socket: Socket): void {
  const detach = line.attach({
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
  });
  socket.setNoDelay(true);
  socket.on('data', (bytes) => line.receive(Uint8Array.from(bytes)));
  // A master that goes away is no fault of the line; 'close' follows.
  socket.on('error', () => socket.destroy());
  socket.on('close', detach);
}

/** Port 0 takes a free one. Rejects with PORT_OPEN_FAILED. */
export function serveTcp(
  line: SimLine,
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
): Promise<ServedTcp> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    join(line, socket);
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

export interface ServedSerial extends Served {
  /** Resolves when the port has gone, by itself or by `close`. */
  readonly gone: Promise<void>;
}

export interface SerialOptions {
  /** A serial port, or one end of a pseudo-terminal pair. */
  readonly path: string;
  readonly baudRate?: number;
}

/** Opens the path as 8E1, without a lock, since this is the far end. Rejects with PORT_OPEN_FAILED. */
export function serveSerial(
  line: SimLine,
  { path, baudRate = 2400 }: SerialOptions,
): Promise<ServedSerial> {
  const port = new SerialPort({
    path,
    baudRate,
    parity: 'even',
    autoOpen: false,
    lock: false,
    hupcl: false,
  });
  // Without a pending read the loss of the port goes unseen, so the listeners come first.
  port.on('data', (bytes: Uint8Array) => line.receive(Uint8Array.from(bytes)));
  const gone = new Promise<void>((resolve) => {
    port.on('close', () => resolve());
    port.on('error', () => resolve());
  });
  const detach = line.attach({
    write(bytes) {
      if (port.isOpen) port.write(bytes);
    },
  });
  const close = async () => {
    detach();
    if (port.isOpen) port.close();
    await gone;
  };
  return new Promise((resolve, reject) => {
    port.open((cause) => {
      if (cause === null) {
        resolve({ close, gone });
        return;
      }
      detach();
      reject(new AmrError('PORT_OPEN_FAILED', `cannot open ${path}`, { cause }));
    });
  });
}
