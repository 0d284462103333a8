/**
 * Keeps one port open: a new transport for every attempt.
 *
 * A life is the time from one open to the loss that ends it. Devices that close after each answer,
 * or when nobody asks, are at work: after a life that brought bytes, or that lasted, the port is
 * opened at once. Between attempts that fail, and lives without a byte, there is a back-off.
 */
import type { Logger } from 'pino';
import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import type { Line } from '../core/line.ts';
import type { Transport } from '../core/transport.ts';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 30_000;
/** A port that held this long counts as healthy without a byte, too. */
const STABLE_MS = 30_000;
/** From attempt to attempt, for what greets everybody and hangs up. */
const SHORTEST_LIFE_MS = 100;

export interface Link extends Line {
  /** Opens, and opens again after every loss, until the signal aborts; then closes. */
  run(signal: AbortSignal): Promise<void>;
  /** Settles with the first attempt to open; rejects with its PORT_ error. */
  readonly firstAttempt: Promise<void>;
  /** Attempts to open since the start; it goes on growing while the port is away. */
  readonly attempts: number;
}

export interface LinkDeps {
  readonly make: () => Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Full jitter: anything up to a bound that doubles from 1 s to 30 s. */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
}

const notOpen = (address: string) => new AmrError('PORT_LOST', `${address} is not open`);

export function createLink({ make, clock, log, random }: LinkDeps): Link {
  const info = make().info;
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);
  let up = Promise.withResolvers<void>();
  let transport: Transport | null = null;
  let lastError = notOpen(info.address);
  let drop: (reason: Error) => void = () => undefined;
  let attempts = 0;
  /** A close that was wished for is followed by an open at once. */
  let isRestarting = false;
  /** Attempts in a row that did not open, or brought no byte before they were lost. */
  let failures = 0;
  let isRefused = false;
  let isHeard = false;
  let isToldDown = false;
  let listener: (bytes: Uint8Array) => void = () => undefined;
  let notifyFault: (reason: AmrError) => void = () => undefined;

  function tellDown(): void {
    if (!isToldDown) log.warn({ code: lastError.code, err: lastError.message }, 'port down');
    isToldDown = true;
  }

  function tellUp(): void {
    if (isToldDown) log.info({ failures }, 'port up');
    isToldDown = false;
  }

  function rise(opened: Transport): void {
    transport = opened;
    // One that opened before and was lost each time is up when it brings something.
    if (isRefused) tellUp();
    isRefused = false;
    up.resolve();
    first.resolve();
  }

  /** The port is away from this moment on, though it may take long to close. */
  function fall(): void {
    transport = null;
    up = Promise.withResolvers<void>();
    notifyFault(lastError);
  }

  /** One life of one transport; resolves when it is over. Rejects when it could not open. */
  async function live(signal: AbortSignal): Promise<void> {
    attempts += 1;
    const attempt = make();
    const lost = Promise.withResolvers<void>();
    const end = (reason: Error) => {
      lastError = toAmrError(reason);
      if (transport === attempt) fall();
      lost.resolve();
    };
    const onAbort = () => end(notOpen(info.address));
    attempt.onData((bytes) => {
      if (transport !== attempt) return;
      isHeard = true;
      tellUp();
      listener(bytes);
    });
    attempt.onDown(end);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await attempt.open(signal);
      drop = end;
      rise(attempt);
      await lost.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (transport === attempt) fall();
      await attempt.close();
    }
  }

  /** One attempt to open and what follows; gives how long to wait before the next. */
  async function tryToLive(signal: AbortSignal): Promise<number> {
    const startedAt = clock.monotonic();
    const lasted = () => clock.monotonic() - startedAt;
    isHeard = false;
    try {
      await live(signal);
      if (isHeard || lasted() >= STABLE_MS) failures = 0;
      else if (!isRestarting) failures += 1;
    } catch (thrown) {
      lastError = toAmrError(thrown);
      first.reject(lastError);
      failures += 1;
      isRefused = true;
    }
    if (signal.aborted || isRestarting) return 0;
    if (isRefused || failures > 1) tellDown();
    return failures > 0 ? backoffMs(failures, random) : SHORTEST_LIFE_MS - lasted();
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await tryToLive(signal);
      isRestarting = false;
      if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  return {
    get info() {
      return transport?.info ?? info;
    },
    run,
    firstAttempt: first.promise,
    get attempts() {
      return attempts;
    },
    get fault() {
      return transport === null ? lastError : null;
    },
    onData: (receiver) => {
      listener = receiver;
    },
    onFault: (receiver) => {
      notifyFault = receiver;
    },
    async configure(settings) {
      if (transport === null) throw lastError;
      if (transport.configure !== undefined) return await transport.configure(settings);
      if (settings === null) return false;
      throw new AmrError('PORT_OPEN_FAILED', `${info.address} cannot be set by the gateway`);
    },
    async write(bytes) {
      if (transport === null) throw lastError;
      await transport.write(bytes);
    },
    restart(reason) {
      if (transport === null) return;
      isRestarting = true;
      drop(reason);
    },
    whenUp: (signal) => abortable(up.promise, signal),
  };
}
