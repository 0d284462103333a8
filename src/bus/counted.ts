/** What a bus has done, whatever it stands on. */
import type { Bus, Sender } from '../core/bus.ts';

/** Since the start. */
export interface BusCounters {
  exchanges: number;
  answered: number;
  timeouts: number;
  /** Requests that came back from the adapter. */
  echoes: number;
  /** Whole frames that answered something else, refused during an exchange. */
  foreignFrames: number;
  /** Whole frames that came after their exchange had ended, refused. */
  lateFrames: number;
  /** Bytes that belonged to no accepted frame. */
  strayBytes: number;
  /** Requests that nobody was to answer. */
  sent: number;
  restarts: number;
  /** Changes of the port's settings, for meters that talk otherwise than the bus is set. */
  switches: number;
}

/** A line: what is told to all its meters can be sent there. */
export interface LineBus extends Bus, Sender {
  readonly kind: 'line';
  readonly counters: Readonly<BusCounters>;
}

/** A connection to one device. */
export interface PipelinedBus extends Bus {
  readonly kind: 'modbus-tcp';
  readonly counters: Readonly<BusCounters>;
}

export type CountedBus = LineBus | PipelinedBus;

export function createCounters(): BusCounters {
  return {
    exchanges: 0,
    answered: 0,
    timeouts: 0,
    echoes: 0,
    foreignFrames: 0,
    lateFrames: 0,
    strayBytes: 0,
    sent: 0,
    restarts: 0,
    switches: 0,
  };
}
