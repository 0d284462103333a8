/** A TCP connection as a transport: to a serial server, whose line it carries, or Modbus TCP. */
import { connect, type Socket } from 'node:net';
import { AmrError } from '../core/errors.ts';
import type { Transport, TransportInfo } from '../core/transport.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface TcpSettings extends Endpoint {
  /** Of the line behind the serial server. */
  readonly baudRate: number;
}

const CONNECT_MS = 5000;
/** An idle connection is probed after this; the runtime then probes each second, ten times. */
const KEEP_ALIVE_MS = 10_000;

/** Several addresses of one name fail as one error without a message of its own. */
function reasonOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((part) => (part instanceof Error ? part.message : part)).join(', ');
}

/** Resolves when the socket is connected; a socket that could not be is destroyed. */
function connected(socket: Socket, address: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: string, cause?: unknown) => {
      settle();
      socket.destroy();
      reject(
        new AmrError('PORT_OPEN_FAILED', `cannot connect to ${address}: ${reason}`, { cause }),
      );
    };
    const onAbort = () => fail('given up');
    const onError = (error: Error) => fail(reasonOf(error), error);
    const timer = setTimeout(() => fail(`no answer within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    // The signal is not given to the socket: that would stay with it for good, socket by socket.
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('close', onAbort);
    socket.once('connect', () => {
      settle();
      socket.removeListener('error', onError);
      socket.removeListener('close', onAbort);
      resolve();
    });
    if (signal.aborted) onAbort();
  });
}

/** A serial server passes the bytes of its line on. */
export function createTcpTransport({ baudRate, ...endpoint }: TcpSettings): Transport {
  return createSocketTransport(endpoint, { kind: 'tcp', baudRate });
}

/** A device or gateway that speaks Modbus TCP itself. */
export function createModbusTcpTransport(endpoint: Endpoint): Transport {
  return createSocketTransport(endpoint, {
    kind: 'modbus-tcp',
    baudRate: Number.POSITIVE_INFINITY,
  });
}

function createSocketTransport(
  { host, port }: Endpoint,
  line: Pick<TransportInfo, 'kind' | 'baudRate'>,
): Transport {
  const address = `${host}:${port}`;
  const info: TransportInfo = { ...line, address, bitsPerByte: 11 };
  let socket: Socket | null = null;
  let isOpen = false;
  let notifyBytes: (bytes: Uint8Array) => void = () => undefined;
  let notifyDown: (reason: Error) => void = () => undefined;

  const down = (reason: string, cause?: unknown) => {
    if (!isOpen) return;
    isOpen = false;
    socket?.destroy();
    notifyDown(new AmrError('PORT_LOST', `connection to ${address} lost: ${reason}`, { cause }));
  };

  return {
    info,
    onData: (listener) => {
      notifyBytes = listener;
    },
    onDown: (listener) => {
      notifyDown = listener;
    },
    async open(signal) {
      const opening = connect({ host, port, noDelay: true });
      socket = opening;
      await connected(opening, address, signal);
      opening.setKeepAlive(true, KEEP_ALIVE_MS);
      opening.on('data', (chunk: Buffer) => notifyBytes(new Uint8Array(chunk)));
      opening.on('error', (error) => down(error.message, error));
      opening.on('close', () => down('closed by the other side'));
      // A half-closed serial server answers nothing any more.
      opening.on('end', () => down('closed by the other side'));
      isOpen = true;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const lost = (cause?: unknown) =>
          reject(new AmrError('PORT_LOST', `connection to ${address} is not open`, { cause }));
        if (socket === null || !isOpen) lost();
        else socket.write(bytes, (error) => (error ? lost(error) : resolve()));
      }),
    close() {
      isOpen = false;
      socket?.destroy();
      return Promise.resolve();
    },
  };
}
