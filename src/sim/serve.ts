import type { Socket } from 'node:net';
import { SerialPort } from 'serialport';
import { AmrError } from '../core/errors.ts';
import type { LineSettings } from '../core/transport.ts';
import type { SimLine } from './line.ts';
import { type ListenOptions, listen, type Served, type ServedTcp } from './listen.ts';

function join(line: SimLine, socket: Socket): void {
  const detach = line.attach({
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
  });
  socket.on('data', (bytes) => line.receive(Uint8Array.from(bytes)));
  socket.on('close', detach);
}

/** A serial server: every socket hears the whole line, any of them may talk. */
export function serveTcp(line: SimLine, options: ListenOptions = {}): Promise<ServedTcp> {
  return listen((socket) => join(line, socket), options);
}

export interface ServedSerial extends Served {
  /** Resolves when the port has gone, by itself or by `close`. */
  readonly gone: Promise<void>;
}

export interface SerialOptions {
  /** A serial port, or one end of a pseudo-terminal pair. */
  readonly path: string;
  readonly baudRate?: number;
  readonly parity?: LineSettings['parity'];
  readonly stopBits?: LineSettings['stopBits'];
}

/**
 * Opens the path, as 8E1 where not told otherwise, without a lock, since this is the far end.
 * Rejects with PORT_OPEN_FAILED.
 */
export function serveSerial(
  line: SimLine,
  { path, baudRate = 2400, parity = 'even', stopBits = 1 }: SerialOptions,
): Promise<ServedSerial> {
  const port = new SerialPort({
    path,
    baudRate,
    parity,
    stopBits,
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
