/** A serial port as a transport: RS-485 adapters, on-board UARTs, ptys in tests. */
import { stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import type { Clock } from '../core/clock.ts';
import { AmrError, type ErrorCode } from '../core/errors.ts';
import type { LineSettings, Transport, TransportInfo } from '../core/transport.ts';
import { DEFAULT_LOCK_DIR, lockPort, type Release } from './port-lock.ts';
import { guardBinding } from './read-guard.ts';

export interface SerialSettings extends LineSettings {
  readonly path: string;
}

/** The device node may vanish, or come back as another, without any read failing. */
const PRESENCE_MS = 2000;
/** The kernel may hold a close back for 30 s while unsent bytes wait. */
const CLOSE_MS = 5000;

export function bitsPerByte({ dataBits, parity, stopBits }: LineSettings): number {
  return 1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits;
}

function isSame(one: LineSettings, other: LineSettings): boolean {
  return (
    one.baudRate === other.baudRate &&
    one.dataBits === other.dataBits &&
    one.parity === other.parity &&
    one.stopBits === other.stopBits
  );
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

function createPort(path: string, settings: LineSettings): SerialPort {
  const options = {
    ...settings,
    path,
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

/** Waits within the bound: a wedged driver must not hold the daemon. */
async function closing(work: Promise<void>, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work, clock.sleep(CLOSE_MS, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}

/** What is not sent yet is thrown away, or the kernel would wait for it. */
async function closePort(port: SerialPort): Promise<void> {
  if (!port.isOpen) return;
  await new Promise<void>((resolve) => port.flush(() => resolve()));
  await new Promise<void>((resolve) => port.close(() => resolve()));
}

export function createSerialTransport(
  settings: SerialSettings,
  { clock, lockDir = DEFAULT_LOCK_DIR }: { clock: Clock; lockDir?: string },
): Transport {
  const { path } = settings;
  const life = new AbortController();
  let inForce: LineSettings = settings;
  let port = attach(inForce);
  let switching: Promise<void> | null = null;
  let release: Release | null = null;
  let notifyBytes: (bytes: Uint8Array) => void = () => undefined;
  let notifyDown: (reason: Error) => void = () => undefined;

  const down = (reason: string, cause?: unknown) => {
    if (life.signal.aborted) return;
    life.abort();
    notifyDown(new AmrError('PORT_LOST', `${path} went away: ${reason}`, { cause }));
  };

  /** A port that is heard as long as it is the one in use: each form of a byte takes another. */
  function attach(form: LineSettings): SerialPort {
    const made = createPort(path, form);
    const ifInUse =
      <T>(listener: (event: T) => void) =>
      (event: T) => {
        if (made === port) listener(event);
      };
    // The port cuts its chunks out of one large pool: a kept chunk would keep the pool.
    made.on(
      'data',
      ifInUse((chunk: Buffer) => notifyBytes(new Uint8Array(chunk))),
    );
    made.on(
      'close',
      ifInUse((error: Error | null) => down(error?.message ?? 'closed', error)),
    );
    made.on(
      'error',
      ifInUse((error: Error) => down(error.message, error)),
    );
    return made;
  }

  async function shut(): Promise<void> {
    life.abort();
    if (switching !== null) await closing(switching, clock);
    // An open under way finds itself not wanted and comes here again.
    if (port.opening) return;
    await closing(closePort(port), clock);
    release?.();
    release = null;
  }

  async function watchPresence(device: string | null): Promise<void> {
    while (!life.signal.aborted) {
      await clock.sleep(PRESENCE_MS, life.signal);
      if ((await deviceAt(path)) !== device) down('the device node is gone');
    }
  }

  /** An open port takes another baud rate, but no other parity; so it is closed and opened. */
  async function switchTo(wanted: LineSettings): Promise<void> {
    const before = port;
    inForce = wanted;
    port = attach(wanted);
    try {
      await closing(closePort(before), clock);
      if (!life.signal.aborted) await openPort(port);
    } catch (thrown) {
      const { message } = openError(path, thrown);
      down(message, thrown);
    }
  }

  return {
    get info(): TransportInfo {
      const { baudRate } = inForce;
      return { kind: 'serial', address: path, baudRate, bitsPerByte: bitsPerByte(inForce) };
    },
    onData: (listener) => {
      notifyBytes = listener;
    },
    onDown: (listener) => {
      notifyDown = listener;
    },
    async open(signal) {
      const assertWanted = () => {
        if (!signal.aborted && !life.signal.aborted) return;
        throw new AmrError('PORT_OPEN_FAILED', `opening ${path} was given up`);
      };
      try {
        assertWanted();
        release = lockPort(path, lockDir);
        await openPort(port);
        const device = await deviceAt(path);
        assertWanted();
        void watchPresence(device).catch(() => undefined);
      } catch (thrown) {
        await shut();
        throw openError(path, thrown);
      }
    },
    async configure(wanted) {
      const next = wanted ?? settings;
      if (isSame(next, inForce)) return false;
      const lost = () => new AmrError('PORT_LOST', `${path} is not open`);
      if (!port.isOpen || life.signal.aborted) throw lost();
      switching = switchTo(next);
      await switching;
      switching = null;
      if (!life.signal.aborted) return true;
      await shut();
      throw lost();
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const lost = (cause?: unknown) =>
          reject(new AmrError('PORT_LOST', `${path} is not open`, { cause }));
        // A write to a closed port would be kept and sent whenever it opens.
        if (!port.isOpen || life.signal.aborted) lost();
        else port.write(bytes, (error) => (error ? lost(error) : resolve()));
      }),
    close: shut,
  };
}
