import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import type { Wire, WireByte } from './wire.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Turns the event loop instead of sleeping at the end, where timers are too coarse. */
  readonly isBusy: boolean;
  readonly signal: AbortSignal;
}

const SAME_MS = 1e-6;
/** How far before the moment a timer is no longer good enough. */
const BUSY_MS = 2;

/** Resolves at this moment of the monotonic clock, never before, or at once on abort. */
async function sleepUntil(moment: number, { clock, isBusy, signal }: PaceOptions): Promise<void> {
  while (!signal.aborted) {
    const rest = moment - clock.monotonic();
    if (rest <= SAME_MS) return;
    if (!isBusy) await sleepQuietly(rest, clock, signal);
    else if (rest > BUSY_MS) await sleepQuietly(rest - BUSY_MS / 2, clock, signal);
    else await turn();
  }
}

/** An abort only ends the sleep. */
async function sleepQuietly(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (reason) {
    if (!signal.aborted) throw reason;
  }
}

export interface PumpOptions {
  readonly clock: Clock;
  /** Busy-waits the last moments of what masters hear; for a real clock only. */
  readonly isPrecise: boolean;
  readonly wire: Wire;
  readonly deliver: (bytes: readonly WireByte[]) => void;
}

export interface Pump {
  /** There is something new on the wires. */
  wake(): void;
  stop(): void;
}

/** Waits for byte after byte to be out; starts at the first wake and sleeps while all is silent. */
export function createPump({ clock, isPrecise, wire, deliver }: PumpOptions): Pump {
  let isRunning = false;
  let isStopped = false;
  let interruption = new AbortController();

  const run = async () => {
    isRunning = true;
    for (;;) {
      const wake = isStopped ? null : wire.nextWake(clock.monotonic());
      if (wake === null) break;
      interruption = new AbortController();
      await sleepUntil(wake.at, {
        clock,
        isBusy: isPrecise && wake.isExact,
        signal: interruption.signal,
      });
      if (!isStopped) deliver(wire.take(clock.monotonic()));
    }
    isRunning = false;
  };

  return {
    wake() {
      if (isRunning) interruption.abort();
      else void run();
    },
    stop() {
      isStopped = true;
      interruption.abort();
    },
  };
}
