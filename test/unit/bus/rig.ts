import pino from 'pino';
import { type BusSettings, createBus } from '../../../src/bus/bus.ts';
import type { Exchange, Framer } from '../../../src/core/bus.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import type { TransportInfo } from '../../../src/core/transport.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/*
 * A made-up protocol, so that the bus is tested without any real one. A request is FE FE FE FE 01
 * key; its answer FE FE FE FE 02 key value, where FE is padding and may be left out.
 */
const PAD = [0xfe, 0xfe, 0xfe, 0xfe];
const ANSWER = 0x02;

export interface ToyFrame {
  readonly key: number;
  readonly value: number;
}

export const request = (key: number) => Uint8Array.from([...PAD, 0x01, key]);
export const answer = (key: number, value = 0) => Uint8Array.from([...PAD, ANSWER, key, value]);
export const REQUEST_BYTES = 6;

export function createToyFramer(): Framer<ToyFrame> {
  let pending: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      pending = concatBytes(pending, bytes);
      const frames: ToyFrame[] = [];
      for (let at = pending.indexOf(ANSWER); at >= 0; at = pending.indexOf(ANSWER)) {
        const [, key, value] = pending.subarray(at);
        if (key === undefined || value === undefined) break;
        frames.push({ key, value });
        pending = pending.slice(at + 3);
      }
      return frames;
    },
  };
}

/** 1100 baud and 11 bits: a byte takes 10 ms, a request 60 ms. */
export const SENT_MS = REQUEST_BYTES * 10;
export const FIRST_MS = 500;
export const IDLE_MS = 300;
export const QUIET_MS = 200;
export const LATENCY_MS = 40;
export const TURNAROUND_MS = 2;
/** When a request at time 0 that nothing answers has failed. */
export const NO_REPLY_AT = SENT_MS + FIRST_MS + LATENCY_MS;

export type Ask = Partial<Exchange<ToyFrame>>;

/** What became of one exchange, and when. */
export interface Fate {
  frame: ToyFrame | null;
  code: string | null;
  at: number | null;
}

export function createRig(
  settings: Partial<BusSettings> = {},
  info: Partial<TransportInfo> = { baudRate: 1100, bitsPerByte: 11 },
) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, info);
  const bus = createBus(
    { name: 'toy', latencyMs: LATENCY_MS, turnaroundMs: TURNAROUND_MS, ...settings },
    { line, clock, log: pino({ level: 'silent' }) },
  );

  /** Starts an exchange; its fate fills in as virtual time passes. */
  function ask(key: number, options: Ask = {}): Fate {
    const fate: Fate = { frame: null, code: null, at: null };
    const end = (some: Partial<Fate>) => Object.assign(fate, some, { at: clock.monotonic() });
    const exchange: Exchange<ToyFrame> = {
      request: request(key),
      framer: createToyFramer(),
      match: (frame) => frame.key === key,
      firstByteMs: FIRST_MS,
      idleMs: IDLE_MS,
      quietMs: QUIET_MS,
      priority: 'curve',
      signal: new AbortController().signal,
      ...options,
    };
    void bus.exchange(exchange).then(
      (frame) => end({ frame }),
      (error: unknown) =>
        end({ code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' }),
    );
    return fate;
  }

  return {
    clock,
    line,
    bus,
    ask,
    /** When each request left, by its key. */
    sent: () => line.sent.map(({ at, bytes }) => [bytes[5], at]),
  };
}
