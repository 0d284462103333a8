/**
 * Makes the loss of a serial port visible while bytes flow. The binding answers a read of 0 bytes
 * by reading again at once; on a line that hung up this never ends and burns a core. With VMIN 1
 * a read of 0 bytes can only mean a hang-up, so here it ends the port.
 *
 * A close waits for the read under way. As long as that lasts the kernel keeps the port, its lock
 * included, and refuses it to whoever opens it next; and a read that a busy pool begins late would
 * take its bytes from the next file of the same number.
 */
import { read } from 'node:fs';
import { promisify } from 'node:util';

const readFd = promisify(read);

/** The parts of an opened binding that are used here. */
interface OpenedBinding {
  isOpen: boolean;
  readonly fd?: number | null;
  readonly poller?: { once(event: 'readable', callback: (error: Error | null) => void): unknown };
  read(
    buffer: Buffer,
    offset: number,
    length: number,
  ): Promise<{ buffer: Buffer; bytesRead: number }>;
  close(): Promise<void>;
}

/** What the guard knows of a port. */
interface Guarded {
  readonly binding: OpenedBinding;
  isClosing: boolean;
  /** The read under way, or the last one; never rejects. */
  reading: Promise<unknown>;
}

/** Errors carry these marks for the stream above: a canceled read ends quietly. */
class ReadEnd extends Error {
  readonly canceled: boolean;
  readonly disconnect: boolean;

  constructor(message: string, kind: 'canceled' | 'disconnect') {
    super(message);
    this.canceled = kind === 'canceled';
    this.disconnect = kind === 'disconnect';
  }
}

const AGAIN: readonly unknown[] = ['EAGAIN', 'EWOULDBLOCK', 'EINTR'];
const isAgain = (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && AGAIN.includes(thrown.code);

interface Place {
  readonly offset: number;
  readonly length: number;
}

function readable({ binding }: Guarded): Promise<void> {
  return new Promise((resolve, reject) => {
    // The native poller is gone once the port is closed; to ask it then crashes the process.
    if (!binding.isOpen) reject(new ReadEnd('the port is not open', 'canceled'));
    else if (binding.poller === undefined) reject(new ReadEnd('no poller', 'disconnect'));
    else binding.poller.once('readable', (error) => (error === null ? resolve() : reject(error)));
  });
}

/** One read of the descriptor; 0 when nothing is there yet. Throws ReadEnd. */
async function readOnce(port: Guarded, buffer: Buffer, place: Place): Promise<number> {
  const { binding } = port;
  const { fd } = binding;
  if (!binding.isOpen || port.isClosing || fd === null || fd === undefined) {
    throw new ReadEnd('the port is not open', 'canceled');
  }
  try {
    const reading = readFd(fd, buffer, place.offset, place.length, null);
    port.reading = reading.catch(() => undefined);
    const { bytesRead } = await reading;
    if (bytesRead > 0) return bytesRead;
  } catch (thrown) {
    if (isAgain(thrown)) return 0;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ReadEnd(reason, binding.isOpen ? 'disconnect' : 'canceled');
  }
  throw new ReadEnd('the port hung up', 'disconnect');
}

async function guardedRead(port: Guarded, buffer: Buffer, place: Place) {
  for (;;) {
    const bytesRead = await readOnce(port, buffer, place);
    if (bytesRead > 0) return { buffer, bytesRead };
    await readable(port);
  }
}

/** Puts the guarded read and the close that waits for it in place of the binding's own. */
export function guardReads(binding: OpenedBinding): void {
  const port: Guarded = { binding, isClosing: false, reading: Promise.resolve() };
  const close = binding.close.bind(binding);
  binding.read = (buffer, offset, length) => guardedRead(port, buffer, { offset, length });
  binding.close = async () => {
    port.isClosing = true;
    await port.reading;
    await close();
  };
}

/** What the stream asks of a binding. */
interface Binding {
  open(options: never): Promise<OpenedBinding>;
}

/** A binding whose ports are guarded from their first read on. */
export function guardBinding(binding: Binding): Binding {
  return {
    async open(options) {
      const opened = await binding.open(options);
      guardReads(opened);
      return opened;
    },
  };
}
