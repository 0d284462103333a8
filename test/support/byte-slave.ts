import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Plain bytes from hex with spaces. */
export const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Spaces out hex again, upper case. */
export const hexOf = (raw: Buffer) => raw.toString('hex').toUpperCase().replace(/..\B/g, '$& ');

/** What one answer is made of: hex to send, or a pause in milliseconds. */
export type Script = readonly (string | number)[];

/** A thing at the end of a line that knows no protocol: it says what it was told to say. */
export interface ByteSlave {
  readonly port: number;
  /** Requests that came, in hex. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

async function say(socket: Socket, script: Script): Promise<void> {
  for (const step of script) {
    if (typeof step === 'string') socket.write(bytes(step));
    else await new Promise((resolve) => setTimeout(resolve, step));
  }
}

/**
 * Listens on a free TCP port. A request is complete when `length` bytes have come; the answer is
 * what `answer` makes of its hex.
 */
export async function startByteSlave(
  length: number,
  answer: (request: string) => Script,
): Promise<ByteSlave> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let heard = Buffer.alloc(0);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      while (heard.length >= length) {
        const request = hexOf(heard.subarray(0, length));
        heard = heard.subarray(length);
        requests.push(request);
        void say(socket, answer(request));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
