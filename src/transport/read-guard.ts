/**
 * Makes the loss of a serial port visible while bytes flow. The binding answers a read of 0 bytes
 * by reading again at once; on a line that hung up this never ends and burns a core. With VMIN 1
 * a read of 0 bytes can only mean a hang-up, so here it ends the port.
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

function readable(binding: OpenedBinding): Promise<void> {
  return new Promise((resolve, reject) => {
    // The native poller is gone once the port is closed; to ask it then crashes the process.
    if (!binding.isOpen) reject(new ReadEnd('the port is not open', 'canceled'));
    else if (binding.poller === undefined) reject(new ReadEnd('no poller', 'disconnect'));
    else binding.poller.once('readable', (error) => (error === null ? resolve() : reject(error)));
  });
}

/** One read of the descriptor; 0 when nothing is there yet. Throws ReadEnd. */
async function readOnce(binding: OpenedBinding, buffer: Buffer, place: Place): Promise<number> {
  const { fd } = binding;
  if (!binding.isOpen || fd === null || fd === undefined) {
    throw new ReadEnd('the port is not open', 'canceled');
  }
  try {
    const { bytesRead } = await readFd(fd, buffer, place.offset, place.length, null);
    if (bytesRead > 0) return bytesRead;
  } catch (thrown) {
    if (isAgain(thrown)) return 0;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ReadEnd(reason, binding.isOpen ? 'disconnect' : 'canceled');
  }
  throw new ReadEnd('the port hung up', 'disconnect');
}

async function guardedRead(binding: OpenedBinding, buffer: Buffer, place: Place) {
  for (;;) {
    const bytesRead = await readOnce(binding, buffer, place);
    if (bytesRead > 0) return { buffer, bytesRead };
    await readable(binding);
  }
}

/** Puts the guarded read in place of the binding's own. */
export function guardReads(binding: OpenedBinding): void {
  binding.read = (buffer, offset, length) => guardedRead(binding, buffer, { offset, length });
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
