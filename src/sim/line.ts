import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { CreateSlave, JournalEntry } from '../core/slave.ts';
import { type Fault, type FaultName, spoil } from './faults.ts';
import { createPump } from './pace.ts';
import { createRandom } from './random.ts';
import { createStation, type SimMeter, type Station } from './station.ts';
import { createWire, type WireByte } from './wire.ts';

/** Simulated meters on one half-duplex line, at the line's own pace. */
export interface SimLineOptions {
  readonly clock: Clock;
  readonly createSlave: CreateSlave;
  readonly meters: readonly SimMeter[];
  readonly baudRate?: number;
  /** 11 for 8E1. */
  readonly bitsPerByte?: number;
  /** From the last bit of a request to the first of the answer. */
  readonly answerDelayMs?: number;
  /** Of noise, cuts and probabilities. */
  readonly seed?: number;
  /** Busy-waits the last moments of an answer: within some 0.1 ms; for a real clock only. */
  readonly isPrecise?: boolean;
  readonly onAnswer?: (entry: JournalEntry) => void;
}

/** Where a master listens. */
export interface SimPort {
  write(bytes: Uint8Array): void;
}

export interface SimLine {
  readonly addresses: readonly string[];
  /** From now on the port hears the line; returns how to stop that. */
  attach(port: SimPort): () => void;
  /** Bytes of a master, at whatever speed they came; they take their time on the line. */
  receive(bytes: Uint8Array): void;
  /** Throws CONFIG_INVALID for an address that is not on the line. */
  setFault(address: string, fault: Fault | FaultName | null): void;
  /** Stops talking and lets the ports go. */
  close(): void;
}

interface Audience {
  readonly ports: ReadonlySet<SimPort>;
  readonly stations: ReadonlyMap<string, Station>;
}

/** Gives what has come over the wires to everyone who hears it. */
function createListeners({ ports, stations }: Audience): (bytes: readonly WireByte[]) => void {
  let lastEnd = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    const heard = Uint8Array.from(bytes.filter((byte) => byte.isHeard).map(({ value }) => value));
    if (heard.length > 0) for (const port of ports) port.write(heard);
    for (const { start, end, value } of bytes) {
      for (const station of stations.values()) {
        if (start > lastEnd) station.silence(start - lastEnd);
        station.hear(Uint8Array.of(value), end);
      }
      lastEnd = end;
    }
  };
}

/**
 * A line with its meters. A request occupies the line for bytes x bits / baud although it came
 * at once; the answer starts `answerDelayMs` after its last bit, and no byte of it is given out
 * before its own last bit. Meters that talk at once, or into a request, garble each other.
 */
export function createSimLine(options: SimLineOptions): SimLine {
  const { clock, baudRate = 2400, bitsPerByte = 11, answerDelayMs = 20, seed = 1 } = options;
  const random = createRandom(seed);
  const byteMs = (bitsPerByte * 1000) / baudRate;
  const wire = createWire(byteMs);
  const ports = new Set<SimPort>();
  const stations = new Map<string, Station>();
  const pump = createPump({
    clock,
    isPrecise: options.isPrecise ?? false,
    wire,
    deliver: createListeners({ ports, stations }),
  });
  let before: Uint8Array | null = null;
  let requestEnd = 0;

  const say = (answer: Uint8Array, end: number, fault: Fault | null) => {
    const pieces =
      fault === null
        ? [{ gapMs: 0, bytes: answer }]
        : spoil(answer, fault, { random, before: before ?? answer });
    let at = end + answerDelayMs;
    for (const { gapMs, bytes } of pieces) {
      at = wire.put({ start: at + gapMs, bytes, isHeard: true });
    }
    before = answer;
  };
  const { createSlave, onAnswer } = options;
  const medium = { kind: 'line', byteMs } as const;
  const deps = { clock, createSlave, medium, onAnswer, random, say };
  for (const meter of options.meters) {
    stations.set(meter.address, createStation(meter, deps));
  }

  return {
    addresses: options.meters.map(({ address }) => address),
    attach(port) {
      ports.add(port);
      return () => ports.delete(port);
    },
    receive(bytes) {
      const echoes = [...stations.values()].filter((station) => station.isEchoing());
      const start = Math.max(clock.monotonic(), requestEnd);
      requestEnd = wire.put({ start, bytes, isHeard: echoes.length > 0 });
      pump.wake();
    },
    setFault(address, fault) {
      const station = stations.get(address);
      if (station === undefined) {
        throw new AmrError('CONFIG_INVALID', `no meter ${address} on this line`);
      }
      station.setFault(typeof fault === 'string' ? { name: fault } : fault);
    },
    close() {
      pump.stop();
      ports.clear();
    },
  };
}
