/** A serial port as a transport: RS-485 adapters, on-board UARTs, ptys in tests. */
import { stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import type { Clock } from '../core/clock.ts';
import { AmrError, type ErrorCode } from '../core/errors.ts';
import type { Transport, TransportInfo } from '../core/transport.ts';
import { DEFAULT_LOCK_DIR, lockPort, type Release } from './port-lock.ts';
import { guardBinding } from './read-guard.ts';

export interface SerialSettings {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** The device node may vanish, or come back as another, without any read failing. */
const PRESENCE_MS = 2000;
/** The kernel may hold a close back for 30 s while unsent bytes wait. */
const CLOSE_MS = 5000;

export function bitsPerByte({ dataBits, parity, stopBits }: SerialSettings): number {
  return 1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits;
}

/** What the operating system said, in our words and with what to do about it. */
function openError(path: string, thrown: unknown): AmrError {
  if (thrown instanceof AmrError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // A path may hold any of the words that are looked for.
  const reason = message.replaceAll(path, 'it');
  const cases: readonly [RegExp, ErrorCode, string][] = [
    [/ENOENT|No such file/i, 'PORT_OPEN_FAILED', 'it does not exist; is the adapter plugged in?'],
    [/EACCES|Permission/i, 'PORT_PERMISSION', 'permission denied; add the user to group dialout'],
    [/lock|EBUSY|busy/i, 'PORT_BUSY', 'another program holds it'],
  ];
  const [, code, advice] = cases.find(([pattern]) => pattern.test(reason)) ?? [
    null,
    'PORT_OPEN_FAILED' as const,
    reason,
  ];
  return new AmrError(code, `cannot open ${path}: ${advice}`, { cause: thrown });
}

/** Which device node stands at the path now: a replugged adapter is another one. */
async function deviceAt(path: string): Promise<string | null> {
  try {
    const { rdev, ino } = await stat(path);
    return `${rdev}:${ino}`;
  } catch {
    return null;
  }
}

function createPort(settings: SerialSettings): SerialPort {
  const options = {
    ...settings,
    binding: guardBinding(SerialPort.binding),
    autoOpen: false,
    lock: true,
    hupcl: false,
    vmin: 1,
    vtime: 0,
    highWaterMark: 4096,
  };
  return new SerialPort(options);
}

function openPort(port: SerialPort): Promise<void> {
  return new Promise((resolve, reject) => {
    port.open((error) => (error ? reject(error) : resolve()));
  });
}

/** Closes within the bound or lets the port go: a wedged driver must not hold the daemon. */
async function closePort(port: SerialPort, clock: Clock): Promise<void> {
  if (!port.isOpen) return;
  const waiting = new AbortController();
  const flushed = new Promise<void>((resolve) => port.flush(() => resolve()));
  const closed = flushed.then(() => new Promise<void>((resolve) => port.close(() => resolve())));
  await Promise.race([closed, clock.sleep(CLOSE_MS, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}

export function createSerialTransport(
  settings: SerialSettings,
  { clock, lockDir = DEFAULT_LOCK_DIR }: { clock: Clock; lockDir?: string },
): Transport {
  const info: TransportInfo = {
    kind: 'serial',
    address: settings.path,
    baudRate: settings.baudRate,
    bitsPerByte: bitsPerByte(settings),
  };
  const port = createPort(settings);
  const life = new AbortController();
  let release: Release | null = null;
  let notifyDown: (reason: Error) => void = () => undefined;

  const down = (reason: string, cause?: unknown) => {
    if (life.signal.aborted) return;
    life.abort();
    notifyDown(new AmrError('PORT_LOST', `${settings.path} went away: ${reason}`, { cause }));
  };

  port.on('close', (error: Error | null) => down(error?.message ?? 'closed', error));
  port.on('error', (error: Error) => down(error.message, error));

  async function shut(): Promise<void> {
    life.abort();
    // An open under way finds itself not wanted and comes here again.
    if (port.opening) return;
    await closePort(port, clock);
    release?.();
    release = null;
  }

  async function watchPresence(device: string | null): Promise<void> {
    while (!life.signal.aborted) {
      await clock.sleep(PRESENCE_MS, life.signal);
      if ((await deviceAt(settings.path)) !== device) down('the device node is gone');
    }
  }

  return {
    info,
    onData: (listener) => {
      // The port cuts its chunks out of one large pool: a kept chunk would keep the pool.
      port.on('data', (chunk: Buffer) => listener(Uint8Array.from(chunk)));
    },
    onDown: (listener) => {
      notifyDown = listener;
    },
    async open(signal) {
      const assertWanted = () => {
        if (!signal.aborted && !life.signal.aborted) return;
        throw new AmrError('PORT_OPEN_FAILED', `opening ${settings.path} was given up`);
      };
      try {
        assertWanted();
        release = lockPort(settings.path, lockDir);
        await openPort(port);
        const device = await deviceAt(settings.path);
        assertWanted();
        void watchPresence(device).catch(() => undefined);
      } catch (thrown) {
        await shut();
        throw openError(settings.path, thrown);
      }
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const lost = (cause?: unknown) =>
          reject(new AmrError('PORT_LOST', `${settings.path} is not open`, { cause }));
        // A write to a closed port would be kept and sent whenever it opens.
        if (!port.isOpen || life.signal.aborted) lost();
        else port.write(bytes, (error) => (error ? lost(error) : resolve()));
      }),
    close: shut,
  };
}
